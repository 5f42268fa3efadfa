"""Callers in processes of their own: many threads each, and a connection to Postgres for every one.

Imported by the fork server before it forks, so that twenty processes cost one start of Django.
"""

# ruff: noqa: E402 - Django has to be set up before what uses it is imported
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any
from uuid import UUID

from django.db import connection, connections

from providers.errors import ProviderError
from providers.models import ModelSpec
from providers.values import Prompt, Usage
from usage.actions import Settlement, release, settle
from usage.metered import open_call, warm_up
from usage.models import Payer, UsageRecord

warm_up()

THREADS = 10
BARRIER = 0x626172726965  # an advisory lock: all wait for it, and all get it at once


@dataclass(frozen=True)
class Order:
    """What each caller does when the barrier falls: `begin`, `end`, `turn_over` or `churn`."""

    act: str
    seed: int
    payers: tuple[Payer, ...] = ()
    models: tuple[UUID, ...] = ()
    prompts: tuple[Prompt, ...] = ()
    seconds: float = 0.0  # of churning


@dataclass
class Told:
    """What became of one caller's calls: how many began, and why which prompts were refused."""

    began: list[UUID] = field(default_factory=list)
    refused: list[tuple[str, Prompt]] = field(default_factory=list)
    wrong: str = ""


class Caller:
    def __init__(self, name: str) -> None:
        self.name = name
        self.record: UsageRecord | None = None

    def obey(self, order: Order) -> Told:
        self.order, self.told = order, Told()
        self.chance = random.Random(f"{order.seed} {self.name}")
        models = ModelSpec.objects.select_related("provider").in_bulk(order.models)
        self.models = [models[pk] for pk in order.models]
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock_shared(%s)", [BARRIER])
            cursor.execute("SELECT pg_advisory_unlock_shared(%s)", [BARRIER])
        try:
            getattr(self, order.act)()
        except Exception as error:  # whatever it is, the test is to hear of it
            self.told.wrong = repr(error)
        return self.told

    def begin(self) -> None:
        order, choice = self.order, self.chance.choice
        prompt = choice(order.prompts)
        try:
            call = open_call(choice(order.payers), "chat", choice(self.models), prompt)
        except ProviderError as error:
            self.told.refused.append((error.kind, prompt))
        else:
            self.record = call.record
            self.told.began.append(call.record.pk)

    def end(self) -> None:
        """Close the open call, if there is one, with any end it may have; none exceeds its hold."""
        if self.record is None:
            return
        record, self.record = self.record, None
        way, number = self.chance.random(), self.chance.randint
        read, written = number(0, record.held_input_tokens), number(0, record.held_output_tokens)
        if way < 0.2:
            assert release(record, "connection")
        elif way < 0.4:
            assert settle(record, Settlement(Usage(read, 10**6), False, "stopped"))
        else:
            assert settle(record, Settlement(Usage(read, written, number(0, read)), True, "stop"))

    def turn_over(self) -> None:
        if self.record is None:
            self.begin()
        else:
            self.end()

    def churn(self) -> None:
        until = time.monotonic() + self.order.seconds
        while time.monotonic() < until:
            self.begin()
            time.sleep(self.chance.uniform(0, 0.05))
            self.end()


def work(number: int, database: dict[str, Any], orders: Connection) -> None:
    """Obey each order with all threads, and send back what they tell."""
    connections.settings["default"].update(database)
    callers = [Caller(f"{number}.{n}") for n in range(THREADS)]
    with ThreadPoolExecutor(THREADS) as threads:
        for order in iter(orders.recv, None):
            # None of them ends before the barrier falls: each has a thread, and its connection.
            orders.send(list(threads.map(lambda caller, o=order: caller.obey(o), callers)))
