"""What is done to providers, their keys and their models is in the audit trail, without secrets."""

import datetime as dt
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import transaction
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from accounts.models import Team
from ops.models import AuditEntry
from providers import actions, catalogue
from providers.models import Ability, Credential, ModelSpec, Provider, Route
from providers.tasks import erase_retired_secrets
from tests.administration.forms import save
from tests.trail import whole_trail

pytestmark = pytest.mark.django_db
SECRET, OTHER = "sk-planted-0123456789-abcd", "sk-planted-9876543210-wxyz"


@pytest.fixture
def provider() -> Provider:
    return actions.add_provider("Models Inc", "https://api.example.test/v1")


@pytest.fixture
def credential(provider) -> Credential:
    return actions.store_credential(provider, SECRET)


@pytest.fixture
def spec(provider) -> ModelSpec:
    return actions.add_model(provider, "large", abilities=[Ability.CHAT])


def entries(since: int = 0) -> list[tuple[str, str, dict]]:
    found = AuditEntry.objects.filter(pk__gt=since).order_by("pk")
    return [(each.act, each.subject_name, each.details) for each in found]


def newest() -> int:
    return AuditEntry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def of(verb, *args, **options) -> list[tuple[str, str, dict]]:
    """Return what is recorded of what a verb does."""
    since = newest()
    verb(*args, **options)
    return entries(since)


def test_a_provider_with_its_key():
    actions.add_provider("Models Inc", "https://api.example.test/v1", secret=SECRET)
    assert entries() == [
        ("provider.added", "Models Inc", {}),
        ("credential.stored", "default …abcd", {"provider": "Models Inc"}),
    ]


def test_a_key_that_is_replaced_with_other_settings(provider, credential):
    assert of(actions.store_credential, provider, OTHER, priority=2, weight=1) == [
        ("credential.stored", "default …wxyz", {"provider": "Models Inc", "priority": [0, 2]})
    ]


def test_a_key_that_is_changed(credential):
    assert of(actions.change_credential, credential, weight=3, max_streams=4, priority=0) == [
        ("credential.changed", "default …abcd", {"weight": [1, 3], "max_streams": [None, 4]})
    ]


def test_what_changes_nothing_is_not_recorded(credential, spec):
    assert of(actions.change_credential, credential, weight=1, is_enabled=True) == []
    assert of(actions.limit_model, spec, []) == []
    assert of(actions.wake, credential) == []
    assert of(actions.delete_models, ModelSpec.objects.none()) == []
    actions.set_default_model(spec)
    assert of(actions.set_default_model, spec) == []
    assert of(erase_retired_secrets) == []
    gone = ModelSpec.objects.get(pk=spec.pk)
    actions.delete_models(ModelSpec.objects.filter(pk=spec.pk))
    assert of(actions.delete_models, ModelSpec.objects.filter(pk=gone.pk)) == []


def test_a_rotation_and_the_end_of_the_former_key(credential):
    assert of(actions.rotate_credential, credential, OTHER, dt.timedelta(minutes=90)) == [
        ("credential.rotated", "default …wxyz", {"former": "default …abcd", "overlap_hours": 1.5})
    ]
    Credential.objects.filter(pk=credential.pk).update(retires_at=Now() - dt.timedelta(hours=1))
    assert of(erase_retired_secrets) == [("credential.erased", "default …abcd", {})]
    assert AuditEntry.objects.get(act="credential.erased").door == "house"


def test_a_rotation_without_overlap_erases_at_once(credential):
    found = of(actions.rotate_credential, credential, OTHER, dt.timedelta())
    assert [act for act, *_ in found] == ["credential.rotated", "credential.erased"]


def test_a_refused_act_leaves_nothing(provider, credential):
    for refused in (
        lambda: actions.rotate_credential(credential, SECRET, dt.timedelta()),
        lambda: actions.rotate_credential(credential, OTHER, dt.timedelta(days=99)),
        lambda: actions.store_credential(provider, "two\nlines"),
        lambda: actions.add_provider("P", "ftp://nowhere"),
        lambda: actions.add_model(provider, ""),
    ):
        since = newest()
        with pytest.raises(ValidationError), transaction.atomic():
            refused()
        assert entries(since) == []


def test_keys_that_are_deleted(provider, credential):
    actions.store_credential(provider, OTHER, name="second")
    found = of(actions.delete_credentials, Credential.objects.all())
    assert sorted(found) == [
        ("credential.deleted", "default …abcd", {}),
        ("credential.deleted", "second …wxyz", {}),
    ]
    assert not Credential.objects.exists()


def test_models_that_are_added_and_deleted(provider):
    known = {name: {"abilities": [Ability.CHAT]} for name in ("a", "b", "c")}
    from_one = {"provider": "Models Inc"}
    assert of(actions.add_models, provider, known) == [
        ("model.added", name, from_one) for name in "abc"
    ]
    assert of(actions.add_model, provider, "d") == [("model.added", "d", from_one)]
    found = of(actions.delete_models, ModelSpec.objects.filter(name__in="ab"))
    assert sorted(found) == [("model.deleted", "a", {}), ("model.deleted", "b", {})]


def test_many_models_are_added_by_as_few_statements_as_one(provider, django_assert_num_queries):
    with django_assert_num_queries(5):
        actions.add_models(provider, {f"m{n}": {} for n in range(40)})


def test_the_teams_of_a_model_are_counted(spec):
    kitchen, cellar = (Team.objects.create(name=name) for name in ("Kitchen", "Cellar"))
    assert of(actions.limit_model, spec, [kitchen, cellar]) == [
        ("model.changed", "large", {"teams_added": 2, "teams_removed": 0})
    ]
    assert of(actions.limit_model, spec, [cellar]) == [
        ("model.changed", "large", {"teams_added": 0, "teams_removed": 1})
    ]


