"""Whatever an administrator can do on these pages is recorded once for each object it is done to.

A page that is registered later, or an action that one is given, fails here by its name until this
file does it and sees its entry.
"""

import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin as administration
from django.test import RequestFactory
from django.urls import reverse

from accounts.api_keys import issue_key
from accounts.models import ApiKey, Team, User
from ops.models import AuditEntry
from providers.models import Ability, Credential, ModelSpec, Provider
from providers.offers import Offered
from runs.models import Run
from tests.administration.forms import page, save
from tests.administration.scenery import furnish
from tests.api.conftest import recently_proven
from tests.people import PASSWORD, make_person
from usage.models import Limit

pytestmark = pytest.mark.django_db

Expected = list[tuple[str, Any]]
Doing = Callable[[SimpleNamespace], Expected]
DOINGS: dict[tuple[str, str], Doing] = {}


def does(label: str, *names: str) -> Callable[[Doing], Doing]:
    """What a function does is this act of the page of that model; it returns what is expected."""

    def note(doing: Doing) -> Doing:
        DOINGS.update({(label, name): doing for name in names})
        return doing

    return note


def offered(user: User) -> Iterator[tuple[str, str]]:
    """Yield all that the registered pages let an administrator do, as model and name."""
    request = RequestFactory().get("/")
    request.user = user  # type: ignore[assignment]
    for model, at in administration.site._registry.items():
        names = [n for n in ("add", "change", "delete") if may(at, n, request)]
        names += [*at.get_actions(request), *at.actions_detail, *at.actions_submit_line]
        names += [*at.actions_list, *at.actions_row]
        for inline in at.get_inline_instances(request, model()):
            if any(may(inline, n, request, None) for n in ("add", "change", "delete")):
                names.append(type(inline).__name__)
        yield from ((model._meta.label, name) for name in names)


def may(at: Any, name: str, *given: Any) -> bool:
    return getattr(at, f"has_{name}_permission")(*given)


@pytest.fixture
def cast(admin, owner, outsider, spec) -> SimpleNamespace:
    furnish(owner, spec)
    return SimpleNamespace(
        client=recently_proven(admin),
        owner=owner,
        outsider=outsider,
        spec=spec,
        provider=spec.provider,
        credential=Credential.objects.get(),
        team=Team.objects.create(name="Kitchen"),
        key=ApiKey.objects.get(),
    )


def test_every_act_is_done_here(cast, admin):
    assert sorted(set(offered(admin)) - set(DOINGS)) == []


def recorded(cast: SimpleNamespace, doing: Doing) -> None:
    before = AuditEntry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    expected = Counter((act, str(row.pk)) for act, row in doing(cast))
    # What was made ready for it was not asked for by anybody.
    entries = AuditEntry.objects.filter(pk__gt=before).exclude(door="house")
    assert Counter(entries.values_list("act", "key")) == expected
    for entry in entries:
        assert (entry.actor_name, entry.door) == ("admin@example.test", "web")
        assert entry.address


def add(cast: SimpleNamespace, model: Any, **sent: Any) -> Any:
    """Fill in the form for a new row; return the row."""
    before = set(model.objects.values_list("pk", flat=True))
    meta = model._meta
    answer = cast.client.post(reverse(f"admin:{meta.app_label}_{meta.model_name}_add"), sent)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    (row,) = model.objects.exclude(pk__in=before)
    return row


def choose(cast: SimpleNamespace, action: str, *rows: Any) -> None:
    """Choose rows of a list for an action, and say yes where that is asked."""
    meta = rows[0]._meta
    url = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
    chosen = {"action": action, "_selected_action": [str(row.pk) for row in rows]}
    chosen |= {"post": "yes", "confirmed": "yes"}
    assert cast.client.post(url, chosen).status_code in (200, 302)


def press(cast: SimpleNamespace, row: Any, name: str) -> None:
    """Save a row, unchanged, by one of the buttons beside "Save"."""
    save(cast.client, row, **{f"{row._meta.app_label}_{row._meta.model_name}_{name}": "1"})


