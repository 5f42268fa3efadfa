"""A translation's form, what is asked for it, and what must not get lost."""

import pytest

from generator.recipes import built_in
from generator.recipes.base import Misread, Problem
from generator.recipes.marks import lost
from tests.generator.readers import filled, form_of

recipe = built_in["translation"]


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"text": ""}, "text"),
        ({"language": ""}, "language"),
        ({"language": "other"}, "other_language"),
        ({"language": "German", "from_language": "German"}, "language"),
        ({"glossary": "bench = Werkbank\nno equals sign"}, "glossary"),
        ({"glossary": "= Werkbank"}, "glossary"),
        ({"glossary": "bench ="}, "glossary"),
        ({"glossary": "\n".join(f"t{n} = u{n}" for n in range(201))}, "glossary"),
        ({"tone": "loud"}, "tone"),
    ],
    ids=[
        "no text",
        "no language",
        "other but which",
        "same language",
        "no equals sign",
        "no term",
        "no translation",
        "too many",
        "unknown tone",
    ],
)
def test_the_form_says_what_is_wrong(fields, wrong):
    assert list(form_of("translation", **{"text": "A text.", **fields}).errors) == [wrong]


def test_the_line_of_a_glossary_is_named():
    form = form_of("translation", text="T.", glossary="bench = Werkbank\n\nwrong")
    assert "Line 3" in str(form.errors["glossary"])


def test_a_glossary_is_tidied_and_asked_for():
    values = filled("translation", text="T.", language="German", glossary=" bench =Werkbank \n\n")
    assert values["glossary"] == "bench = Werkbank"
    assert "otherwise:\nbench = Werkbank\n" in recipe.ask(values, "T.").user


def test_languages_and_tone_are_asked_for():
    values = filled(
        "translation", text="T.", from_language="French", language="German", tone="formal"
    )
    asked = recipe.ask(values, "T.").user
    assert asked.startswith("Translate the text from French into German.\nTone: formal.")
    asked = recipe.ask(filled("translation", text="T.", language="German"), "T.").user
    assert asked.startswith("Translate the text into German.\n\n<text>")


def test_another_language_is_named_by_the_person():
    values = filled("translation", text="T.", language="other", other_language="Swiss German")
    assert "into Swiss German." in recipe.ask(values, "T.").user


def test_a_part_says_which_it_is():
    values = filled("translation", text="T.", language="German")
    assert "this part (2 of 3)" in recipe.ask_part(values, "Part.", 2, 3).user


@pytest.mark.parametrize(
    "mark",
    [
        "{name}",
        "{}",
        "{0}",
        "{user.name}",
        "{{x}}",
        "{{ user }}",
        "${x}",
        "%s",
        "%d",
        "%1$s",
        "%.2f",
        "%(x)s",
        "%(count)d",
        "<b>",
        "</b>",
        "<br/>",
        "https://example.com/a?b=c",
        "`make run`",
        "```sh\nmake run\n```",
    ],
)
def test_a_mark_that_is_lost_is_found(mark):
    source = f"Before {mark} after."
    assert lost(source, source) == []
    assert lost(source, f"Davor {mark} danach.") == []
    assert len(lost(source, "Davor danach.")) == 1
    values = filled("translation", text=source, language="German")
    with pytest.raises(Misread) as caught:
        recipe.read(values, "Davor danach.")
    assert caught.value.problem is Problem.LOST_MARKS
    assert recipe.read(values, f"Davor {mark} danach.") == f"Davor {mark} danach."


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        ("100% sure, 5 % discount", "100 % sicher, 5 % Rabatt"),
        ("a < b and b > c", "a kleiner b"),
        ('<a href="/en" title="Home">Home</a>', '<a href="/en" title="Start">Start</a>'),
        ("See https://example.com.", "Siehe https://example.com!"),
        ("See [it](https://example.com/a).", "见[它](https://example.com/a)。"),
        ("See https://example.com/a, then", "见https://example.com/a，然后"),
        ("```sh\nmake\n```", "```sh\nmake\n```\n"),
        ("one {name}", "{name} und {name}"),
    ],
    ids=[
        "per cent",
        "comparison",
        "attributes",
        "sentence's end",
        "link",
        "Chinese beside it",
        "code",
        "more than before",
    ],
)
def test_what_is_no_loss(source, answer):
    assert lost(source, answer) == []


def test_a_mark_that_is_there_less_often_is_lost():
    assert lost("{a} {a} {b}", "{a} {b}") == ["{a}"]


def test_the_text_itself_is_no_translation():
    text = "This sentence is long enough that it is not the same in two languages."
    values = filled("translation", text=text, language="German")
    with pytest.raises(Misread) as caught:
        recipe.read(values, f"{text}\n")
    assert caught.value.problem is Problem.LANGUAGE
    short = filled("translation", text="Taxi", language="German")
    assert recipe.read(short, "Taxi") == "Taxi"
