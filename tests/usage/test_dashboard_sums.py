"""The sums of the dashboards are the ledger's, whatever of it is added up."""

import datetime as dt
from collections import defaultdict
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db.models import Q
from django.utils import timezone

from accounts.actions import erase_user
from accounts.api_keys import issue_key
from accounts.models import Team
from providers.actions import add_model, add_provider
from providers.models import ModelSpec
from tests.usage.ledgers import held, record, seeded
from usage.actions import payer_of, release
from usage.dashboard.chosen import chosen_from
from usage.dashboard.kind import Kind
from usage.dashboard.period import Period, last_days, last_months
from usage.dashboard.sums import over_time, shares, total
from usage.days import add_up_days
from usage.figures import Figures
from usage.models import Account, SpanUsage, UsageRecord
from usage.models.record import WELL
from usage.rollups import hour_of, roll_up, rolled_until

pytestmark = pytest.mark.django_db
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)


@pytest.fixture
def zone(settings, request) -> ZoneInfo:
    settings.TIME_ZONE = getattr(request, "param", "Europe/Paris")
    timezone.get_default_timezone.cache_clear()
    yield ZoneInfo(settings.TIME_ZONE)
    timezone.get_default_timezone.cache_clear()


@pytest.fixture
def choices(owner, outsider) -> dict[str, list[Any]]:
    """Whose calls they may be and of what: two people, one of two teams, two keys, two models."""
    providers = [add_provider(name, "https://models.example.test/v1") for name in ("P", "Q")]
    specs = [add_model(provider, "m", label=provider.name) for provider in providers]
    both, one = (Team.objects.create(name=name) for name in ("both", "one"))
    both.members.add(owner)
    one.members.add(owner)
    return {
        "account_id": [payer_of(user).account_id for user in (owner, outsider)],
        "key_id": [None, *(issue_key(user, "k")[0].pk for user in (owner, outsider))],
        "door": ["chat", "api", "title"],
        "model_id": [spec.pk for spec in specs],
        "deployment_id": [spec.pk for spec in specs],
        "provider_name": ["P", "Q"],
    }


def figures_of(records: list[UsageRecord]) -> Figures:
    """What these calls come to, one by one."""
    settled = [each for each in records if each.state == "settled"]
    return Figures(
        calls=len(records),
        errors=sum(each.state != "held" and each.outcome not in WELL for each in records),
        estimated=sum(not each.is_reported for each in settled),
        unpriced=sum(each.cost is None for each in settled),
        input_tokens=sum(each.input_tokens or 0 for each in records),
        cached_tokens=sum(each.cached_tokens for each in records),
        output_tokens=sum(each.output_tokens or 0 for each in records),
        reasoning_tokens=sum(each.reasoning_tokens for each in records),
        cost=sum((each.cost or 0 for each in records), Decimal(0)),
        latency_ms=sum(each.latency_ms or 0 for each in records),
        timed=sum(each.latency_ms is not None for each in records),
        first_token_ms=sum(each.first_token_ms or 0 for each in records),
        first_tokens=sum(each.first_token_ms is not None for each in records),
    )


def day_of(record: UsageRecord, zone: ZoneInfo) -> dt.date:
    return hour_of(record.created_at).astimezone(zone).date()


def values_of(call: UsageRecord, teams: dict[Any, list[str]]) -> dict[Kind, list[str]]:
    """As what the call counts among the shares of each kind."""
    return {
        Kind.MODEL: [str(call.model_id or "")],
        Kind.PROVIDER: [call.provider_name],
        Kind.PERSON: [str(call.account_id)],
        Kind.KEY: [str(call.key_id or "")],
        Kind.DOOR: [call.door],
        Kind.TEAM: teams[call.account_id] or [""],
    }


def parted(calls: list[UsageRecord]) -> dict[Kind, dict[str, Figures]]:
    teams = defaultdict(list)
    for account, team in Account.objects.filter(user__teams__isnull=False).values_list(
        "pk", "user__teams"
    ):
        teams[account].append(str(team))
    parts = {kind: defaultdict(list) for kind in Kind}
    for each in calls:
        for kind, values in values_of(each, teams).items():
            for value in values:
                parts[kind][value].append(each)
    return {kind: {v: figures_of(of) for v, of in each.items()} for kind, each in parts.items()}


def add_up_all() -> None:
    while roll_up():
        pass
    while add_up_days():
        pass


def check(period: Period, zone: ZoneInfo, mine: Q) -> None:
    """Compare every sum of a period with the ledger's own rows."""
    calls = [
        each
        for each in UsageRecord.objects.filter(mine)
        if period.first <= day_of(each, zone) <= period.last
    ]
    starts = period.starts()
    bars = defaultdict(list)
    for each in calls:
        bars[max(start for start in starts if start <= day_of(each, zone))].append(each)
    found = over_time(period, mine)
    assert [bar.start for bar in found] == starts
    assert [bar.figures for bar in found] == [figures_of(bars[start]) for start in starts]
    assert total(period, mine) == figures_of(calls)
    for kind, wanted in parted(calls).items():
        parts, rest = shares(period, mine, kind)
        assert rest is None
        assert {each.value: each.figures for each in parts} == wanted
        order = [(-each.figures.cost, -each.figures.calls) for each in parts]
        assert order == sorted(order)


ZONES = ["UTC", "Europe/Paris", "Asia/Kolkata", "America/St_Johns", "Pacific/Kiritimati"]


