"""Questions about a text: what is asked, and that quotations are of the text."""

import time

import pytest

from generator.recipes import built_in
from generator.recipes.base import Misread, Problem
from tests.generator.readers import filled, form_of

recipe = built_in["questions"]
TEXT = "The lease was signed by Ada Byron on 3 May.\nIt ends after two years, “unless renewed”."


@pytest.fixture
def values():
    return filled("questions", text=TEXT, questions="Who signed?\n\n When does it end? ")


@pytest.mark.parametrize(
    ("field", "value"),
    [("text", ""), ("questions", " "), ("questions", "x" * 4001), ("language", "Klingon")],
    ids=["no text", "no question", "too long", "unknown language"],
)
def test_the_form_says_what_is_wrong(field, value):
    fields = {"text": TEXT, "questions": "Who?", field: value}
    assert list(form_of("questions", **fields).errors) == [field]


def test_each_question_is_numbered_and_the_text_is_below(values):
    asked = recipe.ask(values, TEXT)
    assert asked.user.startswith("Questions:\n1. Who signed?\n2. When does it end?\n\n")
    assert asked.user.endswith(f"<text>\n{TEXT}\n</text>")
    assert "the text does not say it" in asked.system


def test_of_a_part_the_passages_are_asked_for(values):
    asked = recipe.ask_part(values, "Part.", 1, 3).user
    assert "1. Who signed?" in asked
    assert "part 1 of 3" in asked
    assert "passages of one long text" in recipe.ask(values, "Passages.", is_notes=True).user


@pytest.mark.parametrize(
    "answer",
    [
        "Ada Byron.\n> The lease was signed by Ada Byron on 3 May.",
        '> the lease was SIGNED by *Ada Byron* … after two years, "unless renewed"',
        "The text does not say it.",
        "> on 3 May",
    ],
    ids=["word for word", "other marks", "no quotation", "short"],
)
def test_a_quotation_of_the_text_is_kept(values, answer):
    assert recipe.read(values, answer) == answer


def test_a_quotation_that_the_text_does_not_say_is_a_problem(values):
    with pytest.raises(Misread) as caught:
        recipe.read(values, "Bob.\n> The lease was signed by Bob Miller on 3 May.")
    assert caught.value.problem is Problem.QUOTE
    assert "BobMiller".casefold() in caught.value.told


def test_thousands_of_quotations_are_looked_at_within_a_moment():
    text = " ".join(map(str, range(150_000)))
    many = "\n".join(f"> {text[at : at + 40]}" for at in range(0, 800_000, 40))
    began = time.process_time()
    recipe.read(filled("questions", text=text, questions="Which?"), many)
    assert time.process_time() - began < 1.5


def test_it_is_called_by_its_questions(values):
    assert recipe.title(values) == "Who signed? When does it end?"
