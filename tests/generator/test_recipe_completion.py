"""A text gone on with: what its form takes, what is asked, and what the provider hears."""

from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import uuid4

import pytest

from generator.door import GeneratorDoor
from generator.models import Variant
from generator.plan import prompt_of
from generator.recipes import built_in
from generator.recipes.base import Ask, Kind, Task
from providers.backends.clients import close_clients
from providers.models import Ability, ModelSpec
from providers.tokens import count, input_bound
from providers.values import Turn
from runs.actions import finish
from runs.claims import claim
from runs.states import State
from tests.fake_backend import FakeBackend, running
from tests.generator.readers import answer, filled, form_of, prompt_text, queued, variant_of
from tests.providers.conftest import backend, read

RECIPE = built_in["completion"]
SET = {
    "prompt": "Once upon ",
    "max_tokens": "40",
    "temperature": "1.3",
    "top_p": "0.9",
    "seed": "7",
    "presence_penalty": "-0.5",
    "frequency_penalty": "0.25",
    "stop": "END\r\n\\n\r\n  two spaces",
}
CHATS = ModelSpec(name="m", context_window=8192, max_output_tokens=1024)
COMPLETES = ModelSpec(
    name="m",
    context_window=8192,
    max_output_tokens=1024,
    abilities=[Ability.CHAT.value, Ability.COMPLETIONS.value],
)


@pytest.fixture
async def fake() -> AsyncIterator[FakeBackend]:
    async with running() as server:
        yield server
        await close_clients()


def errors(**fields: object) -> dict[str, object]:
    return form_of("completion", **{"prompt": "Once", **fields}).errors


def asked(**fields: object) -> Ask:
    return RECIPE.ask(filled("completion", **{"prompt": "Once", **fields}))


# The form


def test_it_is_plain_text_in_free_form():
    assert (RECIPE.task, RECIPE.kind) == (Task.FREE, Kind.PLAIN)


@pytest.mark.parametrize(
    ("name", "ends", "beyond"),
    [
        ("max_tokens", ("1", "1000000"), ("0", "-1", "1000001", "1.5", "")),
        ("temperature", ("0", "2"), ("-0.1", "2.01", "warm")),
        ("top_p", ("0", "1"), ("-0.1", "1.01", "inf")),
        ("seed", ("0", "2147483647"), ("-1", "2147483648", "0.5")),
        ("presence_penalty", ("-2", "2"), ("-2.1", "2.1", "nan")),
        ("frequency_penalty", ("-2", "2"), ("-2.1", "2.1", "a")),
    ],
)
def test_each_number_has_its_ends(name, ends, beyond):
    for number in ends:
        assert not errors(**{name: number})
    for number in beyond:
        assert errors(**{name: number}).keys() == {name}, number


@pytest.mark.parametrize("prompt", ["", " \r\n\t", "a\x00b", "x" * 50_001], ids=range(4))
def test_a_prompt_is_a_text_of_a_length(prompt):
    assert errors(prompt=prompt).keys() == {"prompt"}


def test_a_prompt_keeps_its_spaces_and_has_line_ends_of_a_text():
    assert filled("completion", prompt=" \r\n A\r\nB ")["prompt"] == " \n A\nB "


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("", []),
        ("\r\n\r\n", []),
        ("a\r\nb\nc\r\nd\r\n", ["a", "b", "c", "d"]),
        (" a ", [" a "]),
        (r"\n\n" + "\n" + r"\tb", ["\n\n", "\tb"]),
        ("a\na", ["a"]),
    ],
    ids=["none", "empty", "four", "spaces", "escaped", "twice"],
)
def test_what_to_stop_at_is_one_a_line(typed, kept):
    assert filled("completion", prompt="x", stop=typed)["stop"] == kept


@pytest.mark.parametrize("typed", ["a\nb\nc\nd\ne", "x" * 101, "a\x00"], ids=range(3))
def test_there_are_four_short_texts_to_stop_at(typed):
    assert errors(stop=typed).keys() == {"stop"}


def test_what_was_kept_is_typed_the_same_way_when_it_is_run_again():
    values = filled("completion", **SET)
    shown = RECIPE.Form(initial=values)
    again = RECIPE.Form({name: shown[name].value() for name in shown.fields})
    assert again.is_valid(), again.errors
    assert again.cleaned_data == values


# What is asked


def test_every_parameter_is_in_what_is_asked():
    assert RECIPE.ask(filled("completion", **SET)) == Ask(
        user="Once upon ",
        completes=True,
        max_tokens=40,
        temperature=1.3,
        top_p=0.9,
        seed=7,
        presence_penalty=-0.5,
        frequency_penalty=0.25,
        stop=("END", "\n", "  two spaces"),
    )


def test_what_changes_nothing_or_was_left_empty_is_left_to_the_server():
    plain = Ask(user="Once", completes=True, max_tokens=256)
    assert asked() == replace(plain, temperature=1.0)
    empty = dict.fromkeys(("temperature", "top_p", "presence_penalty", "frequency_penalty"), "")
    assert asked(**empty) == plain
    assert asked(temperature="0", top_p="0") == replace(plain, temperature=0.0, top_p=0.0)


