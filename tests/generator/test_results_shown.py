"""How results and works are shown: how long, as data, with where their text is from."""

import uuid

import pytest

from generator.actions import add_variant, make_work
from generator.measures import measure
from generator.models import Variant
from generator.own import recipe_of_version
from generator.own_variables import Variable
from generator.recipes.base import Kind
from generator.results import results_of
from runs.states import State
from tests.generator.kitchen import make_recipe
from tests.generator.readers import answer, filled, queued, variant_of

TABLE = '{"found": [{"kind": "person", "text": "Ada"}]}'
ADVICE = "choose another model"


@pytest.fixture
def extraction(owner, model) -> Variant:
    return variant_of(owner, model, "extraction", filled("extraction", text="Ada met nobody."))


def page_of(client, variant: Variant) -> str:
    return client.get(f"/generate/works/{variant.work_id}/").content.decode()


@pytest.mark.parametrize(
    ("text", "kind", "told"),
    [
        ("One two three", Kind.MARKDOWN, "3 words"),
        ("One", Kind.PLAIN, "1 word"),
        ("", Kind.MARKDOWN, "0 words"),
        ("```python\na = 1\n\nb = 2\n```", Kind.MARKDOWN, "2 lines of code"),
        ("Look:\n\n```\na\n```\n\nThat is it.", Kind.MARKDOWN, "4 words · 1 line of code"),
        ("~~~~\na\n~~~\nb\n~~~~~\nend", Kind.MARKDOWN, "1 word · 3 lines of code"),
        ("```\nnever closed", Kind.MARKDOWN, "1 line of code"),
        ("```\nfences are no words\n```", Kind.PLAIN, "4 words"),
        ("| a | b |\n| --- | --- |\n| 1 | 2 |", Kind.TABLE, "1 row"),
        ("| a |\n| --- |", Kind.TABLE, "0 rows"),
    ],
    ids=["text", "one", "none", "code", "both", "fences", "open", "plain", "table", "empty"],
)
def test_a_result_is_measured_as_what_it_is(text, kind, told):
    assert measure(text, kind) == told


def test_data_that_was_misread_is_shown_as_it_came_with_advice(owner_client, extraction):
    for _ in range(2):
        answer(queued(extraction)[0], '{"found": *nothing* <b>')
    page = page_of(owner_client, extraction)
    assert "result--raw" in page
    assert '<pre class="plain"><code>{"found": *nothing* &lt;b&gt;' in page
    assert ADVICE in page
    assert "words" not in page[page.index("result-head") : page.index("result-actions")]


def test_data_that_broke_off_is_shown_as_it_came(owner_client, extraction):
    answer(queued(extraction)[0], '{"found": [', State.STOPPED)
    assert "result--raw" in page_of(owner_client, extraction)


def test_a_table_has_rows_and_needs_no_advice(owner_client, extraction):
    answer(queued(extraction)[0], TABLE)
    page = page_of(owner_client, extraction)
    assert "1 row</span>" in page
    assert "result--raw" not in page
    assert ADVICE not in page


def test_as_many_results_are_asked_for_again(owner, owner_client, model, extraction):
    assert 'name="variants" type="number" inputmode="numeric" min="1" max="8" value="1"' in page_of(
        owner_client, extraction
    )
    add_variant(extraction.work, model, uuid.uuid4())
    add_variant(extraction.work, model, uuid.uuid4())
    page = page_of(owner_client, extraction)
    assert 'max="8" value="3"' in page
    assert "at most 8" in page


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("report <1>.pdf", "Read from a file: <bdi>report &lt;1&gt;.pdf</bdi>"),
        ("https://example.org/a?b&c", '<a href="https://example.org/a?b&amp;c" rel="noreferrer'),
        ("javascript:alert(1)", "<bdi>javascript:alert(1)</bdi>"),
    ],
    ids=["file", "address", "script"],
)
def test_where_a_text_is_from_is_shown_with_its_work(owner, owner_client, model, source, shown):
    values = {**filled("summary", text="The boat is green."), "source": source}
    page = page_of(owner_client, variant_of(owner, model, "summary", values))
    assert shown in page


def test_a_pasted_text_is_from_nowhere(owner_client, extraction):
    assert "Read from" not in page_of(owner_client, extraction)


def test_a_work_of_ones_own_recipe_is_called_by_all_that_was_written(owner, model):
    recipe = make_recipe(
        owner,
        prompt="{{greeting}} {{tone}} {{what}}",
        variables=(
            Variable("greeting"),
            Variable("tone", asks="choice", options=("warm",)),
            Variable("what", asks="text"),
        ),
    )

    def title(greeting: str, what: str) -> str:
        values = {"v-greeting": greeting, "v-tone": "warm", "v-what": what}
        own = recipe_of_version(recipe.current)
        return make_work(owner, own, values, model, uuid.uuid4()).title

    assert title("Dear Ben", "a late\nparcel") == "Dear Ben · a late parcel"
    assert title("", "x" * 100) == "x" * 100
    assert title("y" * 100, "the end") == "y" * 56 + "… · the end"
    assert title("", "") == "Polite mail"


def test_results_know_what_they_are(extraction):
    (result,) = results_of(extraction.work)
    assert (result.is_table, result.is_plain, result.is_raw) == (True, False, False)


def test_names_are_typed_again_as_they_were(owner, owner_client, model, extraction):
    assert ">\n[]</textarea>" not in page_of(owner_client, extraction)
    values = filled("extraction", text="Ada met Ben.", own_kinds="law\nproduct: what is sold")
    page = page_of(owner_client, variant_of(owner, model, "extraction", values))
    assert ">\nlaw\nproduct: what is sold</textarea>" in page