@pytest.mark.parametrize(("seed", "zone"), [*enumerate(ZONES)], indirect=["zone"])
def test_every_sum_is_the_ledgers_while_more_and_more_of_it_is_added_up(
    zone, choices, seed, monkeypatch
):
    now = timezone.now()
    ago = [0, 1, 3599, 3600, 86_399, 86_400, *range(90, 4 * 86_400, 4321), 40 * 86_400]
    seeded(seed, [now - dt.timedelta(seconds=each) for each in ago], 150, **choices)
    held(choices["account_id"][0], **{name: choices[name][1] for name in ("key_id", "model_id")})
    periods = [last_days(1), last_days(3), last_days(3).former, last_days(30), last_months(4)]
    account, key = choices["account_id"][0], choices["key_id"][1]
    filters = [Q(), Q(account=account), Q(account=account, key=key)]
    filters += [chosen_from({"team": str(Team.objects.get(name="one").pk)}).rows]
    monkeypatch.setattr("usage.rollups.AT_ONCE", 24 * 15)
    for number in range(4):
        for period in periods:
            check(period, zone, Q())
        roll_up()
        if number:
            add_up_days()
    assert rolled_until() > now - DAY
    while add_up_days():
        pass
    assert SpanUsage.objects.filter(unit=SpanUsage.Unit.MONTH).exists()
    for mine in filters:
        for period in periods:
            check(period, zone, mine)


@pytest.mark.parametrize(
    ("day", "hours"),
    [(dt.date(2026, 3, 29), 23), (dt.date(2026, 10, 25), 25), (dt.date(2026, 6, 1), 24)],
)
def test_a_day_is_as_long_as_the_clocks_have_it(zone, choices, day, hours):
    midnight = dt.datetime.combine(day, dt.time.min, zone).astimezone(dt.UTC)
    account = choices["account_id"][0]
    times = [midnight + n * HOUR / 2 for n in range(-4, 60)]
    UsageRecord.objects.bulk_create([record(at, account_id=account) for at in times])
    for _ in range(2):
        one, after = over_time(Period(day, day + DAY), Q())
        assert (one.figures.calls, after.figures.calls) == (2 * hours, 60 - 2 * hours)
        check(Period(day - DAY, day + DAY), zone, Q())
        add_up_all()


def test_a_held_call_counts_with_nothing_yet(choices, owner):
    call = held(choices["account_id"][0], model_id=choices["model_id"][0])
    assert total(last_days(1), Q()) == Figures(calls=1)
    release(call, "connection")
    assert total(last_days(1), Q()).errors == 1


def test_nothing_is_counted_twice_or_missed_while_hours_are_added_up(choices, monkeypatch):
    """Between the reading of the hour up to which sums are there, and that of the sums."""
    seeded(1, [timezone.now() - n * HOUR for n in range(20)], 60, **choices)
    whole = total(last_days(3), Q())

    def meanwhile():
        until = rolled_until()
        add_up_all()
        return until

    monkeypatch.setattr("usage.dashboard.sources.rolled_until", meanwhile)
    assert total(last_days(3), Q()) == whole
    assert total(last_days(3), Q()) == whole


def test_the_largest_come_first_and_the_others_are_one(choices):
    now, account = timezone.now(), choices["account_id"][0]
    costs = {"a": 5, "b": 9, "c": 1, "d": 1, "e": 0}
    for name, cost in costs.items():
        record(now, account_id=account, provider_name=name, cost=Decimal(cost)).save()
    record(now, account_id=account, provider_name="d", cost=None).save()
    parts, rest = shares(last_days(1), Q(), Kind.PROVIDER, most=3)
    assert [each.value for each in parts] == ["b", "a", "d"]
    assert (rest.figures.calls, rest.figures.cost, rest.value) == (2, 1, "")
    assert sum((each.figures for each in [*parts, rest]), Figures()) == total(last_days(1), Q())
    assert shares(last_days(1), Q(), Kind.PROVIDER, most=5)[1] is None


def test_who_is_in_two_teams_counts_in_both_and_who_is_in_none_is_a_row(choices):
    now = timezone.now()
    for account in choices["account_id"]:
        record(now, account_id=account).save()
    parts, _rest = shares(last_days(1), Q(), Kind.TEAM)
    assert {each.label: each.figures.calls for each in parts} == {"both": 1, "one": 1, "no team": 1}


def test_what_is_gone_still_has_a_name(choices, owner):
    account, model, key = (
        choices[name][i] for name, i in (("account_id", 0), ("model_id", 0), ("key_id", 1))
    )
    record(timezone.now(), account_id=account, model_id=model, key_id=key).save()
    record(timezone.now(), account_id=choices["account_id"][1], model_name="older").save()
    Account.objects.get(pk=account).user.api_keys.all().delete()
    ModelSpec.objects.filter(pk=model).delete()
    erase_user(owner)

    def labels(kind: Kind) -> set[str]:
        return {each.label for each in shares(last_days(1), Q(), kind)[0]}

    assert labels(Kind.PERSON) == {f"account {account}", "outsider@example.test"}
    assert labels(Kind.MODEL) == {"M", "deleted"}
    assert labels(Kind.KEY) == {f"deleted ({str(key)[:8]})", "without a key"}
    assert labels(Kind.TEAM) == {"no team"}
    assert chosen_from({"model": str(model)}).label == "M"
    assert chosen_from({"person": str(account)}).label == f"account {account}"


def test_the_number_of_statements_does_not_grow(choices, django_assert_max_num_queries, outsider):
    now = timezone.now()
    keys = [issue_key(outsider, f"k{n}")[0].pk for n in range(20)]
    seeded(2, [now, now - 5 * HOUR], 80, **choices | {"key_id": keys})
    add_up_all()
    for kind in Kind:
        with django_assert_max_num_queries(7):
            shares(last_days(7), Q(), kind)
    for ask in (over_time, total):
        with django_assert_max_num_queries(6):
            ask(last_days(90), Q())
