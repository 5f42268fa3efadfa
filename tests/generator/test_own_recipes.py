"""Recipes of one's own: what may be kept, what a version is, and what a prompt is filled with."""

import uuid

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from generator.actions import make_work
from generator.models import OwnRecipe, RecipeVersion, Work
from generator.own import LONGEST_FILLED, Gone, Own, is_open, recipe_of, recipe_of_version
from generator.own_actions import (
    MOST_RECIPES,
    change_recipe,
    create_recipe,
    delete_recipe,
    restore_version,
    share_recipe,
)
from generator.own_content import LONGEST_PROMPT, Content
from generator.own_pages import differences
from generator.own_variables import Variable
from generator.recipes.base import Kind, Task
from providers.errors import BadRequest
from tests.generator.kitchen import content, for_everybody, make_recipe, shared_with_team
from tests.generator.readers import answer, queued
from tests.people import make_person

pytestmark = pytest.mark.django_db
HUNDRED_AND_ONE = tuple(map(str, range(101)))


def refused(fields: dict, owner=None) -> dict[str, list[str]]:
    """Return the sentences by field with which a recipe is refused; nothing is kept of it."""
    owner = owner or make_person()
    with pytest.raises(ValidationError) as error, transaction.atomic():
        create_recipe(owner, content(**fields))
    assert not OwnRecipe.objects.filter(owner=owner).exists()
    return error.value.message_dict


def one(**variable) -> dict:
    """A recipe's fields with one variable."""
    return {"prompt": "{{x}}", "instructions": "", "variables": (Variable("x", **variable),)}


# What is kept


def test_a_recipe_is_made_with_its_first_version(owner):
    recipe = make_recipe(owner, name="  Polite   mail ", temperature=0.5, kind=Kind.PLAIN)
    recipe.refresh_from_db()
    version = recipe.current
    assert (version.number, version.name, version.author) == (1, "Polite mail", owner)
    assert (version.kind, version.temperature, version.task) == ("plain", 0.5, Task.WRITE)
    assert not recipe.is_shared
    assert "Polite" not in str(recipe) + str(version)


def test_a_change_makes_the_next_version_and_leaves_the_last_alone(owner):
    recipe = make_recipe(owner)
    first = RecipeVersion.objects.values().get()
    second = change_recipe(recipe, owner, content(name="Rude mail"), based_on=1)
    recipe.refresh_from_db()
    assert (second.number, recipe.current) == (2, second)
    assert RecipeVersion.objects.values().get(number=1) == first


def test_saving_without_a_change_makes_no_version(owner):
    recipe = make_recipe(owner)
    assert change_recipe(recipe, owner, content(), based_on=1).number == 1
    assert RecipeVersion.objects.count() == 1


def test_a_change_of_an_older_version_is_refused(owner):
    recipe = make_recipe(owner)
    change_recipe(recipe, owner, content(name="From one tab"), based_on=1)
    with pytest.raises(ValidationError, match="version 2 is the newest") as error:
        change_recipe(recipe, owner, content(name="From another"), based_on=1)
    assert error.value.code == "changed_meanwhile"
    recipe.refresh_from_db()
    assert recipe.current.name == "From one tab"


def test_an_old_version_is_made_current_again_by_a_new_one(owner):
    recipe = make_recipe(owner)
    change_recipe(recipe, owner, content(name="Rude mail", variables=(), prompt="x"), based_on=1)
    first = recipe.versions.get(number=1)
    restored = restore_version(first, owner)
    assert restored.number == 3
    assert Content.of(restored) == Content.of(first)
    assert restore_version(first, owner).number == 3, "it is as it was already"


def test_it_is_told_what_differs(owner):
    recipe = make_recipe(owner)
    old = recipe.current
    prompt = "Write {{what}} in a {{tone}} way.\nBe brief."
    new = change_recipe(recipe, owner, content(prompt=prompt, temperature=1), based_on=1)
    assert [(each.name, each.lines) for each in differences(old, new)] == [
        ("Prompt", [(" ", "Write {{what}} in a {{tone}} way."), ("+", "Be brief.")]),
        ("Temperature", [("+", "1")]),
    ]