def test_the_default_says_instead_of_which(provider, spec):
    actions.set_default_model(spec)
    other = actions.add_model(provider, "other", abilities=[Ability.CHAT])
    assert of(actions.set_default_model, other) == [
        ("model.made_default", "other", {"instead_of": "large"})
    ]


def test_prices_that_were_looked_up(spec, monkeypatch):
    known = catalogue.Prices(Decimal(2), None, Decimal(8), "snapshot")
    monkeypatch.setattr(catalogue, "prices", lambda name, url: known)
    assert of(actions.look_up_prices, [spec], even_by_hand=False) == [
        ("model.changed", "large", {"input_price": [None, "2"], "output_price": [None, "8"]})
    ]
    assert of(actions.look_up_prices, [spec], even_by_hand=False) == []


@pytest.mark.parametrize("what", ["credential", "spec"])
def test_what_is_woken(request, what):
    row = request.getfixturevalue(what)
    later = Now() + dt.timedelta(hours=1)
    type(row).objects.filter(pk=row.pk).update(rests_until=later, rest_reason="rate_limited")
    ((act, name, details),) = of(actions.wake, row)
    assert (act.partition(".")[2], name) == ("changed", str(row))
    assert details["rest_reason"] == ["rate_limited", ""]


def test_a_provider_that_is_deleted_with_its_models(provider, credential, spec):
    stale = Provider.objects.get()
    assert of(actions.delete_provider, provider) == [
        ("provider.deleted", "Models Inc", {"models": 1})
    ]
    assert of(actions.delete_provider, stale) == []


def saved(client: Client, row, **changes) -> list[tuple[str, str, dict]]:
    since = newest()
    save(client, row, **changes)
    return entries(since)


def test_the_form_of_a_provider(admin_client, provider):
    assert saved(admin_client, provider) == []
    found = saved(admin_client, provider, max_streams=3, base_url="https://b.example.test/v1")
    assert found == [
        (
            "provider.changed",
            "Models Inc",
            {
                "max_streams": [None, 3],
                "base_url": ["https://api.example.test:443", "https://b.example.test:443"],
            },
        )
    ]
    entry = AuditEntry.objects.order_by("pk").last()
    assert (entry.actor_name, entry.door) == ("admin@example.test", "web")
    found = saved(admin_client, provider, base_url="https://b.example.test/secret/v1")
    assert found == [("provider.changed", "Models Inc", {"changed": ["base_url"]})]


def test_the_form_of_a_model_with_its_routes(admin_client, provider, spec):
    other = actions.add_model(provider, "other")
    assert saved(admin_client, spec) == []
    found = saved(
        admin_client, spec, label="Largest", description="x", input_price="1.5",
        **{"routes-TOTAL_FORMS": 1, "routes-0-to": other.pk, "routes-0-priority": 1,
           "routes-0-weight": 1},
    )  # fmt: skip
    assert found == [
        (
            "model.changed",
            "Largest",
            {
                "label": ["large", "Largest"],
                "input_price": [None, "1.5"],
                "changed": ["description"],
                "route_new": 1,
            },
        )
    ]
    assert Route.objects.count() == 1


def test_the_form_of_a_key(admin_client, credential):
    assert saved(admin_client, credential) == []
    assert saved(admin_client, credential, weight=2) == [
        ("credential.changed", "default …abcd", {"weight": [1, 2]})
    ]


def test_a_connection_that_is_tested(admin_client, provider, monkeypatch):
    Provider.objects.update(base_url="http://127.0.0.1:1/v1")
    admin_client.post(reverse("usage:connection-test", args=[provider.pk]))
    assert entries()[-1] == ("provider.tested", "Models Inc", {"passed": False})


def test_secrets_that_are_encrypted_anew(admin_client, credential, settings):
    def count() -> list[tuple[str, dict]]:
        found = AuditEntry.objects.filter(act="house.secrets_reencrypted").order_by("pk")
        return [(each.door, each.details) for each in found]

    admin_client.post(reverse("encryption"))
    assert count() == []
    settings.MASTER_KEY_FALLBACKS, settings.MASTER_KEY = [settings.MASTER_KEY], "a second"
    admin_client.post(reverse("encryption"))
    first = ("web", {"count": 1, "unreadable": 0})
    assert count() == [first]
    settings.MASTER_KEY_FALLBACKS, settings.MASTER_KEY = [settings.MASTER_KEY], "a third"
    call_command("rotate_master_key")
    assert count() == [first, ("house", {"count": 1, "unreadable": 0})]


def test_no_secret_is_in_any_entry(admin_client, provider):
    credential = actions.store_credential(provider, SECRET, weight=2)
    actions.rotate_credential(credential, OTHER, dt.timedelta())
    rotated = Credential.objects.get(retires_at=None)
    saved(admin_client, rotated, new_secret=SECRET, weight=4)
    admin_client.post(
        reverse("admin:providers_provider_add"),
        {"name": "N", "kind": "openai", "base_url": "http://127.0.0.1:1/v1", "key": OTHER,
         "allow_private": "on", "models": "m", "first_token_seconds": 1,
         "idle_seconds": 1, "total_seconds": 1},
    )  # fmt: skip
    text = whole_trail()
    assert text.count("credential.stored") == 3
    for secret in (SECRET, OTHER):
        assert secret not in text
        assert secret[3:16] not in text