async def test_the_provider_hears_all_of_it(fake: FakeBackend):
    fake.queue(pieces=["  a time\n"])
    prompt = prompt_of(RECIPE.ask(filled("completion", **SET)), COMPLETES)
    deltas = await read(backend(fake, "fake-hears"), prompt)
    (call,) = fake.calls
    assert call.path == "/v1/completions"
    assert call.request == {
        "model": "fake-hears",
        "stream": True,
        "stream_options": {"include_usage": True},
        "prompt": "Once upon ",
        "max_tokens": 40,
        "temperature": 1.3,
        "top_p": 0.9,
        "seed": 7,
        "presence_penalty": -0.5,
        "frequency_penalty": 0.25,
        "stop": ["END", "\n", "  two spaces"],
    }
    written = "".join(delta.text for delta in deltas)
    assert RECIPE.read(filled("completion", **SET), written) == "  a time"


async def test_a_model_that_only_talks_is_told_to_go_on(fake: FakeBackend):
    prompt = prompt_of(RECIPE.ask(filled("completion", **SET)), CHATS)
    await read(backend(fake, "fake-n2-talks"), prompt)
    (call,) = fake.calls
    system, user = call.messages
    assert call.path == "/v1/chat/completions"
    assert "Go on with the user's text" in system["content"]
    assert user == {"role": "user", "content": "Once upon "}
    assert call.request["seed"] == 7
    assert "prompt" not in call.request


def test_going_on_continues_what_was_written():
    ask = asked()
    assert prompt_of(ask, COMPLETES, " upon").turns == (Turn("user", "Once upon"),)
    assert prompt_of(ask, CHATS, " upon").turns[1:] == (
        Turn("user", "Once"),
        Turn("assistant", " upon"),
    )


@pytest.mark.parametrize("model", [COMPLETES, CHATS], ids=["completes", "chats"])
def test_what_is_held_for_it_covers_all_that_is_read(model):
    prompt = prompt_of(asked(prompt="词 and words. " * 200), model)
    assert input_bound(prompt, model) > sum(count(turn.text, model) for turn in prompt.turns)


def test_more_than_the_model_may_write_is_not_asked_for():
    assert prompt_of(asked(max_tokens="5000"), COMPLETES).max_tokens == 1024


# What is kept


@pytest.mark.parametrize(
    ("stop", "text", "kept"),
    [
        ("", "\n\n  a time \n", "\n\n  a time \n"),
        ("END", " a END b END", " a "),
        ("b\na", "x a b", "x "),
        ("END", "END", ""),
        (r"\n", " one\ntwo", " one"),
        ("never", " a", " a"),
    ],
    ids=["spaces", "first", "earliest", "at-once", "line", "none"],
)
def test_a_result_is_as_it_was_written_up_to_where_it_stops(stop, text, kept):
    assert RECIPE.read(filled("completion", prompt="x", stop=stop), text) == kept


# Which models it asks


@pytest.fixture
def completes(model: ModelSpec) -> ModelSpec:
    abilities = [Ability.COMPLETIONS.value]
    return ModelSpec.objects.create(
        provider=model.provider, name="base", label="Base model", abilities=abilities
    )


def test_a_model_that_only_completes_is_offered_here_and_nowhere_else(owner_client, completes):
    assert "Base model" in owner_client.get("/generate/completion/").content.decode()
    assert "Base model" not in owner_client.get("/generate/story/").content.decode()


def test_a_model_that_only_completes_is_asked(owner_client, completes):
    sent = {**SET, "client_id": uuid4(), "model": completes.pk}
    assert owner_client.post("/generate/completion/", sent).status_code == 302
    (step,) = queued(Variant.objects.get())
    run = claim(step.run_id, "test")
    assert run is not None
    assert run.served_by == completes
    assert GeneratorDoor().build(run, completes).completes
    assert finish(run, State.STOPPED, text="a time", error_kind="")
    more = f"/generate/works/{step.variant.work_id}/another/"
    assert owner_client.post(more, {"client_id": uuid4(), "model": completes.pk}).status_code == 302
    resume = f"/generate/variants/{step.variant_id}/resume/"
    assert owner_client.post(resume, {"client_id": uuid4()}).status_code == 302
    assert {each.model for each in Variant.objects.all()} == {completes}


def test_a_recipe_that_talks_does_not_ask_it(owner_client, completes):
    sent = {"idea": "A cat.", "words": 100, "genre": "mystery", "language": "English"}
    sent |= {"client_id": uuid4(), "model": completes.pk}
    assert owner_client.post("/generate/story/", sent).status_code == 422
    assert not Variant.objects.exists()


@pytest.mark.django_db
def test_spaces_around_a_result_are_kept(owner, model):
    variant = variant_of(owner, model, "completion", filled("completion", prompt="Once"))
    (step,) = queued(variant)
    answer(step, "\n  upon a time ")
    variant.refresh_from_db()
    assert (variant.text, variant.problem) == ("\n  upon a time ", "")


@pytest.mark.django_db
def test_one_that_is_asked_again_has_no_word_of_ours_in_it(owner, model):
    variant = variant_of(owner, model, "completion", filled("completion", prompt="Once"))
    (step,) = queued(variant)
    answer(step, "")
    (second,) = queued(variant)
    assert prompt_text(second.run, model) == "Once"
