"""From an outline to an article: its sections are asked for at once, and nothing is lost."""

import uuid
from functools import partial

import pytest
from django.core.exceptions import ValidationError

from generator.actions import add_variant, delete_work
from generator.articles.actions import (
    mend_article,
    rewrite_section,
    stop_article,
    write_article,
)
from generator.articles.planning import (
    add_section,
    begin_article,
    put_back,
    remove_section,
    save_outline,
)
from generator.articles.showing import ArticleView
from generator.models import Act, Article, Work
from generator.recipes.outlines import MOST_SECTIONS, written
from generator.steps import AT_ONCE
from runs.actions import finish
from runs.claims import claim
from runs.models import Run
from runs.states import State
from tests.generator.newsroom import (
    DETAILS,
    PLAN,
    article_of,
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
from tests.generator.readers import answer, queued
from tests.generator.test_long_material import pages
from tests.threads import in_threads

pytestmark = pytest.mark.django_db


def headings(article: Article) -> list[str]:
    return [section.heading for section in sections(article)]


def test_an_outline_becomes_sections_that_share_the_length(owner, model):
    article = article_of(owner, model, words=301)
    assert [(s.heading, s.notes) for s in sections(article)] == PLAN
    assert [s.words for s in sections(article)] == [101, 100, 100]
    assert begin_article(article.outline) == article
    assert len(sections(article)) == 3


def test_all_sections_are_asked_for_at_once_and_each_knows_the_others(owner, model):
    article = begun(owner, model)
    waiting = asked(article)
    assert [writing.section.heading for writing in waiting] == [heading for heading, _ in PLAN]
    prompt = prompt_of(waiting[1].run, model)
    assert all(heading in prompt and notes in prompt for heading, notes in PLAN)
    assert "Write the section “The dance” now, about 100 words." in prompt
    assert prompt.count("(this is the one you write)") == 1


def test_at_most_so_many_at_once_and_the_rest_follows(owner, model):
    plan = [(f"Part {n}", "") for n in range(AT_ONCE + 4)]
    article = begun(owner, model, plan=plan, words=1600)
    assert len(asked(article)) == AT_ONCE
    reply(asked(article)[0], words(100))
    assert len(asked(article)) == AT_ONCE
    assert reply_all(article, obliging) == AT_ONCE + 4  # and the details
    assert [s.current.text for s in sections(article)] == [words(100)] * len(plan)


def test_title_and_summary_come_after_the_last_section(owner, model):
    article = begun(owner, model)
    for writing in asked(article):
        assert writing.act == Act.WRITE
        reply(writing, words(100))
    last = asked(article)
    assert [writing.act for writing in last] == [Act.DETAILS]
    assert "word100" in prompt_of(last[0].run, model)
    reply(last[0], DETAILS)
    article.refresh_from_db()
    assert article.work.title == "How bees find home"
    assert (article.summary, article.keywords) == ("Bees use the sun.", "bees, navigation")
    assert asked(article) == []


def test_a_title_that_somebody_wrote_stays(owner, model):
    article = begun(owner, model)
    Work.objects.filter(pk=article.pk).update(title="Mine")
    reply_all(article, obliging)
    article.refresh_from_db()
    assert (article.work.title, article.seo_title) == ("Mine", "Bees and the sun")


def test_details_that_are_no_json_are_asked_for_twice_and_then_left(owner, model):
    article = begun(owner, model)
    for writing in asked(article):
        reply(writing, words(100))
    assert reply_all(article, lambda writing: "Here is your title!") == 2
    article.refresh_from_db()
    assert (article.summary, article.paused_by) == ("", "")


def test_the_material_is_in_each_prompt(owner, model):
    article = begun(owner, model, text="Bees see polarised light.")
    assert all("polarised light" in prompt_of(w.run, model) for w in asked(article))


def test_of_a_long_material_the_notes_are_and_what_is_nearest_where_they_do_not_fit(owner, model):
    article = article_of(owner, model, text=pages(20))
    assert article.notes.startswith("Noted 0.")
    lines = [f"Fact {n} of the harbour and its ships in winter." for n in range(300)]
    lines[150] = "The waggle dance tells the distance."
    Article.objects.filter(pk=article.pk).update(notes="\n".join(lines))
    write_article(article, model)
    prompts = [prompt_of(writing.run, model) for writing in asked(article)]
    assert "waggle dance tells the distance" in prompts[1]
    assert all("Fact 0 of" in prompt and "Fact 299" not in prompt for prompt in prompts)


def test_another_outline_sets_what_is_written_aside_to_be_put_back(owner, model):
    article = whole(owner, model)
    work = article.work
    another = add_variant(work, model, uuid.uuid4())
    answer(queued(another)[0], written([("New one", "a"), ("New two", "b")]))
    another.refresh_from_db()
    begin_article(another)
    assert headings(article) == ["New one", "New two"]
    aside = list(article.sections.set_aside())
    assert len(aside) == 3
    put_back(aside[0])
    assert headings(article)[2] == aside[0].heading
    assert sections(article)[2].current.text == words(100)


def test_an_outline_is_not_changed_while_it_is_written(owner, model):
    article = begun(owner, model)
    another = add_variant(article.work, model, uuid.uuid4())
    answer(queued(another)[0], written(PLAN))
    another.refresh_from_db()
    with pytest.raises(ValidationError):
        begin_article(another)
    with pytest.raises(ValidationError):
        remove_section(sections(article)[0])


def test_sections_are_moved_taken_out_added_and_put_back(owner, model):
    article = article_of(owner, model)
    first, second, third = sections(article)
    save_outline(article, {third.pk: {}, first.pk: {"heading": "Sun"}})
    assert headings(article) == [third.heading, "Sun", second.heading]
    save_outline(article, {each.pk: {} for each in (first, second, third, *sections(article))})
    assert headings(article) == ["Sun", second.heading, third.heading]
    remove_section(first)
    assert headings(article) == [second.heading, third.heading]
    client_id = uuid.uuid4()
    made = add_section(article, "Mine", "", 80, client_id)
    assert add_section(article, "Mine", "", 80, client_id) == made
    put_back(first)
    put_back(first)
    assert headings(article) == [second.heading, third.heading, "Mine", "Sun"]
    assert [section.position for section in sections(article)] == [0, 1, 2, 3]


def test_more_sections_than_an_article_may_have_are_refused(owner, model):
    article = article_of(owner, model, plan=[(f"S{n}", "") for n in range(MOST_SECTIONS)])
    with pytest.raises(ValidationError):
        add_section(article, "One more", "", 80, uuid.uuid4())


def test_nothing_is_asked_for_twice_when_one_asks_twice(owner, model):
    article = begun(owner, model)
    write_article(article, model)
    assert article.writings.count() == 3
    reply_all(article, obliging)
    write_article(article, model)
    assert asked(article) == []


def test_stopping_keeps_what_was_written_and_goes_on_from_there(owner, model):
    article = begun(owner, model, plan=[*PLAN, *[(f"More {n}", "") for n in range(AT_ONCE)]])
    written = asked(article)[0]
    run = claim(written.run_id, "test")
    stop_article(article)
    article.refresh_from_db()
    assert article.paused_by == "person"
    assert finish(run, State.STOPPED, text="A beginning")
    assert sections(article)[0].current.text == "A beginning"
    assert not sections(article)[0].current.is_whole
    assert not article.writings.filter(is_open=True).exists()
    assert not Run.objects.live().exists()
    write_article(article, model)
    first = asked(article)[0]
    assert first.run.prefix == "A beginning"
    reply(first, " and an end.")
    assert asked(article)[0].run.prefix.startswith("A beginning and an end.")


def test_an_error_leaves_nothing_waiting_and_the_rest_is_asked_for_again(owner, model):
    article = begun(owner, model, plan=[*PLAN, *[(f"More {n}", "") for n in range(AT_ONCE)]])
    broken, *others = asked(article)
    reply(broken, "", State.FAILED)
    for writing in others:
        reply(writing, words(writing.words))
    article.refresh_from_db()
    shown = ArticleView.of(article)
    assert article.paused_by == "cut_stream"
    assert (shown.is_live, shown.is_whole, shown.written) == (False, False, AT_ONCE - 1)
    write_article(article, model)
    assert reply_all(article, obliging) == 5
    assert ArticleView.of(article).is_whole


def test_what_is_mended_or_could_not_be_changed_is_written_all_the_same(owner, model):
    article = whole(owner, model)
    mend_article(article, model, uuid.uuid4())
    shown = ArticleView.of(article)
    assert (shown.is_live, shown.written) == (True, 3)
    stop_article(article)
    for writing in asked(article):
        reply(writing, "", State.STOPPED)
    rewrite_section(sections(article)[0], Act.PLAINER, model, uuid.uuid4())
    reply(asked(article)[0], "Half", State.FAILED)
    assert ArticleView.of(article).is_whole


def test_deleting_stops_what_is_written(owner, model):
    article = begun(owner, model)
    runs = [writing.run_id for writing in asked(article)]
    delete_work(article.work)
    assert not Article.objects.exists()
    stopped = Run.objects.filter(pk__in=runs)
    assert all(run.state == State.STOPPED or run.stop_requested_at for run in stopped)


@pytest.mark.django_db(transaction=True)
def test_twelve_that_end_at_once_are_all_kept(owner, model):
    plan = [(f"Part {n}", "") for n in range(AT_ONCE)]
    article = begun(owner, model, plan=plan, words=100 * AT_ONCE)
    in_threads(*[partial(reply, writing, words(100)) for writing in asked(article)])
    assert all(section.current.is_whole for section in sections(article))
    assert [writing.act for writing in asked(article)] == [Act.DETAILS]


def test_what_was_planned_by_hand_is_set_aside_too(owner, model):
    article = article_of(owner, model)
    first, *_others = sections(article)
    save_outline(article, {first.pk: {"notes": "Typed for an hour."}})
    add_section(article, "Mine", "", 80, uuid.uuid4())
    another = add_variant(article.work, model, uuid.uuid4())
    answer(queued(another)[0], written([("New one", "a"), ("New two", "b")]))
    another.refresh_from_db()
    begin_article(another)
    assert headings(article) == ["New one", "New two"]
    aside = {section.heading for section in article.sections.set_aside()}
    assert aside == {first.heading, "Mine"}
