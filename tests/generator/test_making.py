"""Works and their results: made once, as many as were asked, and nothing where limits forbid."""

import time
import uuid

import pytest
from django.core.exceptions import ValidationError

from generator.actions import add_variant, delete_work, make_work, pick_variant
from generator.models import MOST_VARIANTS, Step, Variant, Work
from generator.own import recipe_of_version
from generator.own_actions import delete_recipe
from generator.recipes import built_in
from generator.recipes.marks import lost
from providers.errors import LimitReached
from runs.models import Run
from tests.generator.kitchen import make_recipe
from tests.generator.readers import answer, answer_all, filled, queued, variant_of
from tests.threads import in_threads
from usage.limits import set_limits

pytestmark = pytest.mark.django_db


@pytest.fixture
def values() -> dict:
    return filled("story", idea="A cat finds a boat.")


def written() -> tuple[int, ...]:
    return tuple(each.objects.count() for each in (Work, Variant, Step, Run))


def test_what_was_filled_in_is_kept_with_as_many_results_as_were_asked(owner, model, values):
    work = make_work(owner, built_in["story"], values, model, uuid.uuid4(), variants=3)
    work.refresh_from_db()
    assert (work.recipe, work.values, work.title) == ("story", values, "A cat finds a boat.")
    assert [variant.number for variant in work.variants.order_by("number")] == [1, 2, 3]
    assert written() == (1, 3, 3, 3)


def test_asked_twice_it_is_made_once(owner, model, values):
    client_id = uuid.uuid4()
    made = [make_work(owner, built_in["story"], values, model, client_id, 2) for _ in range(2)]
    assert made[0] == made[1]
    assert written() == (1, 2, 2, 2)


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_makes_it(owner, model, values):
    client_id = uuid.uuid4()

    def make() -> Work:
        return make_work(owner, built_in["story"], values, model, client_id)

    assert len({work.pk for work in in_threads(*[make] * 8)}) == 1
    assert written() == (1, 1, 1, 1)


def test_an_id_that_was_used_for_something_else_is_refused(owner, model, values):
    client_id = uuid.uuid4()
    make_work(owner, built_in["story"], values, model, client_id)
    other = {**values, "idea": "A dog."}
    with pytest.raises(ValidationError, match="out of date"):
        make_work(owner, built_in["story"], other, model, client_id)


def test_two_people_may_use_one_id(owner, outsider, model, values):
    client_id = uuid.uuid4()
    works = {
        make_work(each, built_in["story"], values, model, client_id).pk
        for each in (owner, outsider)
    }
    assert len(works) == 2


def test_where_limits_forbid_it_nothing_is_written(owner, model, values):
    set_limits(owner, requests_per_minute=0)
    with pytest.raises(LimitReached):
        make_work(owner, built_in["story"], values, model, uuid.uuid4())
    assert written() == (0, 0, 0, 0)


def test_asked_again_under_a_limit_it_finds_what_was_made(owner, model, values):
    client_id = uuid.uuid4()
    made = make_work(owner, built_in["story"], values, model, client_id)
    set_limits(owner, requests_per_minute=0)
    assert make_work(owner, built_in["story"], values, model, client_id) == made


def test_a_long_title_is_cut(owner, model):
    values = filled("story", idea="word " * 200)
    work = make_work(owner, built_in["story"], values, model, uuid.uuid4())
    assert len(work.title) <= 120
    assert work.title.endswith("…")


def test_one_more_is_added_once(owner, model, values):
    variant = variant_of(owner, model, "story", values)
    client_id = uuid.uuid4()
    added = [add_variant(variant.work, model, client_id) for _ in range(2)]
    assert added[0] == added[1]
    assert added[0].number == 2
    assert written() == (1, 2, 2, 2)