def delete(cast: SimpleNamespace, row: Any) -> None:
    assert cast.client.post(page(row, "delete"), {"post": "yes"}).status_code == 302


@does("accounts.Team", "add")
def _(cast):
    return [("team.added", add(cast, Team, name="Cellar"))]


@does("accounts.Team", "change")
def _(cast):
    save(cast.client, cast.team, name="Larder")
    return [("team.changed", cast.team)]


@does("accounts.Team", "delete")
def _(cast):
    delete(cast, cast.team)
    return [("team.deleted", cast.team)]


@does("accounts.Team", "delete_selected")
def _(cast):
    teams = [cast.team, Team.objects.create(name="Cellar")]
    choose(cast, "delete_selected", *teams)
    return [("team.deleted", team) for team in teams]


@does("accounts.User", "add")
def _(cast):
    sent = {"email": "new@example.test", "name": "New", "usable_password": "true"}
    user = add(cast, User, **sent, password1=PASSWORD, password2=PASSWORD)
    return [("person.added", user)]


@does("accounts.User", "change")
def _(cast):
    save(cast.client, cast.owner, name="Olivia")
    return [("person.changed", cast.owner)]


@does("accounts.User", "delete")
def _(cast):
    delete(cast, cast.outsider)
    return [("person.erased", cast.outsider)]


@does("accounts.User", "delete_selected")
def _(cast):
    people = [cast.outsider, make_person()]
    choose(cast, "delete_selected", *people)
    return [("person.erased", each) for each in people]


@does("accounts.User", "deactivate_all")
def _(cast):
    choose(cast, "deactivate_all", cast.owner, cast.outsider)
    return [("person.deactivated", each) for each in (cast.owner, cast.outsider)]


@does("accounts.User", "reactivate_all")
def _(cast):
    User.objects.filter(pk=cast.owner.pk).update(is_active=False)
    choose(cast, "reactivate_all", cast.owner, cast.outsider)
    return [("person.reactivated", cast.owner)]


@does("accounts.User", "sign_out_all")
def _(cast):
    people = (cast.owner, cast.outsider)
    for each in people:
        UserSession.objects.create(
            user=each, session_key=uuid.uuid4().hex, ip="192.0.2.1", user_agent="x"
        )
    choose(cast, "sign_out_all", *people)
    return [("person.sessions_ended", each) for each in people]


@does("accounts.User", "deactivate")
def _(cast):
    press(cast, cast.owner, "deactivate")
    return [("person.deactivated", cast.owner)]


@does("accounts.User", "reactivate")
def _(cast):
    User.objects.filter(pk=cast.owner.pk).update(is_active=False)
    press(cast, cast.owner, "reactivate")
    return [("person.reactivated", cast.owner)]


@does("accounts.User", "grant")
def _(cast):
    press(cast, cast.owner, "grant")
    return [("person.administration_granted", cast.owner)]


@does("accounts.User", "withdraw")
def _(cast):
    User.objects.filter(pk=cast.owner.pk).update(is_superuser=True, is_staff=True)
    press(cast, cast.owner, "withdraw")
    return [("person.administration_withdrawn", cast.owner)]


@does("accounts.User", "AuthenticatorInline")
def _(cast):
    Authenticator.objects.create(user=cast.owner, type="totp", data={"secret": "x"})
    save(cast.client, cast.owner, **{"authenticator_set-0-DELETE": "on"})
    return [("person.factor_removed", cast.owner)]


@does("providers.Provider", "add")
def _(cast):
    ModelSpec.objects.update(is_default=False)
    provider = add(
        cast, Provider, name="N", kind="openai", base_url="http://127.0.0.1:1/v1", models="m",
        allow_private="on", key="sk-0123456789", first_token_seconds=1, idle_seconds=1,
        total_seconds=1,
    )  # fmt: skip
    spec, credential = provider.specs.get(), provider.credentials.get()
    acts = [("provider.added", provider), ("credential.stored", credential)]
    return [*acts, ("model.added", spec), ("model.made_default", spec)]


