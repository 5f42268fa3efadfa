"""What is a variable in a prompt, and what is only text."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistants.variables import Variable, fill, filled_length, variables


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("none at all", []),
        ("{{topic}}", [Variable("topic")]),
        ("{{ customer   name }}", [Variable("customer name")]),
        ("{{tone|friendly}}", [Variable("tone", "friendly")]),
        ("{{tone | very friendly }}", [Variable("tone", "very friendly")]),
        ("{{tone|}}", [Variable("tone", "")]),
        ("{{tone|a|b}}", [Variable("tone", "a|b")]),
        ("{{letter...}}", [Variable("letter", None, True)]),
        ("{{letter ...|Dear}}", [Variable("letter", "Dear", True)]),
        ("{{主题}} {{имя_2}}", [Variable("主题"), Variable("имя_2")]),
        ("{{a}} {{b}} {{a}}", [Variable("a"), Variable("b")]),
        ("{{a}} {{a|x}} {{a|y}} {{a...}}", [Variable("a", "x", True)]),
    ],
)
def test_variables_are_found_once_and_in_order(text, expected):
    assert variables(text) == expected


PLAIN = [
    "{{",
    "}}",
    "{{}}",
    "{{ }}",
    "{{|x}}",
    "{{...}}",
    "{{a}",
    "{a}}",
    "{a}",
    "{{2nd}}",
    "{{a-b}}",
    "{{a.b}}",
    "{{ settings.SECRET_KEY }}",
    "{{ request.user.password }}",
    "{% load static %}",
    "{% include 'x' %}{# c #}",
    "{{a\nb}}",
    "{{a(1)}}",
    "{{'a'}}",
    "{{a:>10}}",
    "{{" + "n" * 61 + "}}",
    "${a} %(a)s %s",
]


@pytest.mark.parametrize("text", PLAIN)
def test_anything_else_is_plain_text(text):
    assert variables(text) == []
    assert fill(text, {"a": "X", "settings": "X", "request": "X"}) == text


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("{{{a}}}", "{1}"),
        ("{{ {{a}} }}", "{{ 1 }}"),
        ("{{a{{a}}", "{{a1"),
        ("{{a}}}}", "1}}"),
        ("{{{{a}}}}", "{{1}}"),
    ],
)
def test_nested_and_unbalanced_braces_keep_what_is_no_variable(text, filled):
    assert fill(text, {"a": "1"}) == filled


def test_values_are_never_expanded_again():
    assert fill("{{a}} {{b}}", {"a": "{{b}}", "b": "{{a}} \\1 \\g<0>"}) == "{{b}} {{a}} \\1 \\g<0>"


def test_a_missing_value_means_the_default_and_an_empty_one_means_nothing():
    assert fill("[{{a|x}}] [{{a}}] [{{b}}]", {}) == "[x] [x] []"
    assert fill("[{{a|x}}]", {"a": ""}) == "[]"


def test_values_nobody_asked_for_are_left_out():
    assert fill("{{a}}", {"a": "1", "z": "2"}) == "1"


def test_all_places_of_a_variable_are_filled():
    assert fill("{{a}}, {{ a }} and {{a|x}}", {"a": "1"}) == "1, 1 and 1"


@given(st.text(alphabet="{}|. ab\n%", max_size=60), st.text(max_size=10))
def test_filling_never_fails_and_its_length_is_known_before(text, value):
    values = {variable.name: value for variable in variables(text)}
    assert len(fill(text, values)) == filled_length(text, values)
    assert values or fill(text, values) == text


@pytest.mark.parametrize("text", ["{{" * 50_000, "{{a" * 33_000, "{{a}}" * 20_000, "{" * 100_000])
def test_a_hostile_text_takes_no_time(text):
    begun = time.perf_counter()
    fill(text, {"a": "1"})
    assert time.perf_counter() - begun < 1
