"""What is asked of the administration about its ledger."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from urllib.parse import urlencode

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from accounts.models import ApiKey, Team, User
from providers.models import Credential, ModelSpec
from usage.dashboard.kind import Kind
from usage.dashboard.period import last_months
from usage.dashboard.sums import shares
from usage.limits import set_limits
from usage.models import Account, Limit, UsageRecord

HEAVY, RARE = "person-1@example.test", "person-2000@example.test"


def asks() -> Iterator[tuple[str, str]]:
    """Yield names and addresses."""
    yield "overview", reverse("admin:index")
    yield from _lists()
    account = Account.objects.get(user__email=HEAVY)
    record = account.usage.order_by("-created_at").first()
    assert record is not None
    yield "record", _page(record)
    yield "oldest record", _page(UsageRecord.objects.order_by("created_at")[0])
    yield "accounts", _list("usage_account")
    yield "accounts, found", _list("usage_account", q="person-1")
    yield "account of a fifth of all rows", _page(account)
    yield "account of few rows", _page(Account.objects.get(user__email=RARE))
    for model in (User, Team, ModelSpec, Credential):
        row = model._default_manager.order_by("pk")[0]
        label = f"{model._meta.app_label}_{model._meta.model_name}"
        yield f"{model._meta.verbose_name_plural}", _list(label)
        yield f"{model._meta.verbose_name}", _page(row)
    if not Limit.objects.exists():
        set_limits(User.objects.get(email=HEAVY), day_budget=Decimal(9))
    yield "limits", _list("usage_limit")
    yield "limit", _page(Limit.objects.order_by("pk")[0])
    yield "API keys", _list("accounts_apikey")
    yield "API keys, found", _list("accounts_apikey", q="Program 29")
    yield "person of a fifth of all rows", _page(User.objects.get(email=HEAVY))
    yield from _dashboards()


def own_asks() -> Iterator[tuple[str, str]]:
    """Yield what `HEAVY` asks about their own usage."""
    key = ApiKey.objects.filter(owner__email=HEAVY)[0]
    for query in (
        {"range": "30"}, {"range": "90"}, {"range": "12m"}, {"range": "12m", "by": "key"},
        {"range": "12m", "key": key.pk}, {"range": "90", "key": key.pk},
    ):  # fmt: skip
        encoded = urlencode(query)
        yield f"own usage, {encoded.replace(str(key.pk), '…')}", f"{reverse('own-usage')}?{encoded}"


def _dashboards() -> Iterator[tuple[str, str]]:
    """Yield the dashboard over every range: by everything, and of the busiest of each kind."""
    period = last_months(12)
    chosen = {
        kind: next(share.value for share in shares(period, Q(), kind, 2)[0] if share.value)
        for kind in Kind
    }
    for span in ("7", "30", "90", "12m"):
        for by in Kind:
            yield _dashboard(f"{span}, by {by}", range=span, by=by)
        for kind, value in chosen.items():
            by = Kind.PERSON if kind is Kind.MODEL else Kind.MODEL
            yield _dashboard(f"{span}, of a {kind}", range=span, by=by, **{kind: value})
    days = {"from": period.first + dt.timedelta(days=14), "to": period.last}
    yield _dashboard("from the middle of a month", by=Kind.PERSON, **days)
    provider = chosen[Kind.PROVIDER]
    yield _dashboard("12m, of a provider by key", range="12m", by=Kind.KEY, provider=provider)
    yield _dashboard("12m, of a door by person", range="12m", by=Kind.PERSON, door="api")
    yield _dashboard("12m, as a sheet", range="12m", by=Kind.PERSON, format="csv", rows="shares")


def _dashboard(name: str, **query: object) -> tuple[str, str]:
    return f"dashboard, {name}", f"{reverse('usage:dashboard')}?{urlencode(query)}"


def _lists() -> Iterator[tuple[str, str]]:
    def ledger(**query: object) -> str:
        return _list("usage_usagerecord", **query)

    today = timezone.now().date()
    ago = {n: (today - dt.timedelta(days=n)).isoformat() for n in (0, 1, 30, 400, 540, 900)}
    heavy, rare = (Account.objects.get(user__email=each).pk for each in (HEAVY, RARE))
    models = {n: ModelSpec.objects.get(name=f"bench-{n}").pk for n in (7, 8, 20, 60)}
    key = ApiKey.objects.filter(owner__email=HEAVY)[0]
    rare_key = ApiKey.objects.filter(owner__email="person-900@example.test")[0]
    credential = Credential.objects.order_by("pk")[0]
    one = {
        "first page": {},
        "second page": {"p": 2},
        "last page": {"p": 333},
        "held": {"state": "held"},
        "settled": {"state": "settled"},
        "released": {"state": "released"},
        "estimated": {"counted": "estimated"},
        "reported": {"counted": "reported"},
        "errors": {"ended": "failed"},
        "ended well": {"ended": "ended_well"},
        "door api": {"door": "api"},
        "door title": {"door": "title"},
        "door unknown": {"door": "nonsense"},
        "model": {"model__id__exact": models[7]},
        "model hardly used": {"model__id__exact": models[20]},
        "deployment": {"deployment__id__exact": models[60]},
        "key": {"key__id__exact": key.pk},
        "key hardly used": {"key__id__exact": rare_key.pk},
        "credential": {"credential__id__exact": credential.pk},
        "account of a fifth": {"account__id__exact": heavy},
        "account of few": {"account__id__exact": rare},
        "a day of now": {"created_at_from": ago[0], "created_at_to": ago[0]},
        "a day 400 days ago": {"created_at_from": ago[400], "created_at_to": ago[400]},
        "all days": {"created_at_from": ago[540], "created_at_to": ago[0]},
        "before there was anything": {"created_at_to": ago[900]},
        "found: one of a fifth": {"q": HEAVY},
        "found: one of few": {"q": RARE},
        "found: nobody": {"q": "nobody-at-all"},
        "found: a hundred": {"q": "person-1"},
    }
    for name, query in one.items():
        yield f"ledger, {name}", ledger(**query)
    few = {
        "a fifth, held": {"q": HEAVY, "state": "held"},
        "a fifth, errors": {"q": HEAVY, "ended": "failed"},
        "a fifth, a model it never asks": {"q": HEAVY, "model__id__exact": models[20]},
        "a fifth, a model it asks": {"q": HEAVY, "model__id__exact": models[8]},
        "a fifth, last page": {"q": HEAVY, "p": 333},
        "a fifth, another's key": {"q": HEAVY, "key__id__exact": rare_key.pk},
        "a fifth, 400 days ago": {"q": HEAVY, "created_at_to": ago[400]},
        "few, of the oldest": {"q": RARE, "created_at_to": ago[400]},
        "a hundred, of a model": {"q": "person-1", "model__id__exact": models[20]},
        "nobody, of a model": {"q": "nobody-at-all", "model__id__exact": models[7]},
        "model, released": {"model__id__exact": models[7], "state": "released"},
        "model, door title": {"model__id__exact": models[8], "door": "title"},
        "model, unlike deployment": {
            "model__id__exact": models[7], "deployment__id__exact": models[8],
        },
        "key, door chat": {"key__id__exact": key.pk, "door": "chat"},
        "credential, errors": {"credential__id__exact": credential.pk, "ended": "failed"},
        "released, title": {"state": "released", "door": "title"},
        "estimated, 400 days ago": {"counted": "estimated", "created_at_to": ago[400]},
        "held, 400 days ago": {"state": "held", "created_at_to": ago[400]},
        "settled, errors, all days": {
            "state": "settled", "ended": "failed", "created_at_from": ago[540],
        },
        "everything at once": {
            "q": HEAVY, "model__id__exact": models[8], "door": "title", "state": "released",
            "ended": "failed", "created_at_from": ago[540], "created_at_to": ago[0],
        },
    }  # fmt: skip
    for name, query in few.items():
        yield f"ledger, {name}", ledger(**query)


def _list(label: str, **query: object) -> str:
    url = reverse(f"admin:{label}_changelist")
    return f"{url}?{urlencode(query)}" if query else url


def _page(row: object) -> str:
    meta = row._meta  # type: ignore[attr-defined]
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])  # type: ignore[attr-defined]
