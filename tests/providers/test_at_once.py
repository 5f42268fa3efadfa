"""Two who change the catalogue at the same moment: the second is told, and nobody waits in vain."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection, transaction
from django.urls import reverse

from accounts.actions import delete_team, erase_user
from accounts.models import Team
from providers.actions import add_model, add_provider, delete_provider
from providers.models import ModelSpec, Provider, Route
from runs import claims
from runs.models import Run
from tests.people import make_administrator, make_person, signed_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def spec() -> ModelSpec:
    return add_model(add_provider("House", "https://a.example.test/v1"), "one")


@pytest.fixture
def meanwhile(monkeypatch) -> Callable[[type, Callable[[], object]], None]:
    """Let somebody else do something between the look at a form and its first save."""

    def arrange(admin: type, act: Callable[[], object]) -> None:
        save, done = admin.save_model, []

        def late(self, *given):
            if not done:
                done.append(True)
                elsewhere(act)
            return save(self, *given)

        monkeypatch.setattr(admin, "save_model", late)

    return arrange


def elsewhere(act: Callable[[], object]) -> None:
    def run() -> None:
        try:
            act()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(10)


def form_of(spec: ModelSpec, **given: object) -> dict[str, object]:
    fields = ("label", "name", "context_window", "max_output_tokens", "weight", "cool_down_seconds")
    return {
        **{field: getattr(spec, field) for field in fields},
        "public_name": spec.public_name or "",
        "provider": spec.provider_id,
        "abilities": spec.abilities,
        "is_enabled": "on",
        "is_listed": "on",
        "routes-TOTAL_FORMS": "0",
        "routes-INITIAL_FORMS": "0",
        **given,
    }


def saved(spec: ModelSpec, **given: object) -> str:
    url = reverse("admin:providers_modelspec_change", args=[spec.pk])
    response = signed_in(make_administrator()).post(url, form_of(spec, **given), follow=True)
    assert response.status_code == 200
    return response.content.decode()


class TestAModelsPage:
    @pytest.fixture
    def admin(self) -> type:
        from providers.admin.spec import ModelSpecAdmin

        return ModelSpecAdmin

    def test_a_public_name_just_taken_is_said_at_its_field(self, spec, meanwhile, admin):
        other = add_model(spec.provider, "other")
        taken = ModelSpec.objects.filter(pk=other.pk)
        meanwhile(admin, lambda: taken.update(public_name="wanted"))
        said = saved(spec, public_name="wanted", label="Kept in the form")
        assert "Another model has this public name" in said
        assert "Kept in the form" in said
        assert "was changed successfully" not in said
        spec.refresh_from_db()
        assert (spec.public_name, spec.label) == ("one", "one")

    def test_a_route_just_made_is_said_at_its_row(self, spec, meanwhile, admin):
        other = add_model(spec.provider, "other")
        meanwhile(admin, lambda: Route.objects.create(model=spec, to=other))
        row = {"to": other.pk, "priority": "1", "weight": "1", "id": "", "model": spec.pk}
        row = {f"routes-0-{name}": value for name, value in row.items()}
        said = saved(spec, **row, **{"routes-TOTAL_FORMS": "1"})
        assert "This deployment is already in the list" in said
        assert Route.objects.count() == 1

    def test_a_team_just_deleted_is_said_and_the_model_stays_as_it_was(
        self, spec, meanwhile, admin
    ):
        team = Team.objects.create(name="Leaving")
        meanwhile(admin, lambda: delete_team(team))
        said = saved(spec, teams=[team.pk], label="New")
        assert "Select a valid choice" in said
        assert "was changed successfully" not in said
        spec.refresh_from_db()
        assert (spec.label, spec.teams.count()) == ("one", 0)

    def test_a_deployment_just_deleted_is_said(self, spec, meanwhile, admin):
        other = add_model(spec.provider, "other")
        meanwhile(admin, ModelSpec.objects.filter(pk=other.pk).delete)
        row = {"to": other.pk, "priority": "1", "weight": "1", "id": "", "model": spec.pk}
        row = {f"routes-0-{name}": value for name, value in row.items()}
        assert "Select a valid choice" in saved(spec, **row, **{"routes-TOTAL_FORMS": "1"})
        assert not Route.objects.exists()


class TestATeamsPage:
    def post(self, **given: object) -> str:
        url = reverse("admin:accounts_team_add")
        response = signed_in(make_administrator()).post(url, given, follow=True)
        assert response.status_code == 200
        return response.content.decode()

    def test_a_name_just_taken_is_said(self, meanwhile):
        from accounts.admin.team import TeamAdmin

        meanwhile(TeamAdmin, lambda: Team.objects.create(name="Writers"))
        assert "already exists" in self.post(name="Writers")
        assert Team.objects.count() == 1

    def test_a_member_just_erased_is_said(self, meanwhile):
        from accounts.admin.team import TeamAdmin

        person = make_person()
        meanwhile(TeamAdmin, lambda: erase_user(person))
        assert "Select a valid choice" in self.post(name="Writers", members=[person.pk])
        assert not Team.objects.exists()


def test_a_provider_is_deleted_while_answers_start_at_it(spec):
    """Both lock the provider first: whoever is second waits, and nobody waits in a circle."""
    from tests.administration.scenery import furnish

    Provider.objects.update(max_streams=5)
    furnish(make_person(), spec)
    run = Run.objects.first()
    deletion = threading.Thread(target=lambda: (delete_provider(spec.provider), connection.close()))
    with transaction.atomic():
        assert claims._has_room(Provider.objects.get())
        deletion.start()
        deletion.join(0.5)
        assert deletion.is_alive(), "it has to wait for the claim"
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '1s'")
        Run.objects.filter(pk=run.pk).update(worker="mine", served_by=spec)
    deletion.join(10)
    assert not Provider.objects.exists()
    run.refresh_from_db()
    assert (run.worker, run.model, run.served_by) == ("mine", None, None)
