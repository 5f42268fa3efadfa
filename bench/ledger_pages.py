"""How long the pages that read the ledger take and by which plans, and what else is measured."""

import re
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.actions import erase_user
from accounts.models import ApiKey, Team, User
from bench.figures import Goal, median
from bench.ledger_asks import HEAVY, asks, own_asks
from bench.ledger_rows import DEPLOYMENTS, MODELS
from providers.actions import add_model, add_provider
from providers.models import ModelSpec
from usage.days import add_up_days
from usage.limits import set_limits
from usage.models import Calendar, HourlyUsage, RolledUp, SpanUsage
from usage.rollups import HOUR, roll_up

TIMES = 16  # more often than a connection plans a statement anew before it may settle for a plan


def make_models() -> None:
    providers = [
        add_provider(f"Provider {n}", f"https://p{n}.example.test/v1", secret=f"bench-{n}")
        for n in range(6)
    ]
    for n in range(DEPLOYMENTS):
        price = Decimal(1 + n % 7) / 4
        spec = add_model(
            providers[n % 6], f"bench-{n}", label=f"Model {n}",
            input_price=price, output_price=price * 4,
        )  # fmt: skip
        if n >= MODELS:
            ModelSpec.objects.filter(pk=spec.pk).update(is_listed=False)


def add_up_all() -> dict[str, float]:
    """Add up every hour, day and month that is over; returns the seconds that it took."""
    took = {}
    for what, act in {"sums by the hour": roll_up, "by day and month": add_up_days}.items():
        started = time.monotonic()
        while act():
            pass
        took[what] = round(time.monotonic() - started, 1)
    connection.close()
    return took


def measured(most: float, plans: Path) -> Iterator[dict[str, Any]]:
    """Ask every page; `most` milliseconds are its goal. Yields what is to be printed."""
    connection.close_pool()
    clients = {
        "all": client_of(administrator()), "own": client_of(User.objects.get(email=HEAVY))
    }  # fmt: skip
    kept: dict[str, Any] = {}
    times: dict[str, dict[str, float]] = {}
    for whose, found in {"all": asks(), "own": own_asks()}.items():
        for name, url in found:
            times[name], kept[name] = page(clients[whose], name, url)
    plans.write_text("\n\n".join(told(kept)) + "\n")
    slowest = max(times, key=lambda name: times[name]["median"])
    peak = max(times, key=lambda name: times[name]["max"])
    work = {name: each["own_processor"] + each["database"] for name, each in times.items()}
    most_work = max(work, key=lambda name: work[name])
    yield {
        "scenario": "pages over the ledger",
        "ms": times,
        "goals": [
            Goal(f"most work ({most_work})", work[most_work], most, unit="ms").json(),
            Goal(f"slowest page ({slowest})", times[slowest]["median"], most, unit="ms").json(),
            Goal(f"slowest of all times ({peak})", times[peak]["max"], most, unit="ms").json(),
        ],
    }
    yield {"scenario": "not pages", "ms": dict(others())}


def administrator() -> User:
    """Return the one that the house was given at the first measurement."""
    return User.objects.filter(is_superuser=True).first() or User.objects.create_superuser(
        "bench-administrator@example.test", "irrelevant"
    )


def client_of(user: User) -> Client:
    client = Client(headers={"host": "localhost"})
    client.force_login(user)
    return client


def page(
    client: Client, name: str, url: str, tables: str = '"usage_'
) -> tuple[dict[str, float], list[dict[str, Any]]]:
    """Return the milliseconds that a page took, and the plans of its statements on these tables.

    Beside the clock's: this process's own processor time, and what the database said it needed.
    Where others keep the machine busy, these two are the page's and the rest is waiting.
    """
    taken, own = [], []
    for _ in range(TIMES + 1):
        started, used = time.perf_counter(), time.process_time()
        answer = client.get(url)
        taken.append((time.perf_counter() - started) * 1000)
        own.append((time.process_time() - used) * 1000)
        if answer.status_code != 200:
            raise RuntimeError(f"{name}: {answer.status_code} for {url}")
    with CaptureQueriesContext(connection) as captured:
        client.get(url)
    statements = [query["sql"] for query in captured if tables in query["sql"]]
    plans = [{"sql": sql, "plan": explained(sql)} for sql in statements]
    figures = {
        "first": taken[0],
        "median": median(taken[1:]),
        "max": max(taken[1:]),
        "own_processor": median(own[1:]),
        "database": sum(needed(plan["plan"]) for plan in plans),
    }
    return {what: round(value, 1) for what, value in figures.items()}, plans


def needed(plan: list[str]) -> float:
    """Return the milliseconds that a statement took to plan and to carry out."""
    times = ("Planning Time: ", "Execution Time: ")
    return sum(float(line.split()[2]) for line in plan if line.startswith(times))


def told(kept: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    """Yield the statements of each page with their plans; one that came before only by name."""
    seen: dict[str, str] = {}
    for name, plans in kept.items():
        yield f"# {name}"
        for plan in plans:
            sql = re.sub(r"SELECT (?!COUNT|SUM|MAX).{60,}? FROM ", "SELECT … FROM ", plan["sql"])
            if sql in seen:
                yield f"{sql[:100]} … (as in: {seen[sql]})"
                continue
            seen[sql] = name
            yield "\n".join([sql, *plan["plan"]])


def explained(sql: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {sql}")
        return [row[0] for row in cursor.fetchall()]


def others() -> Iterator[tuple[str, float]]:
    """Measure what is no page, each undone afterwards: milliseconds."""
    heavy = User.objects.get(email=HEAVY)
    key = ApiKey.objects.filter(owner=heavy).first()
    model = ModelSpec.objects.get(name="bench-7")
    for subject in (heavy, Team.objects.first(), key, model):
        assert subject is not None
        name = f"first limit of a {type(subject).__name__.lower()}"
        yield name, undone(lambda subject=subject: set_limits(subject, total_budget=Decimal(1)))
    yield "adding up one hour", undone(roll_up, before=forget_an_hour)
    yield "adding up seven days", undone(roll_up, before=lambda: forget_an_hour(24 * 7))
    yield "adding up one day", undone(add_up_days, before=forget_days)
    yield "adding up a month", undone(add_up_days, before=lambda: forget_days(31))
    yield "erasing the person of a fifth of all rows", undone(lambda: erase_user(heavy))
    yield "deleting a model of many calls", undone(model.delete)


def forget_an_hour(hours: int = 1) -> None:
    """Undo the adding up of the last hours."""
    RolledUp.objects.update(until=F("until") - hours * HOUR)
    HourlyUsage.objects.filter(hour__gte=RolledUp.objects.values("until")).delete()


def forget_days(days: int = 1) -> None:
    """Undo the adding up of the last days, and of the months they are in."""
    Calendar.objects.update(until=F("until") - timedelta(days=days))
    until = Calendar.objects.get().until
    SpanUsage.objects.filter(start__gte=until).delete()
    SpanUsage.objects.filter(unit=SpanUsage.Unit.MONTH, start=until.replace(day=1)).delete()


def undone(act: Callable[[], Any], before: Callable[[], Any] | None = None) -> float:
    with transaction.atomic():
        if before:
            before()
        started = time.perf_counter()
        act()
        taken = (time.perf_counter() - started) * 1000
        transaction.set_rollback(True)
    return round(taken, 1)