def test_long_texts_are_compared_quickly(owner):
    lines = [f"{n % 7}" for n in range(90_000)]
    recipe = make_recipe(owner, prompt="\n".join(lines), instructions="", variables=())
    other = content(prompt="\n".join(lines[::-1]), instructions="", variables=())
    (prompt,) = differences(recipe.current, change_recipe(recipe, owner, other, based_on=1))
    assert len(prompt.lines) > 90_000


def test_one_person_has_so_many_recipes(owner):
    made = [make_recipe(owner)]
    made += [OwnRecipe(owner=owner, current_id=uuid.uuid4()) for _ in range(MOST_RECIPES - 1)]
    OwnRecipe.objects.bulk_create(made[1:])
    RecipeVersion.objects.bulk_create(
        RecipeVersion(pk=each.current_id, recipe=each, number=1, name="n", prompt="p")
        for each in made[1:]
    )
    with pytest.raises(ValidationError, match="Delete one before"):
        make_recipe(owner)


# What is refused


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"name": " "}, "name", "Give the recipe a name"),
        ({"name": "n" * 81}, "name", "too long"),
        ({"name": "a\x00"}, "name", "no text"),
        ({"summary": "s" * 201}, "summary", "too long"),
        ({"prompt": " \n"}, "prompt", "Write the prompt"),
        ({"prompt": "{{what}}{{tone}}" + "x" * LONGEST_PROMPT}, "prompt", "too long"),
        ({"prompt": "{{what}}{{tone}}\ud800"}, "prompt", "no text"),
        ({"instructions": "x" * 50_001}, "instructions", "too long"),
        ({"task": "cook"}, "task", "Choose"),
        ({"kind": "table"}, "kind", "Choose"),
        ({"kind": "<b>"}, "kind", "Choose"),
        ({"temperature": 2.1}, "temperature", "between 0 and 2"),
        ({"temperature": float("nan")}, "temperature", "between 0 and 2"),
        ({"prompt": "{{what}}{{tone}}{{who}} {{a b}}"}, "prompt", "{{who}}, {{a b}}"),
        ({"prompt": "{{what}}"}, "variables-1-name", "use {{tone}}"),
        (one(asks="sing"), "variables-0-asks", "Choose"),
        (one(asks="choice"), "variables-0-options", "one on each line"),
        (one(asks="choice", options=(" ", "")), "variables-0-options", "one on each line"),
        (one(asks="choice", options=("o" * 301,)), "variables-0-options", "at most 300"),
        (one(asks="choice", options=HUNDRED_AND_ONE), "variables-0-options", "at most 100"),
        (one(asks="choice", options=("a",), default="b"), "variables-0-default", "valid choice"),
        (one(asks="number", least=3, most=2), "variables-0-most", "smaller than"),
        (one(asks="number", least=float("-inf")), "variables-0-least", "too large"),
        (one(asks="number", most=1e300), "variables-0-most", "too large"),
        (one(asks="number", default="many"), "variables-0-default", "number"),
        (one(asks="number", most=2, example="3"), "variables-0-example", "less than"),
        (one(asks="yes_no", default="perhaps"), "variables-0-default", "yes"),
        (one(default="x" * 301), "variables-0-default", "at most 300"),
        (one(label="x" * 121), "variables-0-label", "at most 120"),
        (one(help="x" * 301), "variables-0-help", "at most 300"),
        (one(help="\x00"), "variables-0-help", "no text"),
        (one(asks="text", example="\ud800"), "variables-0-example", "no text"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_at_its_field(fields, field, words):
    told = refused(fields)
    assert list(told) == [field]
    assert words in " ".join(told[field])


@pytest.mark.parametrize(
    "name", ["", "1st", "_a", "__all__", "a-b", "a}}", "{{a", "a|b", "a...", "x" * 61, "a\nb\x00"]
)
def test_a_bad_name_is_refused(name):
    told = refused({"variables": (Variable(name),), "prompt": "x"})
    assert "begins with a letter" in told["variables-0-name"][0]


def test_a_name_twice_is_refused_at_the_second():
    told = refused({"prompt": "{{a}}", "variables": (Variable("a"), Variable(" a "))})
    assert list(told) == ["variables-1-name"]


def test_a_hundred_variables_are_refused():
    names = [f"v{n}" for n in range(101)]
    prompt = "".join(f"{{{{{name}}}}}" for name in names)
    assert "at most 40" in refused({"prompt": prompt, "variables": ()})["prompt"][0]
    told = refused({"prompt": prompt, "variables": tuple(map(Variable, names))})
    assert "at most 40" in told["variables"][0]


def test_all_that_is_wrong_is_said_at_once():
    told = refused({"name": "", "prompt": "", "variables": (Variable("", asks="choice"),)})
    assert {*told} == {"name", "prompt", "variables-0-name", "variables-0-options"}


# What a prompt is filled with


def own(**fields) -> Own:
    return recipe_of_version(content(**fields).unsaved())


def sent(recipe: Own, **values) -> dict:
    form = recipe.Form({f"v-{name}": value for name, value in values.items()})
    assert form.is_valid(), form.errors
    return form.cleaned_data


def test_a_form_is_made_of_the_variables():
    recipe = own(
        prompt="{{a line}}{{text}}{{number}}{{choice}}{{sure}}{{量}}",
        variables=(
            Variable("a line", label="A line"),
            Variable("text", asks="text", is_required=False),
            Variable("number", asks="number", least=1, most=9, default="3"),
            Variable("choice", asks="choice", options=("a", "b")),
            Variable("sure", asks="yes_no", default="yes"),
            Variable("量", asks="number", is_required=False),
        ),
    )
    form = recipe.Form()
    assert list(form.fields) == ["v-a-line", "v-text", "v-number", "v-choice", "v-sure", "v-量"]
    assert form["v-a-line"].label == "A line"
    assert (form["v-number"].value(), form["v-sure"].value()) == ("3", True)
    values = {"v-a-line": "x", "v-number": "4.0", "v-choice": "b", "v-量": "2.5"}
    form = recipe.Form(values)
    assert form.is_valid()
    assert recipe.ask(form.cleaned_data).user == "x4bno2.5"
    wrong = recipe.Form({"v-number": "10", "v-choice": "c"})
    assert {*wrong.errors} == {"v-a-line", "v-number", "v-choice"}


def test_what_is_filled_in_is_plain_text():
    recipe = own(prompt="{{a}} {{b}} {{ not one } {% now 'Y' %}", instructions="{{a}}",
                 variables=(Variable("a"), Variable("b")))  # fmt: skip
    values = sent(recipe, a="{{b}} {{a}} {{ 7|add:1 }} {% debug %}", b="{{a}}")
    ask = recipe.ask(values)
    assert ask.user == ("{{b}} {{a}} {{ 7|add:1 }} {% debug %} {{a}} {{ not one } {% now 'Y' %}")
    assert ask.system == "{{b}} {{a}} {{ 7|add:1 }} {% debug %}"


def test_what_is_left_empty_leaves_nothing_as_in_saved_prompts():
    recipe = own(prompt="[{{a|inside}}] [{{n}}]", instructions="", variables=(
        Variable("a", is_required=False, default="outside"),
        Variable("n", asks="number", is_required=False),
    ))  # fmt: skip
    assert recipe.Form()["v-a"].value() == "outside"
    assert recipe.ask(sent(recipe, a="")).user == "[] []"


def test_values_of_another_version_do_no_harm():
    assert own().ask({"v-gone": "x", "v-what": "a parcel"}).user == "Write a parcel in a  way."


def test_a_filled_prompt_that_is_too_long_is_refused():
    recipe = own(prompt="{{a}}" * 20_000, instructions="", variables=(Variable("a", asks="text"),))
    form = recipe.Form({"v-a": "x" * (LONGEST_FILLED // 20_000 + 1)})
    assert not form.is_valid()
    assert "longer than 400000" in form.non_field_errors()[0]
    assert recipe.Form({"v-a": "x" * 50_001}).errors["v-a"]


def test_examples_fill_the_preview():
    assert own().ask(own().examples()).user == "Write a late parcel in a warm way."


# Works


@pytest.fixture
def work(owner) -> Work:
    version = make_recipe(owner).current
    return Work.objects.create(
        owner=owner, recipe="own", version=version, title="t", client_id=uuid.uuid4(),
        values={"v-what": "x", "v-tone": "warm"},
    )  # fmt: skip


def test_a_work_keeps_to_the_version_it_was_made_with(owner, work):
    change_recipe(work.version.recipe, owner, content(name="Rude", prompt="{{what}}{{tone}}!"),
                  based_on=1)  # fmt: skip
    work = Work.objects.get()
    assert recipe_of(work).ask(work.values).user == "Write x in a warm way."
    assert recipe_of(work).name == "Polite mail"


def test_an_answer_may_be_the_prompts_template_filled_in(owner, model):
    letter = "Dear {}, " + "your parcel is late, and we are very sorry for that. " * 4
    prompt = f"Be {{{{tone}}}}. Fill this in: {letter.format('{{what}}')}"
    recipe = Own(make_recipe(owner, prompt=prompt).current)
    values = recipe.Form({"v-what": "her", "v-tone": "warm"})
    assert values.is_valid(), values.errors
    work = make_work(owner, recipe, values.cleaned_data, model, uuid.uuid4())
    answer(queued(work.variants.get())[0], letter.format("Ada").strip())
    made = work.variants.get()
    assert (made.text, made.problem) == (letter.format("Ada").strip(), "")


def test_a_work_stays_when_its_recipe_is_deleted(owner, work):
    delete_recipe(work.version.recipe, owner)
    assert not RecipeVersion.objects.exists()
    work = Work.objects.get()
    recipe = recipe_of(work)
    assert isinstance(recipe, Gone)
    assert not is_open(work)
    with pytest.raises(BadRequest):
        recipe.ask(work.values)


def test_a_recipe_that_was_taken_away_is_open_no_more(owner, outsider):
    recipe = shared_with_team(owner, outsider)
    work = Work(owner=outsider, recipe="own", version=recipe.current)
    assert is_open(work)
    recipe.team.members.remove(outsider)
    assert not is_open(work)
    assert recipe_of(work).name == "Polite mail", "what was made stays readable"


# Who may


@pytest.mark.parametrize("verb", ["change", "restore", "share", "delete"])
def test_nobody_does_anything_with_somebody_elses(owner, outsider, admin, verb):
    """Not even an administrator, of a recipe that is nobody else's business."""
    recipe = make_recipe(owner)
    verbs = {
        "change": lambda by: change_recipe(recipe, by, content(name="x"), based_on=1),
        "restore": lambda by: restore_version(recipe.current, by),
        "share": lambda by: share_recipe(recipe, by),
        "delete": lambda by: delete_recipe(recipe, by),
    }
    for by in (outsider, admin):
        with pytest.raises(OwnRecipe.DoesNotExist):
            verbs[verb](by)


def test_what_is_for_everybody_is_changed_by_administrators(owner, admin):
    recipe = for_everybody(admin)
    another = make_person("second@example.test", is_staff=True, is_superuser=True)
    assert change_recipe(recipe, another, content(name="x"), based_on=1).author == another
    admin.is_staff = False
    with pytest.raises(OwnRecipe.DoesNotExist):
        change_recipe(recipe, admin, content(name="y"), based_on=2)


def test_rows_cannot_contradict_themselves(owner):
    recipe = shared_with_team(owner)
    row = OwnRecipe.objects.filter(pk=recipe.pk)
    for broken in ({"is_for_everybody": True}, {"owner": None}):
        with pytest.raises(IntegrityError, match="generator_"), transaction.atomic():
            row.update(**broken)
