"""What a page of usage is about, as its address asks: whatever it asks, there is an answer."""

import datetime as dt
import uuid

import pytest
from django.db.models import Q
from django.http import QueryDict
from django.utils import timezone

from accounts.api_keys import issue_key
from accounts.models import Team
from providers.actions import add_model, add_provider
from tests.usage.ledgers import record
from usage.actions import payer_of
from usage.dashboard.chosen import Chosen, chosen_from
from usage.dashboard.kind import Kind
from usage.dashboard.period import Period, last_days, last_months, period_from
from usage.dashboard.sums import over_time, shares, total
from usage.figures import Figures

TODAY = dt.date(2026, 11, 10)


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    monkeypatch.setattr("usage.dashboard.period.today", lambda: TODAY)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def asked(query: str) -> tuple[str, str]:
    period = period_from(QueryDict(query))
    return period.first.isoformat(), period.last.isoformat()


DEFAULT = ("2026-10-12", "2026-11-10")


@pytest.mark.parametrize(
    ("query", "days"),
    [
        ("", DEFAULT),
        ("range=7", ("2026-11-04", "2026-11-10")),
        ("range=30", DEFAULT),
        ("range=90", ("2026-08-13", "2026-11-10")),
        ("range=12m", ("2025-12-01", "2026-11-10")),
        ("range=13", DEFAULT),
        ("days=abc&range=%00", DEFAULT),
        ("from=2026-01-05&to=2026-02-03", ("2026-01-05", "2026-02-03")),
        ("from=2026-11-01", ("2026-11-01", "2026-11-10")),
        ("to=2026-01-30", ("2026-01-01", "2026-01-30")),
        ("from=2026-02-03&to=2026-01-05", DEFAULT),
        ("from=0001-01-01&to=9999-12-31", ("2016-11-11", "2026-11-10")),
        ("from=0001-01-01&to=0001-01-02", ("2000-01-01", "2000-01-01")),
        ("from=9999-12-31", DEFAULT),
        ("from=2026-02-30&to=2026-13-01", DEFAULT),
        ("from=%00&to=99999999999999999999", DEFAULT),
        ("from=2026-W01-1&to=20260201", ("2025-12-29", "2026-02-01")),
    ],
)
def test_what_is_no_period_is_the_default_and_what_is_too_long_is_cut(query, days):
    assert asked(query) == days


def test_bars_are_days_or_months_and_none_is_left_out():
    assert len(last_days(92).starts()) == 92
    assert last_days(93).by == "month"
    period = Period(day("2025-11-20"), day("2026-03-01"))
    assert [start.isoformat() for start in period.starts()] == [
        "2025-11-20", "2025-12-01", "2026-01-01", "2026-02-01", "2026-03-01",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("period", "former"),
    [
        (last_days(1), None),
        (Period(day("2026-11-04"), TODAY), ("2026-10-28", "2026-11-03")),
        (Period(day("2025-12-01"), TODAY), ("2024-12-01", "2025-11-10")),
        (Period(day("2025-12-31"), day("2026-05-31")), ("2025-06-30", "2025-11-30")),
        (Period(day("2024-02-29"), day("2024-08-01")), ("2023-07-29", "2024-01-01")),
    ],
)
def test_the_former_period_is_as_long_and_over_before(period, former):
    found = period.former
    assert found.last < period.first
    if former:
        assert (found.first.isoformat(), found.last.isoformat()) == former
    if period.by == "day":
        assert (found.days, found.last) == (period.days, period.first - dt.timedelta(days=1))


NONSENSE = [
    "kind=model", "model=abc", "model=%00", "model=", "person=1", "key=1e999", "team=-1",
    "provider=",
    "provider=%00", "door=%00%00", "key=" + "9" * 400, "model=%27%20OR%201=1", "%00=%00",
]  # fmt: skip


@pytest.mark.parametrize("query", NONSENSE)
def test_what_is_no_filter_is_none(db, query):
    assert chosen_from(QueryDict(query)) == Chosen()


@pytest.mark.parametrize(
    "value", [str(uuid.UUID(int=4)), "x" * 5000, "%F0%9F%92%B8", "%00x", "%ED%A0%80"]
)
@pytest.mark.parametrize("kind", Kind)
def test_what_names_nothing_has_empty_figures(db, owner, kind, value):
    record(timezone.now(), account_id=payer_of(owner).account_id).save()
    chosen = chosen_from(QueryDict(f"{kind}={value}"))
    if chosen.kind is None:  # not an id
        return
    for whose in (Q(), Q(account__user=owner)):
        assert total(last_days(7), whose & chosen.rows) == Figures()
        assert {bar.figures for bar in over_time(last_days(7), whose & chosen.rows)} == {Figures()}
        assert shares(last_days(7), whose & chosen.rows, kind) == ([], None)
    assert chosen.label


def test_the_first_filter_counts(db, owner):
    key = issue_key(owner, "k")[0]
    chosen = chosen_from(QueryDict(f"range=7&model=abc&key={key.pk}&door=chat"))
    assert (chosen.kind, chosen.value, chosen.label) == (Kind.KEY, str(key.pk), str(key))


def test_on_ones_own_page_nobody_elses_is_named(db, owner, outsider):
    key = issue_key(owner, "secret plans")[0]
    query = QueryDict(f"key={key.pk}")
    assert chosen_from(query, owner).label == str(key)
    assert chosen_from(query, outsider).label == str(key.pk)
    hidden = add_model(add_provider("P", "https://models.example.test/v1"), "m", label="Hidden")
    hidden.teams.add(Team.objects.create(name="T"))
    query = QueryDict(f"model={hidden.pk}")
    assert chosen_from(query, owner).label == str(hidden.pk)
    assert chosen_from(query).label == "Hidden"
    for kind in ("team", "person"):
        assert chosen_from(QueryDict(f"{kind}={uuid.uuid4()}"), owner) == Chosen()


def test_a_deleted_model_is_named_to_those_who_used_it(db, owner, outsider):
    spec = add_model(add_provider("P", "https://models.example.test/v1"), "m")
    record(
        timezone.now(), account_id=payer_of(owner).account_id, model=spec, model_name="Old one"
    ).save()
    query = QueryDict(f"model={spec.pk}")
    spec.delete()
    assert chosen_from(query).label == "Old one"
    assert chosen_from(query, owner).label == "Old one"
    assert chosen_from(query, outsider).label == query["model"]


def test_twelve_months_end_today():
    assert last_months(12) == Period(day("2025-12-01"), TODAY)
    assert len(last_months(12).starts()) == 12
