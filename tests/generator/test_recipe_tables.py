"""The recipes whose result is a table: labels, names, and columns of one's own."""

import json
import time

import pytest

from generator.recipes import built_in
from generator.recipes.base import Join, Kind, Misread, Problem
from tests.generator.readers import filled, form_of

TEXT = "Ada Byron paid 20 euros in Paris. Paris was full."


def misread(slug, values, answer) -> str:
    with pytest.raises(Misread) as caught:
        built_in[slug].read(values, answer)
    assert caught.value.problem is Problem.NOT_JSON
    return caught.value.told


def lines(slug, values, answer) -> list[str]:
    return built_in[slug].read(values, json.dumps(answer)).splitlines()


@pytest.mark.parametrize("slug", ["classification", "extraction", "table-extraction"])
def test_they_are_shown_as_tables(slug):
    assert built_in[slug].kind is Kind.TABLE


class TestNames:
    """Labels, kinds and columns are written one a line."""

    def test_they_are_tidied(self):
        form = form_of(
            "table-extraction", text="T.", row="r", columns=" a : one:two \n\nb：zwei\nc:"
        )
        assert form.is_valid()
        assert form.cleaned_data["columns"] == ["a: one:two", "b: zwei", "c"]

    @pytest.mark.parametrize(
        "columns",
        ["", "\n \n", "a\nA", ": only a meaning", "x" * 81, "\n".join(map(str, range(21)))],
        ids=["none", "blank", "twice", "no name", "long name", "too many"],
    )
    def test_what_is_wrong_with_them_is_said(self, columns):
        form = form_of("table-extraction", text="T.", row="r", columns=columns)
        assert list(form.errors) == ["columns"]


class TestClassification:
    def one(self, **fields):
        return filled("classification", **{"text": TEXT, "labels": "good: fine\nbad", **fields})

    @pytest.mark.parametrize(
        ("fields", "wrong"),
        [
            ({"text": ""}, "text"),
            ({"labels": ""}, "labels"),
            ({"labels": "one only"}, "labels"),
            ({"labels_from": "stars"}, "labels_from"),
        ],
        ids=["no text", "no labels", "one label", "unknown labels"],
    )
    def test_the_form_says_what_is_wrong(self, fields, wrong):
        fields = {"text": "T.", "labels": "a\nb", **fields}
        assert list(form_of("classification", **fields).errors) == [wrong]

    def test_labels_and_their_meanings_are_asked_for_and_only_they_are_taken(self):
        asked = built_in["classification"].ask(self.one(), TEXT)
        assert "exactly one of these labels:\n- good: fine\n- bad\n" in asked.user
        item = asked.schema["properties"]["results"]["items"]
        assert item["properties"]["labels"]["items"]["enum"] == ["good", "bad"]

    def test_sentiment_needs_no_labels(self):
        values = self.one(labels="", labels_from="sentiment")
        assert "- positive: " in built_in["classification"].ask(values, TEXT).user

    def test_one_text_is_one_row(self):
        answer = {"results": [{"number": 1, "labels": ["good"], "confidence": 0.92}]}
        assert lines("classification", self.one(), answer) == [
            "| Text | Label | Confidence |",
            "| --- | --- | --- |",
            f"| {TEXT} | good | 92% |",
        ]

    def test_each_line_is_a_row_in_its_place(self):
        values = self.one(text="one | a\n\n two ", each_line=True, several=True)
        assert "1. one | a\n2. two\n" in built_in["classification"].ask(values, values["text"]).user
        answer = {
            "results": [
                {"number": 2, "labels": ["bad", "good"], "confidence": 1},
                {"number": 1, "labels": ["good"], "confidence": 0},
            ]
        }
        assert lines("classification", values, answer)[2:] == [
            "| one \\| a | good | 0% |",
            "| two | bad, good | 100% |",
        ]

    @pytest.mark.parametrize(
        ("results", "told"),
        [
            ([{"number": 1, "labels": ["great"], "confidence": 1}], "'great' is not one of"),
            ([{"number": 1, "labels": ["good", "bad"], "confidence": 1}], "too long"),
            ([{"number": 1, "labels": [], "confidence": 1}], "non-empty"),
            ([{"number": 1, "labels": ["good"], "confidence": 7}], "maximum"),
            ([{"number": 1, "labels": ["good"], "confidence": 1}], "no result for number 2"),
        ],
        ids=["another label", "two labels", "no label", "beyond certain", "a text left out"],
    )
    def test_what_is_wrong_is_told(self, results, told):
        values = self.one(text="one\ntwo", each_line=True)
        assert told in misread("classification", values, json.dumps({"results": results}))

    def test_how_parts_are_joined_depends_on_what_a_text_is(self):
        recipe = built_in["classification"]
        assert recipe.joining(self.one()) is Join.NOTES
        assert recipe.joining(self.one(each_line=True)) is Join.LINES
        assert "part 1 of 2" in recipe.ask_part(self.one(), "Part.", 1, 2).user


