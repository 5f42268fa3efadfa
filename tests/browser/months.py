"""A house that was used for some months, for its pictures: people, teams, keys, limits, calls."""

import datetime as dt
import math
import random
from decimal import Decimal

from django.test import RequestFactory
from django.utils import timezone

from accounts.actions import save_team
from accounts.api_keys import issue_key, rotate_key
from accounts.models import ApiKey, Team, User
from ops.audit.acting import Acting, acts_by, acts_no_more
from providers.actions import add_model, add_provider
from providers.models import ModelSpec
from tests.people import make_person
from tests.usage.ledgers import record
from usage.actions import payer_of
from usage.limits import set_limits
from usage.models import UsageRecord

DAYS = 190  # a quarter, the one before it, and a few
PEOPLE = {"grace@example.test": "Grace", "linus@example.test": "Linus", "mary@example.test": "Mary"}
# Name, US dollars for a million tokens in and out, its part of the calls, its speed.
MODELS = (
    ("Small and quick", "0.15", "0.60", 6, 1.0),
    ("Large and thorough", "2.50", "10.00", 3, 2.4),
    ("On our own machine", "0", "0", 2, 1.7),
)
KEYS = ("Nightly report", "Help desk", "Search index")


def use(person: User) -> None:
    """Fill the ledger with calls of `DAYS` days, the same every time but for the date."""
    dice = random.Random(7)
    asked = RequestFactory().get("/", headers={"User-Agent": "Firefox"})
    asked.user = person
    acts_by(Acting(asked, "192.0.2.17"))
    people = [person, *(make_person(email, name=name) for email, name in PEOPLE.items())]
    save_team(Team(name="Editors"), people[:2])
    save_team(Team(name="Engineering"), people[1:])
    keys = [issue_key(owner, name)[0] for owner, name in zip(people, KEYS, strict=False)]
    rotate_key(keys[0], dt.timedelta(hours=24))
    models = [_model(name, Decimal(ins), Decimal(out)) for name, ins, out, *_ in MODELS]
    acts_no_more()
    calls = [
        _call(dice, day, people, keys, models)
        for day in range(DAYS)
        for _ in range(_busy(dice, day))
    ]
    UsageRecord.objects.bulk_create(calls)
    # At last, so that they begin with what these calls came to.
    set_limits(person, month_budget=Decimal(40), requests_per_minute=60)
    set_limits(keys[1], day_budget=Decimal(2))


def _model(name: str, input_price: Decimal, output_price: Decimal) -> ModelSpec:
    provider = add_provider(f"{name.split()[0]} Ltd.", "https://models.example.test/v1")
    prices = {"input_price": input_price, "output_price": output_price}
    return add_model(provider, name.lower().replace(" ", "-"), label=name, **prices)


def _busy(dice: random.Random, day: int) -> int:
    """Return how many calls a day has: fewer at weekends, more as time goes on."""
    date = timezone.now() - dt.timedelta(days=day)
    grown = 14 * (1 - day / (1.6 * DAYS)) * (0.35 if date.weekday() > 4 else 1)
    return max(1, round(grown * dice.uniform(0.7, 1.3)))


def _call(
    dice: random.Random, day: int, people: list[User], keys: list[ApiKey], models: list[ModelSpec]
) -> UsageRecord:
    at = dice.choices(range(len(MODELS)), [each[3] for each in MODELS])[0]
    owner = dice.choices(range(len(people)), [4, 3, 2, 1])[0]
    key = keys[owner].pk if owner < len(keys) and dice.random() < 0.5 else None
    length, slow = dice.randint(200, 9000), MODELS[at][4] * dice.uniform(0.7, 1.4)
    tokens = {"input_tokens": 4 * length, "output_tokens": length}
    price = Decimal(MODELS[at][1]) * 4 * length + Decimal(MODELS[at][2]) * length
    failed = dice.random() < 0.03
    return record(
        timezone.now() - dt.timedelta(days=day, minutes=dice.randint(5, 300)),
        account_id=payer_of(people[owner]).account_id,
        door="api" if key else "chat",
        key_id=key,
        model_id=models[at].pk,
        deployment_id=models[at].pk,
        model_name=models[at].label,
        provider_name=models[at].provider.name,
        cost=price / 1_000_000 * 8,
        is_reported=True,
        outcome="timeout" if failed else "stop",
        first_token_ms=round(300 * slow),
        latency_ms=round(300 * slow + length * slow * math.sqrt(dice.random())),
        **tokens,
    )
