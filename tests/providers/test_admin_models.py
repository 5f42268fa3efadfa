"""The page of a model: what it takes in, what it refuses, and what its buttons do."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.actions import save_team
from accounts.models import Team
from providers.actions import add_model, add_provider, look_up_prices, set_default_model
from providers.catalogue import BY_HAND
from providers.models import ModelSpec, Provider, Route
from tests.people import make_person, signed_in

pytestmark = pytest.mark.django_db
LIST = reverse("admin:providers_modelspec_changelist")


@pytest.fixture
def openai() -> Provider:
    return add_provider("OpenAI", "https://api.openai.com/v1")


@pytest.fixture
def spec(openai: Provider) -> ModelSpec:
    return add_model(openai, "gpt-5.4", label="Large One", abilities=["chat", "tools"])


@pytest.fixture
def other(openai: Provider) -> ModelSpec:
    return add_model(openai, "gpt-5.4-mini", label="Small One")


def page(spec: ModelSpec) -> str:
    return reverse("admin:providers_modelspec_change", args=[spec.pk])


def form(spec: ModelSpec, *routes: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """What the browser sends of a model's page; a change to None leaves a field out."""
    given: dict[str, Any] = {
        "label": spec.label,
        "public_name": spec.public_name or "",
        "provider": str(spec.provider_id),
        "name": spec.name,
        "abilities": spec.abilities,
        "makes_titles": "on",
        "context_window": spec.context_window,
        "max_output_tokens": spec.max_output_tokens,
        "is_enabled": "on",
        "is_listed": "on",
        "weight": spec.weight,
        "cool_down_seconds": spec.cool_down_seconds,
        "routes-TOTAL_FORMS": len(routes),
        "routes-INITIAL_FORMS": sum("id" in route for route in routes),
    }
    for price in ("input_price", "cached_input_price", "output_price"):
        given[price] = "" if getattr(spec, price) is None else str(getattr(spec, price))
    for number, route in enumerate(routes):
        given |= {f"routes-{number}-{key}": value for key, value in route.items()}
    given |= changes
    return {key: value for key, value in given.items() if value is not None}


def save(client: Client, spec: ModelSpec, *routes: dict[str, Any], **changes: Any) -> str:
    """Send the form; an empty answer: it was taken."""
    response = client.post(page(spec), form(spec, *routes, **changes))
    if response.status_code == 302:
        spec.refresh_from_db()
        return ""
    return response.content.decode()


def do(client: Client, action: str, *specs: ModelSpec, **more: str) -> str:
    chosen = {"action": action, "_selected_action": [str(each.pk) for each in specs], **more}
    return client.post(LIST, chosen, follow=True).content.decode()