class TestExtraction:
    def test_something_must_be_looked_for(self):
        form = form_of("extraction", text="T.", kinds=[], own_kinds="")
        assert list(form.errors) == ["kinds"]
        assert list(form_of("extraction", text="T.", kinds=["ghost"]).errors) == ["kinds"]

    def test_kinds_are_asked_for_and_only_they_are_taken(self):
        values = filled("extraction", text=TEXT, kinds=["place"], own_kinds="law: with its number")
        asked = built_in["extraction"].ask(values, TEXT)
        assert "kinds:\n- place\n- law: with its number\n\n<text>" in asked.user
        answer = '{"found": [{"kind": "person", "text": "Ada"}]}'
        assert "'person' is not one of" in misread("extraction", values, answer)

    def test_each_is_there_once_with_how_often_the_text_names_it(self):
        found = [
            {"kind": "place", "text": "Paris"},
            {"kind": "person", "text": "Ada\nByron"},
            {"kind": "place", "text": "PARIS"},
            {"kind": "place", "text": "Rome"},
            {"kind": "place", "text": ""},
        ]
        values = filled("extraction", text=TEXT)
        assert lines("extraction", values, {"found": found})[2:] == [
            "| place | PARIS | 2 |",
            "| place | Rome | 0 |",
            "| person | Ada Byron | 1 |",
        ]

    def test_what_several_parts_name_is_counted_together(self):
        recipe, values = built_in["extraction"], filled("extraction", text=TEXT)
        answer = '{"found": [{"kind": "place", "text": "Paris"}]}'
        kept = [recipe.read_part(values, answer, part) for part in ("Paris. Paris", "In Paris.")]
        assert recipe.joined(values, kept).splitlines()[2:] == ["| place | Paris | 3 |"]

    def test_thousands_in_a_very_long_text_are_listed_within_a_moment(self):
        """A worker reads them within a transaction: only the first are counted, the rest is not
        said to be missing from the text.
        """
        values = filled("extraction", text="Ada met Bob. " * 75_000)
        many = [{"kind": "person", "text": name} for name in ("Ada", *map(str, range(20_000)))]
        began = time.process_time()
        rows = lines("extraction", values, {"found": many})[2:]
        assert time.process_time() - began < 4
        assert len(rows) == 20_001
        assert rows[:2] == ["| person | Ada | 75000 |", "| person | 0 | 0 |"]
        assert rows[-1] == "| person | 19999 |  |"


class TestTableExtraction:
    @pytest.fixture
    def values(self):
        columns = "Käufer\nprice: with its currency"
        return filled("table-extraction", text=TEXT, row="a payment", columns=columns)

    def test_columns_are_asked_for(self, values):
        asked = built_in["table-extraction"].ask(values, TEXT)
        assert "Each row is: a payment" in asked.user
        assert "- Käufer\n- price: with its currency" in asked.user
        item = asked.schema["properties"]["rows"]["items"]
        assert item["required"] == ["Käufer", "price"]

    def test_rows_are_read(self, values):
        rows = [{"Käufer": "Ada | <b>", "price": 20}, {"Käufer": "A\nB", "price": None}]
        assert lines("table-extraction", values, {"rows": rows}) == [
            "| Käufer | price |",
            "| --- | --- |",
            "| Ada \\| \\<b\\> | 20 |",
            "| A B |  |",
        ]

    @pytest.mark.parametrize(
        ("rows", "told"),
        [
            ([{"Käufer": "Ada"}], "'price' is a required property"),
            ([{"Käufer": "Ada", "price": "1", "more": "x"}], "'more' was unexpected"),
            ([{"Käufer": ["Ada"], "price": "1"}], "['Ada'] is not of type"),
            ({}, "is not of type 'array'"),
        ],
        ids=["a column left out", "another column", "a list", "no rows"],
    )
    def test_what_is_wrong_is_told(self, values, rows, told):
        assert told in misread("table-extraction", values, json.dumps({"rows": rows}))
