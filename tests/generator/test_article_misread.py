"""An answer that is not a section, or not an article's details: asked once more, then shown."""

import uuid

import pytest

from generator.articles.actions import rewrite_section, write_article
from generator.articles.door import ArticleDoor
from generator.articles.showing import ArticleView
from generator.models import Act, Article, Section, Writing
from generator.models.article import Asks
from generator.recipes.base import Problem
from providers.models import ModelSpec
from providers.tokens import input_bound
from tests.generator.newsroom import (
    DETAILS,
    asked,
    begun,
    obliging,
    prompt_of,
    reply,
    reply_all,
    sections,
    whole,
    words,
)

pytestmark = pytest.mark.django_db

CHINESE = "蜜蜂靠太阳的位置找到回家的路，它们会跳舞告诉同伴花在哪里。" * 4
TITLE = "The sun as a compass"


@pytest.fixture
def article(owner, model) -> Article:
    return begun(owner, model)


def first(article: Article) -> Writing:
    return asked(article)[0]


def section(article: Article) -> Section:
    return sections(article)[0]


def text_of(article: Article, answer: str) -> str:
    """Return what the first section comes to with this answer."""
    Writing.objects.filter(pk=first(article).pk).update(words=None)
    reply(first(article), answer)
    return section(article).current.text


def bad_answer(problem: str, prompt: str) -> str:
    return {"empty": " \n", "echo": prompt, "language": CHINESE}[problem]


def shown(article: Article) -> ArticleView:
    article.refresh_from_db()
    return ArticleView.of(article)


# Asked once more


@pytest.mark.parametrize("problem", ["empty", "echo", "language"])
def test_it_is_asked_once_more_with_what_was_wrong(article, model, problem):
    prompt = prompt_of(first(article).run, model)
    reply(first(article), bad_answer(problem, prompt))
    again = first(article)
    assert prompt_of(again.run, model).startswith(f"{prompt}\n\nAn earlier answer ")
    assert section(article).current is None
    reply(again, words(100))
    version = section(article).current
    assert (version.text, version.problem) == (words(100), "")
    assert shown(article).sections[0].problem == ""


@pytest.mark.parametrize("problem", ["empty", "echo", "language"])
def test_the_second_time_it_is_shown_with_its_problem(article, model, problem):
    for _time in range(2):
        reply(first(article), bad_answer(problem, prompt_of(first(article).run, model)))
    view = shown(article).sections[0]
    assert view.problem == Problem(problem).label
    assert bool(view.text.strip()) is (problem != "empty")
    assert all(writing.section.position for writing in asked(article))


def test_a_section_that_stayed_empty_is_written_when_one_goes_on(article, model):
    for _time in range(2):
        reply(first(article), "")
    reply_all(article, obliging)
    assert shown(article).sections[0].state == "broken"
    write_article(article, model)
    reply(first(article), words(100))
    assert section(article).current.text == words(100)
    assert shown(article).sections[0].problem == ""


# What there is already is not lost by what is asked for more


@pytest.mark.parametrize("second", ["", "echo"])
def test_a_short_text_is_kept_where_the_model_writes_no_more(article, model, second):
    reply(first(article), words(60))
    for _time in range(2):
        assert first(article).asks == Asks.MORE
        reply(first(article), prompt_of(first(article).run, model) if second else "")
    version = section(article).current
    assert (version.text, version.is_whole, version.problem) == (words(60), True, "")


def test_a_long_text_is_kept_where_the_model_does_not_shorten_it(article):
    reply(first(article), words(180))
    for _time in range(2):
        reply(first(article), "")
    assert section(article).current.text == words(180)


def test_more_that_is_asked_for_again_still_goes_on_from_there(article, model):
    reply(first(article), words(60))
    reply(first(article), "")
    again = first(article)
    assert again.run.prefix == f"{words(60)}\n\n"
    reply(again, words(40, "more"))
    assert section(article).current.text == f"{words(60)}\n\n{words(40, 'more')}"


def test_a_cut_text_is_not_taken_for_a_whole_one_of_the_right_length(article):
    reply(first(article), words(99) + " hal", reason="length")
    reply(first(article), "ves " + words(40, "end"))
    while first(article).section == section(article):
        reply(first(article), words(190))  # too long, always
    assert section(article).current.text == "word1 " + " ".join(
        (words(99) + " halves " + words(40, "end")).split()[1:]
    )


def test_a_good_text_is_not_replaced_by_one_with_a_problem(owner, model):
    article = whole(owner, model)
    before = section(article).current
    rewrite_section(section(article), Act.PLAINER, model, uuid.uuid4())
    for _time in range(2):
        reply(first(article), prompt_of(first(article).run, model))
    now = section(article)
    assert now.current == before
    assert now.proposed.problem == Problem.ECHO
    rewrite_section(section(article), Act.PLAINER, model, uuid.uuid4())
    for _time in range(2):
        reply(first(article), "")
    assert section(article).current == before
    assert shown(article).sections[0].problem == Problem.EMPTY.label


# Where the request may come again