class TestForm:
    def test_its_boxes_say_what_it_can(self, admin_client, spec):
        html = admin_client.get(page(spec)).content.decode()
        assert html.count('type="checkbox" name="abilities"') == 8
        assert save(admin_client, spec, abilities=["json", "vision", "chat"]) == ""
        assert set(spec.abilities) == {"chat", "vision", "json"}

    def test_one_that_can_nothing_is_switched_off_first(self, admin_client, spec):
        assert "Choose at least one ability" in save(admin_client, spec, abilities=None)
        assert spec.abilities
        assert save(admin_client, spec, abilities=None, is_enabled=None) == ""
        assert (spec.abilities, spec.is_enabled) == ([], False)

    def test_an_empty_public_name_is_none_and_several_may_have_none(
        self, admin_client, spec, other
    ):
        assert save(admin_client, spec, public_name="  ") == ""
        assert save(admin_client, other, public_name="") == ""
        assert spec.public_name is other.public_name is None

    def test_a_public_name_is_one_models_only(self, admin_client, spec, other):
        said = save(admin_client, spec, public_name=other.public_name)
        assert "Another model has this public name" in said

    @pytest.mark.parametrize(
        "wrong",
        [
            {"abilities": ["fly"]},
            {"abilities": ["chat", "\x00"]},
            {"label": ""},
            {"name": ""},
            {"name": "x" * 201},
            {"public_name": "x" * 201},
            {"public_name": "a\x00b"},
            {"provider": "nobody"},
            {"input_price": "-1"},
            {"output_price": "NaN"},
            {"output_price": "Infinity"},
            {"cached_input_price": "0.0000001"},
            {"input_price": "1" * 20},
            {"context_window": "0"},
            {"context_window": "9" * 30},
            {"max_output_tokens": "0"},
            {"max_output_tokens": "8193"},
            {"weight": "0"},
            {"weight": "-1"},
            {"cool_down_seconds": "-1"},
            {"teams": ["nobody"]},
            {"routes-TOTAL_FORMS": "x"},
        ],
    )
    def test_nonsense_is_said_and_nothing_changed(self, admin_client, spec, wrong):
        before = ModelSpec.objects.filter(pk=spec.pk).values().get()
        assert "error" in save(admin_client, spec, **wrong)
        assert ModelSpec.objects.filter(pk=spec.pk).values().get() == before

    def test_a_new_model_gets_the_prices_there_are(self, admin_client, openai):
        url = reverse("admin:providers_modelspec_add")
        new = ModelSpec(provider=openai, name="gpt-5.4", label="New", abilities=["chat"])
        assert admin_client.post(url, form(new)).status_code == 302
        assert ModelSpec.objects.get().price_source.startswith("genai-prices")
        ModelSpec.objects.all().delete()
        assert admin_client.post(url, form(new, input_price="7")).status_code == 302
        made = ModelSpec.objects.get()
        assert (made.input_price, made.output_price, made.price_source) == (7, None, BY_HAND)

    def test_nobody_else_changes_one(self, spec):
        for client in (Client(), signed_in(make_person()), signed_in(make_person(is_staff=True))):
            for address in (page(spec), LIST, reverse("admin:providers_modelspec_add")):
                assert client.get(address).status_code in (302, 403)
                assert client.post(address, form(spec, label="Mine")).status_code in (302, 401, 403)
            do_it = {"action": "look_up_all", "_selected_action": str(spec.pk)}
            assert client.post(LIST, do_it).status_code in (302, 401, 403)
        spec.refresh_from_db()
        assert (spec.label, spec.input_price) == ("Large One", None)


class TestDefault:
    def test_is_chosen_from_the_list(self, admin_client, spec, other):
        set_default_model(other)
        assert "New conversations begin with this model" in do(admin_client, "make_default", spec)
        assert list(ModelSpec.objects.filter(is_default=True)) == [spec]

    def test_two_are_not(self, admin_client, spec, other):
        assert "Choose one model" in do(admin_client, "make_default", spec, other)
        assert not ModelSpec.objects.filter(is_default=True).exists()

    @pytest.mark.parametrize(
        ("change", "sentence"),
        [
            ({"is_enabled": False}, "has to be enabled"),
            ({"is_listed": False}, "has to be offered"),
            ({"abilities": ["embeddings"]}, "has to be able to chat"),
        ],
    )
    def test_an_unfit_one_is_refused_with_a_sentence(self, admin_client, spec, change, sentence):
        ModelSpec.objects.update(**change)
        assert sentence in do(admin_client, "make_default", spec)
        assert not ModelSpec.objects.filter(is_default=True).exists()

    def test_one_for_some_teams_is_refused_with_a_sentence(self, admin_client, spec):
        spec.teams.add(Team.objects.create(name="Few"))
        assert "has to be for everybody" in do(admin_client, "make_default", spec)
        assert not ModelSpec.objects.filter(is_default=True).exists()

    @pytest.mark.parametrize(
        ("change", "sentence"),
        [
            ({"is_enabled": None}, "has to be enabled"),
            ({"is_listed": None}, "has to be offered"),
            ({"abilities": ["tools"]}, "has to be able to chat"),
            ({"teams": True}, "has to be for everybody"),
        ],
    )
    def test_its_form_keeps_it_fit(self, admin_client, spec, change, sentence):
        if "teams" in change:
            change = {"teams": [str(Team.objects.create(name="Few").pk)]}
        set_default_model(spec)
        assert sentence in save(admin_client, spec, **change)
        fresh = ModelSpec.objects.get()
        assert (fresh.is_enabled, fresh.is_listed, fresh.teams.exists()) == (True, True, False)
        ModelSpec.objects.update(is_default=False)
        spec.refresh_from_db()
        assert save(admin_client, spec, **change) == ""