@does("providers.Provider", "change")
def _(cast):
    Provider.objects.update(allow_private=True)
    save(cast.client, cast.provider, name="Other")
    return [("provider.changed", cast.provider)]


@does("providers.Provider", "delete")
def _(cast):
    provider = Provider.objects.create(name="Idle")
    delete(cast, provider)
    return [("provider.deleted", provider)]


@does("providers.Provider", "delete_selected")
def _(cast):
    providers = [Provider.objects.create(name=name) for name in "ab"]
    choose(cast, "delete_selected", *providers)
    return [("provider.deleted", each) for each in providers]


@does("providers.Provider", "find")
def _(cast):
    names = {"part": "", "add": "1", "names": ["found", "other"]}
    assert cast.client.post(page(cast.provider, "find"), names).status_code == 302
    return [("model.added", ModelSpec.objects.get(name=name)) for name in names["names"]]


@does("providers.Credential", "add")
def _(cast):
    sent = {"name": "second", "new_secret": "sk-9876543210", "is_enabled": "on"}
    made = add(cast, Credential, provider=cast.provider.pk, **sent, priority=0, weight=1)
    return [("credential.stored", made)]


@does("providers.Credential", "change")
def _(cast):
    save(cast.client, cast.credential, weight=4)
    return [("credential.changed", cast.credential)]


@does("providers.Credential", "delete")
def _(cast):
    delete(cast, cast.credential)
    return [("credential.deleted", cast.credential)]


@does("providers.Credential", "delete_selected")
def _(cast):
    choose(cast, "delete_selected", cast.credential)
    return [("credential.deleted", cast.credential)]


def asleep(row: Any) -> Any:
    type(row).objects.filter(pk=row.pk).update(rests_until="2999-01-01T00:00Z", rest_reason="x")
    return row


@does("providers.Credential", "wake_all")
def _(cast):
    choose(cast, "wake_all", asleep(cast.credential))
    return [("credential.changed", cast.credential)]


@does("providers.Credential", "wake_up")
def _(cast):
    press(cast, asleep(cast.credential), "wake_up")
    return [("credential.changed", cast.credential)]


@does("providers.Credential", "rotate")
def _(cast):
    url = page(cast.credential, "rotate")
    form = cast.client.get(url).context["form"]
    sent = {name: form[name].value() or "" for name in form.fields}
    assert cast.client.post(url, {**sent, "new_secret": "sk-0000111122223333"}).status_code == 302
    return [("credential.rotated", Credential.objects.get(retires_at=None))]


@does("providers.ModelSpec", "add")
def _(cast):
    spec = add(
        cast, ModelSpec, label="New", provider=cast.provider.pk, name="gpt-4o-mini", weight=1,
        context_window=1000, max_output_tokens=10, cool_down_seconds=30, abilities=["chat"],
        is_enabled="on", **{"routes-TOTAL_FORMS": 0, "routes-INITIAL_FORMS": 0},
    )  # fmt: skip
    return [("model.added", spec)]


@does("providers.ModelSpec", "change")
def _(cast):
    save(cast.client, cast.spec, label="Renamed", description="It is new")
    return [("model.changed", cast.spec)]


@does("providers.ModelSpec", "RouteInline")
def _(cast):
    other = ModelSpec.objects.create(provider=cast.provider, name="other", label="Other")
    route = {"to": str(other.pk), "priority": 1, "weight": 1}
    sent = {f"routes-0-{name}": value for name, value in route.items()}
    save(cast.client, cast.spec, **sent, **{"routes-TOTAL_FORMS": 1})
    return [("model.changed", cast.spec)]


@does("providers.ModelSpec", "delete")
def _(cast):
    spec = ModelSpec.objects.create(provider=cast.provider, name="idle", label="Idle")
    delete(cast, spec)
    return [("model.deleted", spec)]