def test_an_instruction_may_hold_what_is_to_be_added(owner, model):
    article = whole(owner, model)
    added = "Bees also remember the smell of lavender near the old mill by the river. " * 12
    rewrite_section(
        section(article), Act.ASKED, model, uuid.uuid4(), instruction=f"Add this: {added}"
    )
    reply(first(article), f"{words(100)}\n\n{added}")
    version = section(article).current
    assert (version.act, version.problem) == (Act.ASKED, "")


def test_another_language_may_be_asked_for(owner, model):
    article = whole(owner, model)
    rewrite_section(
        section(article), Act.ASKED, model, uuid.uuid4(), instruction="Translate it into Chinese."
    )
    reply(first(article), CHINESE)
    assert section(article).current.text == CHINESE
    rewrite_section(section(article), Act.PLAINER, model, uuid.uuid4())  # which keeps it
    reply(first(article), CHINESE[:-10])
    assert section(article).current.text == CHINESE[:-10]


# Headings, tags and code


@pytest.mark.parametrize(
    "above",
    [
        f"## {TITLE}",
        f"# {TITLE} #",
        f"**{TITLE}**",
        f"{TITLE}:",
        f"1. {TITLE}",
        f"# How bees find home\n\n## {TITLE}",
        f"{TITLE}\n{'=' * 20}",
        f"### {TITLE}",
    ],
    ids=["two", "closed", "bold", "plain", "numbered", "title too", "underlined", "three"],
)
def test_the_heading_is_not_repeated_above_the_text(article, above):
    assert text_of(article, f"{above}\n\nBees see the sun.") == "Bees see the sun."


def test_the_first_words_are_no_heading(article):
    assert text_of(article, "#\n\nBees see the sun.\n\nAnd more.").endswith(
        "Bees see the sun.\n\nAnd more."
    )


def test_headings_inside_are_lower_than_the_sections(article):
    text = "It begins.\n\n# One\n\n ## Two\n\nThree\n=====\n\n#### Four\n\n#hash"
    assert text_of(article, text) == (
        "It begins.\n\n### One\n\n### Two\n\n### Three\n\n#### Four\n\n#hash"
    )


@pytest.mark.parametrize(
    "code",
    [
        "```sh\n# a comment\nls\n```",
        "~~~\n# a comment\n~~~",
        "````md\n```\n# in it\n```\n# and here\n````",
        "```xml\n<text>\n<notes>\n</notes>\n</text>\n```",
        "```sh\n# not closed",
    ],
    ids=["sh", "tildes", "nested", "xml", "open"],
)
def test_code_stays_as_it_is(article, code):
    assert text_of(article, f"Run it:\n\n{code}") == f"Run it:\n\n{code}"


@pytest.mark.parametrize(
    "around",
    ["<text>\n{}\n</text>", "```markdown\n{}\n```", "<notes>{}</notes>"],
    ids=["text", "block", "notes"],
)
def test_what_a_model_puts_around_a_text_is_left_out(article, around):
    assert text_of(article, around.format("Bees see\n\nthe sun.")) == "Bees see\n\nthe sun."


def test_a_first_line_of_a_million_marks_is_read_quickly(article):
    assert text_of(article, f"# {'#' * 200_000}x\n\nText.")


# Title and summary

BROKEN = {
    "words": "Here is your title!",
    "cut": DETAILS[:60],
    "a list": "[]",
    "without a title": DETAILS.replace("How bees find home", '\\"\\"'),
    "blank": DETAILS.replace("How bees find home", "  "),
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN.keys())
def test_details_that_cannot_be_used_are_asked_for_twice_and_then_told(article, answer):
    for writing in asked(article):
        reply(writing, words(100))
    assert reply_all(article, lambda writing: answer) == 2
    view = shown(article)
    assert (view.article.work.title, view.article.summary) == ("How bees find their way home", "")
    assert view.details_problem == Problem.NOT_JSON.label
    assert not view.is_live


def test_the_second_answer_may_be_right(article):
    for writing in asked(article):
        reply(writing, words(100))
    reply(first(article), "{")
    reply(first(article), f"```json\n{DETAILS}\n```")
    assert shown(article).article.work.title == "How bees find home"
    assert shown(article).details_problem == ""


def test_halves_of_letters_in_json_are_replaced(article):
    for writing in asked(article):
        reply(writing, words(100))
    reply(first(article), DETAILS.replace("How bees", "How \\ud83d \\u0000 bees"))
    assert shown(article).article.work.title == "How � � bees find home"


def test_details_of_many_sections_fit_into_a_small_model(owner, model):
    plan = [(f"第{n}节", "") for n in range(40)]
    article = begun(owner, model, plan=plan, words=4000, language="Simplified Chinese")
    while asked(article)[0].section is not None:
        reply(first(article), CHINESE[:100])
    spec = ModelSpec.objects.get(pk=model.pk)
    prompt = ArticleDoor().build(first(article).run, spec)
    assert input_bound(prompt, spec) + prompt.max_tokens <= spec.context_window
