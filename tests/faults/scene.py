"""What a fault test does: ask, watch, break, wait, check."""

import json
import secrets
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from decimal import Decimal
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from celery import Celery
from django.db.models import Q, QuerySet

from accounts.models import Team
from chat.actions import Exchange, send_message, start_conversation
from chat.models import Conversation
from providers.actions import add_provider
from providers.models import ModelSpec
from runs.models import Run
from runs.states import FINAL
from tests.faults import books
from tests.faults.house import House
from tests.faults.readers import Overheard, Reader, Readers
from tests.people import make_person, signed_in
from usage.limits import set_limits
from usage.models import Limit

FINAL_SECONDS = 30.0
# No test comes near them: they are there to be counted.
WIDE = {
    "requests_per_minute": 10_000,
    "tokens_per_minute": 2**31 - 1,
    "max_streams": 1000,
    "day_budget": Decimal(1_000_000),
    "month_budget": Decimal(1_000_000),
    "total_budget": Decimal(1_000_000),
}
PRICES = {
    "input_price": Decimal("2.345679"),
    "cached_input_price": Decimal("0.234568"),
    "output_price": Decimal("9.876543"),
}  # their costs have to be rounded


class Clock(threading.Thread):
    """Beat's part: sends the sweep through the broker each second."""

    def __init__(self, house: House) -> None:
        super().__init__(name="clock", daemon=True)
        self.app = Celery(broker=house.broker_url)
        self.app.conf.task_ignore_result = True
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.wait(1.0):
            self.send("runs.tasks.sweep", expires=5)

    def send(self, task: str, *args: object, **options: object) -> None:
        try:
            self.app.send_task(task, args, queue="interactive", retry=False, **options)
        except Exception as error:
            print(f"the clock's {task} was not sent: {error!r}")


class Scene:
    """One test's person in their team, with the fake as their provider; all within limits."""

    def __init__(self, house: House, clock: Clock, readers: Readers, overheard: Overheard) -> None:
        self.house, self.clock, self.readers, self.overheard = house, clock, readers, overheard
        self.runs: list[Run] = []
        self.person = make_person()
        self.team = Team.objects.create(name=f"Team of {self.person}")
        self.team.members.add(self.person)
        set_limits(self.person, **WIDE)
        set_limits(self.team, **WIDE)
        self.cookie = f"sessionid={signed_in(self.person).cookies['sessionid'].value}"
        self.provider = add_provider(
            "Fake",
            f"{house.fake_url}/v1",
            secret="a-key",
            allow_private=True,
            first_token_seconds=10,
            idle_seconds=2,
            total_seconds=60,
        )

    def model(self, name: str) -> ModelSpec:
        """Return the model whose name tells the fake how to behave."""
        found = ModelSpec.objects.filter(provider=self.provider, name=name).first()
        if found is None:
            found = ModelSpec.objects.create(
                provider=self.provider,
                name=name,
                label=name,
                max_output_tokens=4000,
                context_window=100_000,
                makes_titles=False,
                **PRICES,
            )
            set_limits(found, **WIDE)
        return found

    def ask(self, model: str, conversation: Conversation | None = None) -> Exchange:
        spec, client_id = self.model(model), uuid.uuid4()
        if conversation is None:
            exchange = start_conversation(self.person, "Hello?", spec, client_id)
        else:
            exchange = send_message(conversation, "And now?", spec, client_id)
        self.runs.append(exchange.answer.run)
        return exchange

    def post(self, model: str, client_id: uuid.UUID, seconds: float = 10) -> int | None:
        """Start a conversation with a model of this name; see `post_to`."""
        return self.post_to(self.model(model).pk, client_id, seconds)

    def post_to(self, model_id: uuid.UUID, client_id: uuid.UUID, seconds: float = 10) -> int | None:
        """Start a conversation as a browser does; `None` when no answer came."""
        token = secrets.token_hex(16)
        form = {
            "text": "Hello?",
            "client_id": client_id,
            "model": model_id,
            "csrfmiddlewaretoken": token,
        }
        headers = {
            "Cookie": f"{self.cookie}; csrftoken={token}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        http = HTTPConnection("127.0.0.1", self.house.port, timeout=seconds)
        try:
            http.request("POST", "/start/", urlencode(form), headers)
            return http.getresponse().status
        except (OSError, HTTPException):
            return None
        finally:
            http.close()

    def posted(self, client_id: uuid.UUID) -> Run:
        """Return the one Run that a post made, and note it for the checks."""
        run = Run.objects.get(account__user=self.person, client_id=client_id)
        self.runs.append(run)
        return run

    def queue(self, **script: object) -> None:
        """Let the fake answer its next call with `script`."""
        self._control("queue", script)

    def reset_fake(self) -> None:
        self._control("reset", {})

    def _control(self, verb: str, body: object) -> None:
        url = f"{self.house.fake_url}/control/{verb}"
        urlopen(Request(url, json.dumps(body).encode(), method="POST"), timeout=5).close()

    def watch(self, exchange: Exchange, **options: object) -> Reader:
        path = f"/ws/conversations/{exchange.conversation.pk}/"
        return self.readers.open(Reader(self.house.origin, path, self.cookie, **options))

    def leave(self, readers: Sequence[Reader]) -> None:
        """Forget pages that are signed out: nobody expects them to show how an answer ended."""
        for reader in readers:
            self.readers.close_one(reader)

    def until(self, condition: Callable[[], object], seconds: float = 10.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "waited in vain"
            time.sleep(0.02)

    def finals(
        self, runs: Sequence[Run] = (), since: float = 0, seconds: float = FINAL_SECONDS
    ) -> list[Run]:
        """Wait until all Runs are final, at most so many seconds since the fault; return them."""
        ids = [run.pk for run in (runs or self.runs)]
        begun = since or time.monotonic()
        live = Run.objects.filter(pk__in=ids).exclude(state__in=FINAL)
        while live.exists():
            if time.monotonic() - begun > seconds:
                raise AssertionError(f"still live: {list(live.values())}")
            time.sleep(0.05)
        self.took = time.monotonic() - begun
        found = Run.objects.in_bulk(ids)
        return [found[pk] for pk in ids]

    def all_caught_up(self, seconds: float = 10.0) -> None:
        """Wait until every open page shows the end of its answers."""
        runs = {str(run.pk): run for run in self.finals()}

        def shown() -> bool:
            return all(
                reader.page.state(run_id) == runs[run_id].state
                for reader in self.readers.readers
                for run_id in reader.page.most
                if run_id in runs
            )

        self.until(shown, seconds)

    def limits(self) -> QuerySet[Limit]:
        """Return the limits of the person, of their team and of the models."""
        of_model = Q(model__provider=self.provider)
        return Limit.objects.filter(Q(user=self.person) | Q(team=self.team) | of_model)

    def check(self) -> None:
        """All that must hold at the end of each fault test."""
        self.finals()
        self.all_caught_up()
        books.check_closed()
        books.check_limits(self.limits())
        calls = books.calls_of(self.house.fake_url)
        books.check_ledger(calls)
        books.check_charges(self.runs, calls)
        books.check_texts(self.runs, self.overheard, self.readers.readers)