@does("providers.ModelSpec", "delete_selected")
def _(cast):
    specs = [ModelSpec.objects.create(provider=cast.provider, name=n, label=n) for n in "ab"]
    choose(cast, "delete_selected", *specs)
    return [("model.deleted", spec) for spec in specs]


@does("providers.ModelSpec", "make_default")
def _(cast):
    choose(cast, "make_default", cast.spec)
    return [("model.made_default", cast.spec)]


@does("providers.ModelSpec", "look_up_all")
def _(cast):
    specs = [known(cast, "gpt-4o"), known(cast, "gpt-4o-mini")]
    choose(cast, "look_up_all", *specs)
    return [("model.changed", spec) for spec in specs]


@does("providers.ModelSpec", "look_up")
def _(cast):
    spec = known(cast, "gpt-4o")
    press(cast, spec, "look_up")
    return [("model.changed", spec)]


def known(cast: SimpleNamespace, name: str) -> ModelSpec:
    """A model whose price the snapshot knows."""
    Provider.objects.update(base_url="https://api.openai.com/v1")
    return ModelSpec.objects.create(
        provider=cast.provider, name=name, label=name, abilities=[Ability.CHAT]
    )


@does("providers.ModelSpec", "wake")
def _(cast):
    press(cast, asleep(cast.spec), "wake")
    return [("model.changed", cast.spec)]


@does("providers.ModelSpec", "wake_all")
def _(cast):
    choose(cast, "wake_all", asleep(cast.spec))
    return [("model.changed", cast.spec)]


@does("usage.Limit", "add")
def _(cast):
    add(cast, Limit, kind="team", team=str(cast.team.pk), requests_per_minute=5)
    return [("limits.set", cast.team)]


@does("usage.Limit", "change")
def _(cast):
    save(cast.client, Limit.objects.get(user=cast.owner), requests_per_minute=7)
    return [("limits.set", cast.owner)]


@does("usage.Limit", "delete")
def _(cast):
    delete(cast, Limit.objects.get(user=cast.owner))
    return [("limits.removed", cast.owner)]


@does("usage.Limit", "delete_selected")
def _(cast):
    choose(cast, "delete_selected", *Limit.objects.filter(user=cast.owner))
    return [("limits.removed", cast.owner)]


@does("runs.Run", "stop")
def _(cast):
    run = Run.objects.get()
    choose(cast, "stop", run)
    return [("run.stopped", run)]


@does("accounts.ApiKey", "add")
def _(cast):
    sent = {"name": "n", "expires_in": "90", "client_id": str(uuid.uuid4())}
    return [("key.issued", add(cast, ApiKey, owner=str(cast.outsider.pk), **sent))]


@does("accounts.ApiKey", "change")
def _(cast):
    save(cast.client, cast.key, name="another")
    return [("key.changed", cast.key)]


@does("accounts.ApiKey", "rotate")
def _(cast):
    url = page(cast.key, "rotate")
    form = cast.client.get(url).context["form"]
    sent = {name: form[name].value() or "" for name in form.fields}
    assert cast.client.post(url, {**sent, "overlap": "0"}).status_code == 302
    return [("key.rotated", cast.key)]


@does("accounts.ApiKey", "revoke")
def _(cast):
    assert cast.client.post(page(cast.key, "revoke")).status_code == 302
    return [("key.revoked", cast.key)]


@does("accounts.ApiKey", "revoke_all")
def _(cast):
    keys = [cast.key, issue_key(cast.outsider, "another")[0]]
    choose(cast, "revoke_all", *keys)
    return [("key.revoked", key) for key in keys]


@pytest.mark.parametrize(("label", "name"), sorted(DOINGS))
def test_it_is_recorded_once_for_each_object(cast, monkeypatch, label, name):
    found = [Offered("found"), Offered("other")]
    monkeypatch.setattr("providers.admin.discovery.listed", lambda *given, **options: found)
    recorded(cast, DOINGS[label, name])