class TestPrices:
    def test_an_edit_is_by_hand_and_stays_so(self, admin_client, spec):
        look_up_prices([spec], even_by_hand=False)
        spec.refresh_from_db()
        source = spec.price_source
        assert save(admin_client, spec, label="Renamed") == ""
        assert spec.price_source == source
        assert save(admin_client, spec, input_price="7.25") == ""
        assert (spec.input_price, spec.price_source) == (Decimal("7.25"), BY_HAND)
        assert save(admin_client, spec, label="Renamed again") == ""
        assert (spec.input_price, spec.price_source) == (Decimal("7.25"), BY_HAND)
        assert "written by hand" in admin_client.get(page(spec)).content.decode()

    def test_they_are_looked_up_for_the_chosen(self, admin_client, spec, other):
        house = add_provider("House", "https://models.example.test/v1")
        foreign = add_model(house, "gpt-5.4", input_price=3, price_source="a contract")
        said = do(admin_client, "look_up_all", spec, foreign)
        assert "Prices changed: Large One" in said
        assert "Prices unknown, left as they were: gpt-5.4" in said
        assert "Prices looked up" in LogEntry.objects.get(object_id=str(spec.pk)).change_message
        for each in (spec, other, foreign):
            each.refresh_from_db()
        assert spec.output_price == 15
        assert spec.price_source.startswith("genai-prices")
        assert other.output_price is None
        assert (foreign.input_price, foreign.price_source) == (3, "a contract")
        assert "No price changed." in do(admin_client, "look_up_all", spec)

    def test_one_by_hand_stays_among_several(self, admin_client, spec, other):
        ModelSpec.objects.filter(pk=spec.pk).update(input_price=1, price_source=BY_HAND)
        for more in ({}, {"select_across": "1"}):
            said = do(admin_client, "look_up_all", spec, other, **more)
            assert "Written by hand, left as they are: Large One" in said
            spec.refresh_from_db()
            assert (spec.input_price, spec.price_source) == (1, BY_HAND)

    def test_one_by_hand_gives_way_where_it_alone_was_chosen(self, admin_client, spec, other):
        ModelSpec.objects.filter(pk=spec.pk).update(input_price=1, price_source=BY_HAND)
        do(admin_client, "look_up_all", spec)
        spec.refresh_from_db()
        assert spec.input_price == Decimal("2.5")
        assert spec.price_source.startswith("genai-prices")

    def test_the_button_on_its_page_looks_them_up(self, admin_client, spec):
        ModelSpec.objects.filter(pk=spec.pk).update(input_price=1, price_source=BY_HAND)
        spec.refresh_from_db()
        given = form(spec, providers_modelspec_look_up="1")
        said = admin_client.post(page(spec), given, follow=True).content.decode()
        assert "Prices changed: Large One" in said
        spec.refresh_from_db()
        assert spec.input_price == Decimal("2.5")
        assert LogEntry.objects.exists()


class TestResting:
    @pytest.fixture
    def tired(self, spec: ModelSpec) -> ModelSpec:
        spec.rests_until = timezone.now() + dt.timedelta(minutes=9)
        spec.rest_reason = "quota"
        spec.save()
        return spec

    def test_its_page_and_the_list_say_so(self, admin_client, tired):
        html = admin_client.get(page(tired)).content.decode()
        assert "It rests until" in html
        assert "used up its quota" in html
        assert "resting" in admin_client.get(LIST).content.decode()

    def test_it_is_woken_from_the_list_and_from_its_page(self, admin_client, tired):
        assert "Awake again: Large One" in do(admin_client, "wake_all", tired)
        assert "Woken up" in LogEntry.objects.get(object_id=str(tired.pk)).change_message
        fresh = ModelSpec.objects.get()
        assert (fresh.rests_until, fresh.rest_reason) == (None, "")
        tired.save()
        given = form(tired, providers_modelspec_wake="1")
        assert "Awake again" in admin_client.post(page(tired), given, follow=True).content.decode()
        logged = LogEntry.objects.filter(object_id=str(tired.pk))
        assert logged.filter(change_message__contains="Woken up").count() == 2
        assert not ModelSpec.objects.get().is_resting
        assert "Wake up" not in _buttons(admin_client.get(page(tired)).content.decode())

    def test_what_is_off_says_why(self, admin_client, spec):
        assert "It is asked." in admin_client.get(page(spec)).content.decode()
        Provider.objects.update(is_enabled=False)
        assert "Its provider is switched off." in admin_client.get(page(spec)).content.decode()
        ModelSpec.objects.update(is_enabled=False)
        assert "Switched off." in admin_client.get(page(spec)).content.decode()


def _buttons(html: str) -> str:
    return html.partition("submit-row")[2]


