"""Teams: who makes them, what leaving one costs, and why one is not deleted."""

import threading

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from accounts.actions import delete_team, save_team
from accounts.errors import TeamInUse
from accounts.models import Team, User
from accounts.rights import current_rights_version
from providers.models import ModelSpec, Provider
from tests.people import make_person, signed_in

pytestmark = pytest.mark.django_db
LIST = reverse("admin:accounts_team_changelist")
ADD = reverse("admin:accounts_team_add")


@pytest.fixture
def team(owner: User) -> Team:
    team = Team(name="Writers")
    save_team(team, [owner])
    return team


@pytest.fixture
def limited(team: Team) -> ModelSpec:
    provider = Provider.objects.create(name="P", base_url="http://127.0.0.1:1/v1")
    spec = ModelSpec.objects.create(provider=provider, name="m", label="For writers")
    spec.teams.add(team)
    return spec


def page(team: Team, what: str = "change") -> str:
    return reverse(f"admin:accounts_team_{what}", args=[team.pk])


def bulk(team: Team) -> dict[str, str]:
    return {"action": "delete_selected", "_selected_action": str(team.pk), "post": "yes"}


class TestActions:
    def test_who_joins_and_who_leaves(self, team, owner, outsider):
        version = current_rights_version()
        save_team(team, [owner, outsider])
        assert current_rights_version() == version  # nothing was taken from anybody
        save_team(team, [outsider])
        assert list(team.members.all()) == [outsider]
        assert current_rights_version() != version

    def test_a_team_that_opens_nothing_is_deleted(self, team):
        version = current_rights_version()
        delete_team(team)
        assert not Team.objects.exists()
        assert current_rights_version() != version

    def test_one_that_models_are_limited_to_is_not(self, team, limited, outsider):
        with pytest.raises(TeamInUse, match="limited to this team"):
            delete_team(team)
        assert not ModelSpec.objects.usable_by(outsider).exists()
        limited.teams.clear()
        delete_team(team)

    def test_who_leaves_loses_its_models(self, team, limited, owner):
        assert ModelSpec.objects.usable_by(owner).exists()
        save_team(team, [])
        assert not ModelSpec.objects.usable_by(owner).exists()


@pytest.mark.django_db(transaction=True)
def test_no_model_is_limited_to_a_team_that_is_being_deleted(monkeypatch):
    """Django deletes the limit with the team, and a model without one is everybody's."""
    team = Team.objects.create(name="Leaving")
    provider = Provider.objects.create(name="P", base_url="http://127.0.0.1:1/v1")
    spec = ModelSpec.objects.create(provider=provider, name="m", label="M")
    outcomes = []

    def limit() -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '500ms'")
                spec.teams.add(team)
            outcomes.append("limited")
        except DatabaseError as error:
            outcomes.append(type(error).__name__)
        finally:
            connection.close()

    delete = Team.delete

    def slowly(self, *args, **kwargs):
        thread = threading.Thread(target=limit)
        thread.start()
        thread.join()
        return delete(self, *args, **kwargs)

    monkeypatch.setattr(Team, "delete", slowly)
    delete_team(team)
    assert outcomes == ["OperationalError"], "it has to wait for the deletion"


@pytest.mark.django_db(transaction=True)
def test_a_model_moved_to_a_team_that_is_deleted_meanwhile_stays_with_its_old_one(team, limited):
    other = Team.objects.create(name="Other")

    def delete() -> None:
        delete_team(other)
        connection.close()

    @transaction.atomic
    def move() -> None:
        limited.teams.set([other])
        thread = threading.Thread(target=delete)
        thread.start()
        thread.join(10)

    with pytest.raises(IntegrityError):
        move()
    assert limited.teams.get() == team


