"""What is wrong with an answer whatever it was asked for, and the JSON that is in one."""

import pytest

from generator.recipes.answers import check
from generator.recipes.base import Ask, Misread, Problem
from generator.recipes.scripts import is_in_another
from generator.recipes.structured import json_of, of_list

ASK = Ask(
    system="You rewrite texts. You keep what they say, and you write nothing but the new text.",
    user="Rewrite the text so that it is formal and about as long as it was before.\n\nhi there",
)
VALUES = {"text": "hi there", "tone": "formal", "language": "English", "words": 20}


def problem_of(answer: str, ask: Ask = ASK, /, **values: object) -> str:
    try:
        check(answer, ask, {**VALUES, **values})
    except Misread as error:
        return error.problem.value
    return ""


class TestEmptyAndEcho:
    @pytest.mark.parametrize("text", ["", " \n\t ", "\u3000"], ids=["none", "blank", "wide blank"])
    def test_nothing(self, text):
        assert problem_of(text) == Problem.EMPTY

    @pytest.mark.parametrize(
        "text",
        [
            ASK.user,
            ASK.user.upper(),
            f"**{ASK.user}**",
            f"{ASK.system}\n\n{ASK.user}",
            f"Sure! {ASK.user}\n\nHello.",
            ASK.system,
            "Rewrite the text so that it is formal and about as long as it was before.",
        ],
        ids=["it", "in capitals", "in bold", "whole", "and more", "the system's", "instructions"],
    )
    def test_the_request_once_more(self, text):
        assert problem_of(text) == Problem.ECHO

    @pytest.mark.parametrize(
        "text",
        ["hi there", "Good day.", "The text was formal before.", "x" * 5000],
        ids=["the text itself", "another", "words in common", "long"],
    )
    def test_what_is_no_echo(self, text):
        assert not problem_of(text)

    def test_a_long_text_that_comes_again_is_the_persons_own(self):
        text = "The quick brown fox jumps over the lazy dog, and then it sleeps. " * 30
        ask = Ask(user=f"Correct it.\n\n{text}")
        assert not problem_of(text, ask, text=text)

    def test_a_list_that_was_filled_in_is_ones_own_as_well(self):
        labels = ["a label that is rather long: with a meaning that is longer still"]
        ask = Ask(user="\n".join(labels))
        assert not problem_of(f"I chose: {labels[0]}", ask, labels=labels)

    def test_a_completion_may_say_again_what_it_began_with(self):
        ask = Ask(user="One, two, three, four, five, six, seven, eight, nine, ten.", completes=True)
        assert not problem_of(f"{ask.user} {ask.user}", ask)
        assert problem_of(ask.user, ask) == Problem.ECHO

    def test_an_own_recipes_answer_may_be_its_template_filled_in(self):
        template = "Write exactly so:\n\nDear {}, your parcel is late. We are sorry for it. {}"
        ask = Ask(system="You write letters that nobody minds.", user=template.format("…", "…"))
        check(template.format("Ada", "It comes soon."), ask, {}, is_own=True)
        with pytest.raises(Misread):
            check(ask.user.upper(), ask, {}, is_own=True)


class TestLanguage:
    ENGLISH = "This is an answer of several words, plainly in English."
    CHINESE = "这是一个用中文写的回答，里面有很多汉字，一看就知道是中文。"
    JAPANESE = "これは日本語で書かれた答えです。ひらがなとカタカナがあります。"
    RUSSIAN = "Это ответ на русском языке, в нём достаточно букв."

    @pytest.mark.parametrize(
        ("language", "text"),
        [
            ("Simplified Chinese", ENGLISH),
            ("Traditional Chinese", JAPANESE),
            ("English", CHINESE),
            ("Japanese", CHINESE + CHINESE),
            ("Japanese", ENGLISH),
            ("Korean", CHINESE),
            ("Arabic", RUSSIAN),
            ("Hebrew", ENGLISH),
            ("German", RUSSIAN),
            ("Russian", ENGLISH),
            ("Hindi", ENGLISH),
            ("thai", ENGLISH),
        ],
    )
    def test_another_script_is_another_language(self, language, text):
        assert is_in_another(text, language)
        assert problem_of(text, language=language) == Problem.LANGUAGE

    @pytest.mark.parametrize(
        ("language", "text"),
        [
            ("English", ENGLISH),
            ("Simplified Chinese", CHINESE),
            ("Japanese", JAPANESE),
            ("Ukrainian", RUSSIAN),
            ("German", ENGLISH),
            ("Chinese", "简体中文：GitHub, PostgreSQL, Django, Celery, Valkey 都可以用来部署。"),
            ("Chinese", "```python\nprint('nothing but code that is long enough')\n```"),
            ("Chinese", "https://example.com/a/long/address/that/has/many/letters"),
            ("English", "你好"),
            ("Klingon", CHINESE),
            ("the language of the text", CHINESE),
            ("Python", ENGLISH),
            ("", CHINESE),
        ],
        ids=str,
    )
    def test_what_is_not_certain_is_let_pass(self, language, text):
        assert not is_in_another(text, language)


class TestJson:
    SCHEMA = of_list("rows", {"name": {"type": "string"}, "age": {"type": ["number", "null"]}})
    GOOD = '{"rows": [{"name": "Ada", "age": 36}]}'
    VALUE = {"rows": [{"name": "Ada", "age": 36}]}

    @pytest.mark.parametrize(
        "text",
        [
            GOOD,
            f"```json\n{GOOD}\n```",
            f"Here it is:\n```\n{GOOD}\n```\nAnything else?",
            f"Sure! {GOOD} I hope this helps.",
            f'I was asked for {{"rows": [...]}}. So: {GOOD}',
            f'<think>{{"rows": 1}}</think>\n{GOOD}',
        ],
        ids=["alone", "fenced", "fenced in words", "in words", "after a form", "after a thought"],
    )
    def test_it_is_found(self, text):
        assert json_of(text, self.SCHEMA) == self.VALUE

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("Sorry, I cannot.", "it is not JSON"),
            (GOOD[:-4], "it is not JSON"),
            ('{"rows": [{"name": "Ada", "age": NaN}]}', "age"),
            ('{"rows": [{"name": 1, "age": 2}]}', "$.rows[0].name: 1 is not of type 'string'"),
            ('{"rows": [{"name": "Ada"}]}', "'age' is a required property"),
            ('{"lines": []}', "'rows' is a required property"),
            ("[" * 100_000, "it is not JSON"),
            ('{"rows": ' + "9" * 5000 + "}", "it is not JSON"),
            ("{" * 100_000, "it is not JSON"),
        ],
        ids=[
            "words",
            "cut",
            "no number",
            "type",
            "lacks a key",
            "another key",
            "deep",
            "huge number",
            "braces",
        ],
    )
    def test_what_is_wrong_is_told_in_short(self, text, reason):
        with pytest.raises(Misread) as caught:
            json_of(text, self.SCHEMA)
        assert caught.value.problem is Problem.NOT_JSON
        if reason != "age":
            assert reason in caught.value.told
        assert len(caught.value.told) < 400

    def test_what_the_database_cannot_keep_is_replaced(self):
        text = '{"rows": [{"name": "a\\u0000b\\ud800", "age": null}]}'
        name = json_of(text, self.SCHEMA)["rows"][0]["name"]
        assert name.encode()
        assert "\0" not in name

    def test_a_long_reason_is_cut(self):
        with pytest.raises(Misread) as caught:
            json_of(f'{{"rows": "{"x" * 9000}"}}', self.SCHEMA)
        assert len(caught.value.told) < 400