class TestRoutes:
    def route(self, to: ModelSpec, **more: Any) -> dict[str, Any]:
        return {"to": str(to.pk), "priority": "1", "weight": "1", **more}

    def test_are_added_changed_and_removed(self, admin_client, spec, other):
        html = admin_client.get(page(spec)).content.decode()
        assert "Those from 1 stand in" in html
        assert "Small One · OpenAI" in html
        assert save(admin_client, spec, self.route(other, priority="0", weight="3")) == ""
        route = Route.objects.get()
        assert (route.model, route.to, route.priority, route.weight) == (spec, other, 0, 3)
        changed = self.route(other, id=str(route.pk), model=str(spec.pk), priority="2")
        assert save(admin_client, spec, changed) == ""
        assert Route.objects.get().priority == 2
        assert save(admin_client, spec, {**changed, "DELETE": "on"}) == ""
        assert not Route.objects.exists()

    def test_one_to_itself_is_refused(self, admin_client, spec):
        assert "no route to itself" in save(admin_client, spec, self.route(spec))
        assert not Route.objects.exists()

    def test_the_same_twice_is_refused(self, admin_client, spec, other):
        said = save(admin_client, spec, self.route(other), self.route(other, priority="0"))
        assert "already in the list" in said
        assert not Route.objects.exists()
        Route.objects.create(model=spec, to=other)
        assert "already in the list" in save(admin_client, spec, self.route(other))
        assert Route.objects.count() == 1

    def test_one_that_is_removed_makes_room(self, admin_client, spec, other):
        old = Route.objects.create(model=spec, to=other, priority=1)
        gone = self.route(other, id=str(old.pk), model=str(spec.pk), DELETE="on")
        assert save(admin_client, spec, gone, self.route(other, priority="5")) == ""
        assert [route.priority for route in Route.objects.all()] == [5]

    def test_where_one_leads_is_settled(self, admin_client, spec, other):
        old = Route.objects.create(model=spec, to=other, priority=1)
        third = add_model(spec.provider, "gpt-4.1")
        moved = self.route(third, id=str(old.pk), model=str(spec.pk))
        assert save(admin_client, spec, moved) == ""
        assert [route.to for route in Route.objects.all()] == [other]

    @pytest.mark.parametrize(
        "wrong",
        [{"weight": "0"}, {"weight": "-1"}, {"weight": ""}, {"weight": "99999"},
         {"priority": "-1"}, {"priority": "x"}, {"to": "nobody"}, {"to": "", "weight": "2"}],
    )  # fmt: skip
    def test_nonsense_is_refused(self, admin_client, spec, other, wrong):
        assert "error" in save(admin_client, spec, {**self.route(other), **wrong})
        assert not Route.objects.exists()


class TestList:
    def names(self, client: Client, **query: str) -> list[str]:
        return [each.name for each in client.get(LIST, query).context["cl"].result_list]

    def test_it_says_what_each_can_and_costs(self, admin_client, spec, other):
        look_up_prices([spec], even_by_hand=False)
        set_default_model(other)
        html = admin_client.get(LIST).content.decode()
        for words in ("chat, calls tools", "$2.5 / $15", "unknown", "the default", "answering"):
            assert words in html
        assert "$0" not in html

    def test_it_is_filtered_by_ability_and_found_by_its_names(self, admin_client, spec, other):
        ModelSpec.objects.filter(pk=other.pk).update(abilities=["embeddings"], public_name="pub")
        assert self.names(admin_client, ability="embeddings") == ["gpt-5.4-mini"]
        assert self.names(admin_client, ability="tools") == ["gpt-5.4"]
        assert self.names(admin_client, ability="images") == []
        assert len(self.names(admin_client, ability="nonsense")) == 2
        assert self.names(admin_client, q="pub") == ["gpt-5.4-mini"]
        assert self.names(admin_client, q="large one") == ["gpt-5.4"]

    def test_two_hundred_cost_what_two_do(
        self, admin_client, spec, other, django_assert_max_num_queries
    ):
        team = Team(name="All")
        save_team(team, [])
        for number in range(200):
            each = add_provider(f"p{number}", "https://x.example.test/v1")
            add_model(each, f"m{number}").teams.add(team)
        with django_assert_max_num_queries(10):
            response = admin_client.get(LIST)
        assert len(response.context["cl"].result_list) == 50
        for number in range(20):
            to = ModelSpec.objects.get(name=f"m{number}")
            Route.objects.create(model=spec, to=to)
        with django_assert_max_num_queries(20):
            assert admin_client.get(page(spec)).status_code == 200