def test_the_last_one_that_is_asked_for_twice_is_found(owner, model, values):
    work = make_work(owner, built_in["story"], values, model, uuid.uuid4(), MOST_VARIANTS - 1)
    client_id = uuid.uuid4()
    last = add_variant(work, model, client_id)
    set_limits(owner, requests_per_minute=0)
    assert add_variant(work, model, client_id) == last


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_adds_it(owner, model, values):
    work = variant_of(owner, model, "story", values).work
    client_id = uuid.uuid4()
    added = in_threads(*[lambda: add_variant(work, model, client_id)] * 8)
    assert len({variant.pk for variant in added}) == 1
    assert written() == (1, 2, 2, 2)


@pytest.mark.django_db(transaction=True)
def test_many_at_once_are_no_more_than_there_may_be(owner, model, values):
    work = make_work(owner, built_in["story"], values, model, uuid.uuid4(), MOST_VARIANTS - 2)

    def add() -> bool:
        try:
            return bool(add_variant(work, model, uuid.uuid4()))
        except ValidationError:
            return False

    assert sum(in_threads(*[add] * 6)) == 2
    numbers = work.variants.order_by("number").values_list("number", flat=True)
    assert list(numbers) == list(range(1, MOST_VARIANTS + 1))


def test_where_limits_forbid_one_more_nothing_is_written(owner, model, values):
    work = variant_of(owner, model, "story", values).work
    set_limits(owner, requests_per_minute=0)
    with pytest.raises(LimitReached):
        add_variant(work, model, uuid.uuid4())
    assert written() == (1, 1, 1, 1)


def test_there_is_an_end_to_one_more(owner, model, values):
    work = make_work(owner, built_in["story"], values, model, uuid.uuid4(), MOST_VARIANTS)
    with pytest.raises(ValidationError, match=str(MOST_VARIANTS)):
        add_variant(work, model, uuid.uuid4())


def test_a_pick_can_change_and_be_taken_back(owner, model, values):
    work = make_work(owner, built_in["story"], values, model, uuid.uuid4(), 2)
    first, second = work.variants.order_by("number")
    for variant, is_picked, expected in [
        (first, True, first),
        (second, True, second),
        (second, False, None),
    ]:
        pick_variant(variant, is_picked=is_picked)
        work.refresh_from_db()
        assert work.picked == expected


def test_an_answer_becomes_the_result(owner, model, values):
    variant = variant_of(owner, model, "story", values)
    asked = answer_all(variant, model, lambda prompt: "# Boat\n\nIt sailed.")
    assert len(asked) == 1
    assert "A cat finds a boat." in asked[0]
    variant.refresh_from_db()
    assert (variant.text, variant.problem, variant.paused_by) == ("# Boat\n\nIt sailed.", "", "")


def test_what_is_deleted_is_gone_with_all_that_was_being_written(owner, model, values):
    variant = variant_of(owner, model, "story", values)
    other = variant_of(owner, model, "story", values)
    delete_work(variant.work)
    assert not Work.objects.filter(pk=variant.work_id).exists()
    states = dict(Run.objects.values_list("topic", "state"))
    assert states == {f"work.{variant.work_id}": "stopped", other.work.topic: "queued"}


def test_an_answer_to_what_was_deleted_meanwhile_is_let_go(owner, model, values):
    variant = variant_of(owner, model, "story", values)
    step = queued(variant)[0]
    Work.objects.filter(pk=variant.work_id).delete()
    answer(step, "Too late.")
    assert written()[:3] == (0, 0, 0)


def test_a_recipe_that_is_deleted_while_it_is_used_leaves_the_answer(owner, model):
    recipe = make_recipe(owner)
    values = {"v-what": "a parcel", "v-tone": "warm"}
    made = recipe_of_version(recipe.current)
    variant = make_work(owner, made, values, model, uuid.uuid4()).variants.get()
    delete_recipe(recipe, owner)
    answer(queued(variant)[0], "It is late.")
    variant.refresh_from_db()
    assert variant.text == "It is late."


@pytest.mark.parametrize(
    "text", ["%" + "0" * 40_000, "http://a" + ")" * 60_000 + "/x"], ids=["percent", "address"]
)
def test_odd_marks_do_not_hold_a_worker_up(text):
    began = time.process_time()
    lost(text, text)
    assert time.process_time() - began < 2
