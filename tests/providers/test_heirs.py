"""When the default model is deleted another becomes it, in the same transaction."""

import threading

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import Team
from ops.models import AuditEntry
from providers import actions
from providers.models import Ability, ModelSpec, Provider
from tests.people import make_administrator, signed_in

pytestmark = pytest.mark.django_db
URL = "https://models.example.test/v1"


def make(name: str, **fields) -> ModelSpec:
    provider = actions.add_provider(f"Server of {name}", URL)
    return actions.add_model(provider, name, **fields)


@pytest.fixture
def default() -> ModelSpec:
    spec = make("default")
    actions.set_default_model(spec)
    return spec


@pytest.fixture(params=["model", "provider"])
def delete(request, default):
    """Delete the default model, alone or with its provider."""
    if request.param == "provider":
        return lambda: actions.delete_provider(default.provider)
    return lambda: actions.delete_models(ModelSpec.objects.filter(pk=default.pk))


def heir() -> str | None:
    return ModelSpec.objects.filter(is_default=True).values_list("name", flat=True).first()


def acts() -> list[tuple[str, str, dict]]:
    newest = AuditEntry.objects.order_by("-pk")[:2]
    return [(each.act, each.subject_name, each.details) for each in newest]


def test_the_oldest_other_one_inherits_and_it_is_recorded(delete):
    make("older")
    make("newer")
    delete()
    assert heir() == "older"
    made, deleted = acts()
    assert made == ("model.made_default", "older", {"instead_of": "default"})
    assert deleted[0].endswith(".deleted")


def test_what_runs_on_this_computer_comes_last(delete):
    Provider.objects.filter(pk=make("small").provider_id).update(is_embedded=True)
    make("larger")
    delete()
    assert heir() == "larger"
    actions.delete_provider(Provider.objects.get(specs__name="larger"))
    assert heir() == "small"


def test_nothing_is_made_it_that_could_not_be_chosen(delete):
    make("off", is_enabled=False)
    make("hidden", is_listed=False)
    make("numbers", abilities=[Ability.EMBEDDINGS])
    make("of a few").teams.add(Team.objects.create(name="A few"))
    Provider.objects.filter(pk=make("of a server that is off").provider_id).update(is_enabled=False)
    Provider.objects.filter(pk=make("of none").provider_id).update(base_url="")
    delete()
    assert heir() is None
    assert acts()[0][0].endswith(".deleted")


def test_of_another_one_nothing_changes(default):
    first, second = make("first"), make("second")
    actions.delete_models(ModelSpec.objects.filter(pk=first.pk))
    actions.delete_provider(second.provider)
    assert heir() == "default"
    assert not AuditEntry.objects.filter(details__has_key="instead_of", subject_name="first")


def test_none_that_goes_too_inherits(default):
    make("goes too")
    stays = make("stays")
    actions.delete_models(ModelSpec.objects.exclude(pk=stays.pk))
    assert heir() == "stays"
    actions.delete_models(ModelSpec.objects.all())
    assert heir() is None


def pressed(client: Client, row: ModelSpec | Provider, *, in_list: bool) -> str:
    pages = f"admin:providers_{type(row)._meta.model_name}"
    if in_list:
        url, form = reverse(f"{pages}_changelist"), {"action": "delete_selected"}
        form["_selected_action"] = str(row.pk)
    else:
        url, form = reverse(f"{pages}_delete", args=[row.pk]), {}
    return client.post(url, {**form, "post": "yes"}, follow=True).content.decode()


@pytest.mark.parametrize("in_list", [False, True])
@pytest.mark.parametrize("kind", [ModelSpec, Provider])
def test_who_deletes_it_is_told(default, kind, in_list):
    client = signed_in(make_administrator())
    other = make("other", label="The other one")
    row = default if kind is ModelSpec else default.provider
    assert "New chats begin with The other one now." in pressed(client, row, in_list=in_list)
    row = other if kind is ModelSpec else other.provider
    assert "No model is the default now" in pressed(client, row, in_list=in_list)


@pytest.mark.parametrize("in_list", [False, True])
@pytest.mark.parametrize("kind", [ModelSpec, Provider])
def test_of_another_nothing_is_told(default, kind, in_list):
    client = signed_in(make_administrator())
    other = make("other")
    text = pressed(client, other if kind is ModelSpec else other.provider, in_list=in_list)
    assert "New chats begin" not in text
    assert "is the default now" not in text


@pytest.mark.django_db(transaction=True)
def test_many_at_once_leave_one_default():
    """Some delete, some choose: nobody waits in a circle, and one of those that stay is it."""
    goes, stays = [make(f"goes {n}") for n in range(5)], [make(f"stays {n}") for n in range(3)]
    actions.set_default_model(goes[2])
    barrier, failed = threading.Barrier(len(goes) + len(stays)), []

    def do(act, *given) -> None:
        try:
            barrier.wait(10)
            act(*given)
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    jobs = [(actions.delete_provider, spec.provider) for spec in goes]
    jobs += [(actions.set_default_model, spec) for spec in stays]
    threads = [threading.Thread(target=do, args=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert failed == []
    assert ModelSpec.objects.filter(is_default=True, name__startswith="stays").count() == 1