class TestPages:
    def test_one_is_made_and_changed(self, admin_client, owner, outsider):
        members = [str(owner.pk), str(outsider.pk)]
        assert admin_client.post(ADD, {"name": "Readers", "members": members}).status_code == 302
        team = Team.objects.get()
        assert team.members.count() == 2
        given = {"name": "Few", "members": [str(owner.pk)]}
        assert admin_client.post(page(team), given).status_code == 302
        team.refresh_from_db()
        assert (team.name, list(team.members.all())) == ("Few", [owner])
        assert admin_client.post(page(team), {"name": "None"}).status_code == 302
        assert not team.members.exists()

    @pytest.mark.parametrize(
        "wrong",
        [
            {"name": ""},
            {"name": "x" * 81},
            {"name": "Writers"},
            {"name": "a\x00b"},
            {"members": ["nobody"]},
            {"members": ["00000000-0000-0000-0000-000000000000"]},
            {"members": ["\x00"]},
        ],
    )
    def test_nonsense_is_refused(self, admin_client, team, owner, wrong):
        response = admin_client.post(ADD, {"name": "New", "members": [str(owner.pk)], **wrong})
        assert response.status_code == 200
        assert "error" in response.content.decode()
        assert list(Team.objects.all()) == [team]

    def test_nobody_else_sees_or_changes_one(self, team, owner):
        for client in (Client(), signed_in(owner), signed_in(make_person(is_staff=True))):
            for address in (LIST, ADD, page(team), page(team, "delete"), page(team, "history")):
                assert client.get(address).status_code in (302, 403)
                given = {"name": "Mine", "members": [], "post": "yes"}
                assert client.post(address, given).status_code in (302, 401, 403)
            assert client.post(LIST, bulk(team)).status_code in (302, 401, 403)
            assert client.put(page(team)).status_code in (302, 401, 403)
        team.refresh_from_db()
        assert (team.name, team.members.count()) == ("Writers", 1)

    def test_its_page_shows_its_models_and_a_persons_page_its_teams(
        self, admin_client, team, limited, owner
    ):
        model = reverse("admin:providers_modelspec_change", args=[limited.pk])
        assert model in admin_client.get(page(team)).content.decode()
        person = reverse("admin:accounts_user_change", args=[owner.pk])
        assert page(team) in admin_client.get(person).content.decode()

    def test_people_are_found_by_search_not_listed(self, admin_client, team, outsider):
        assert outsider.email not in admin_client.get(page(team)).content.decode()
        query = {"app_label": "accounts", "model_name": "team", "field_name": "members"}
        found = admin_client.get(reverse("admin:autocomplete"), {**query, "term": "outsider@"})
        assert [each["text"] for each in found.json()["results"]] == [outsider.email]

    def test_one_is_found_by_name_and_by_member(self, admin_client, team, owner):
        for term, many in (("writ", 1), ("owner@", 1), ("outsider@", 0)):
            found = admin_client.get(LIST, {"q": term}).context["cl"].result_list
            assert len(found) == many

    def test_an_unused_one_is_deleted(self, admin_client, team):
        assert admin_client.post(page(team, "delete"), {"post": "yes"}).status_code == 302
        assert not Team.objects.exists()
        other = Team.objects.create(name="Other")
        admin_client.post(LIST, bulk(other))
        assert not Team.objects.exists()

    def test_one_that_models_are_limited_to_says_why_not(self, admin_client, team, limited):
        for given in ((page(team, "delete"), {"post": "yes"}), (LIST, bulk(team))):
            said = admin_client.post(*given, follow=True).content.decode()
            assert "Models are limited to this team." in said
        said = admin_client.get(page(team, "delete"), follow=True).content.decode()
        assert "Models are limited to this team." in said
        assert limited.teams.get() == team

    def test_the_sidebar_leads_to_them(self, admin_client):
        assert LIST in admin_client.get(reverse("admin:index")).content.decode()


def test_the_list_counts_and_costs_the_same_for_many(
    admin_client, team, limited, django_assert_max_num_queries
):
    people = User.objects.bulk_create(User(email=f"p{n}@example.test") for n in range(1200))
    for number in range(60):
        Team.objects.create(name=f"t{number}").members.set(people[: number % 5])
    save_team(team, people)
    with django_assert_max_num_queries(8):
        response = admin_client.get(LIST)
    shown = {each.name: each for each in response.context["cl"].result_list}
    assert (shown["Writers"].members_in, shown["Writers"].models_of) == (1200, 1)
    assert (shown["t3"].members_in, shown["t3"].models_of) == (3, 0)
    assert "1,200" in response.content.decode()
    with django_assert_max_num_queries(12):
        assert admin_client.get(page(team)).status_code == 200
