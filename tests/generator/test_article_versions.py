"""The texts of a section: none is lost, whoever changes it, and whatever ends meanwhile."""

import uuid

import pytest
from django.core.exceptions import ValidationError

from generator.actions import delete_work
from generator.articles.actions import (
    accept_all,
    decide,
    edit_section,
    mend_article,
    restore_version,
    rewrite_section,
    stop_article,
    stop_section,
    suggest_details,
    write_article,
)
from generator.articles.planning import put_back, remove_section
from generator.articles.showing import ArticleView
from generator.models import Act, Article, Section, SectionVersion, Writing
from providers.models import ModelSpec
from runs.actions import finish
from runs.claims import claim
from runs.models import Run
from runs.states import State
from tests.generator.newsroom import (
    DETAILS,
    asked,
    begun,
    obliging,
    reply,
    reply_all,
    sections,
    whole,
    words,
)

pytestmark = pytest.mark.django_db
MENDED = f"{words(100)} Mended."


@pytest.fixture
def article(owner, model) -> Article:
    return whole(owner, model)


def section(article: Article) -> Section:
    return sections(article)[0]


def history(article: Article) -> list[tuple[str, str]]:
    versions = section(article).versions.order_by("number")
    return list(versions.values_list("act", "text"))


def by_hand(article: Article, text: str) -> None:
    now = section(article)
    assert edit_section(now, text, now.current_id)


# By hand


def test_an_edit_makes_a_version_and_saving_the_same_makes_none(article):
    by_hand(article, "Mine.")
    by_hand(article, "Mine.")
    assert history(article) == [(Act.WRITE, words(100)), (Act.EDIT, "Mine.")]
    assert section(article).current.text == "Mine."


def test_an_edit_of_a_version_that_stands_no_more_is_not_kept(article):
    old = section(article).current_id
    by_hand(article, "Mine.")
    assert not edit_section(section(article), "Yours.", old)
    assert not edit_section(section(article), "Yours.", None)
    assert [text for _act, text in history(article)] == [words(100), "Mine."]


def test_restoring_keeps_the_later_ones(article):
    first = section(article).current
    by_hand(article, "Mine.")
    restore_version(section(article), first)
    assert section(article).current == first
    assert len(history(article)) == 2
    by_hand(article, "Mine again.")
    assert section(article).current.number == 3


# Beside a model


def test_a_rewrite_that_ends_after_an_edit_is_proposed(article, model):
    rewrite_section(section(article), Act.PLAINER, model, uuid.uuid4())
    by_hand(article, "Mine.")
    reply(asked(article)[0], words(90, "plain"))
    now = section(article)
    assert (now.current.text, now.proposed.text) == ("Mine.", words(90, "plain"))
    decide(now, now.proposed_id, accept=True)
    assert section(article).current.text == words(90, "plain")
    assert section(article).proposed is None


def test_one_that_breaks_off_after_an_edit_is_in_the_history_only(article, model):
    rewrite_section(section(article), Act.PLAINER, model, uuid.uuid4())
    by_hand(article, "Mine.")
    reply(asked(article)[0], "Half of", State.INTERRUPTED)
    now = section(article)
    assert (now.current.text, now.proposed) == ("Mine.", None)
    assert (Act.PLAINER, "Half of") in history(article)


def test_a_section_written_by_hand_while_it_is_written(owner, model):
    article = begun(owner, model)
    by_hand(article, "Mine.")
    reply(asked(article)[0], words(100))
    now = section(article)
    assert (now.current.text, now.proposed.text) == ("Mine.", words(100))


def test_an_edit_takes_a_proposal_away_and_a_late_decision_does_nothing(article, model):
    mend_article(article, model, uuid.uuid4())
    reply_all(article, lambda writing: MENDED)
    proposed = section(article).proposed_id
    by_hand(article, "Mine.")
    assert section(article).proposed is None
    decide(section(article), proposed, accept=True)
    assert section(article).current.text == "Mine."
    accept_all(article)
    assert section(article).current.text == "Mine."
    assert [each.current.text for each in sections(article)[1:]] == [MENDED, MENDED]


def test_what_is_mended_of_a_text_that_was_changed_meanwhile_is_not_proposed(article, model):
    mend_article(article, model, uuid.uuid4())
    by_hand(article, "Mine.")
    reply_all(article, lambda writing: MENDED)
    now = section(article)
    assert (now.current.text, now.proposed) == ("Mine.", None)
    assert (Act.MEND, MENDED) in history(article)


def test_what_the_last_pass_left_alone_makes_no_version(article, model):
    mend_article(article, model, uuid.uuid4())
    reply_all(article, lambda writing: words(100))
    assert len(history(article)) == 1
    assert ArticleView.of(article).proposals == 0


def test_a_proposal_that_is_refused_stays_in_the_history(article, model):
    mend_article(article, model, uuid.uuid4())
    reply_all(article, lambda writing: MENDED)
    decide(section(article), section(article).proposed_id, accept=False)
    assert section(article).current.text == words(100)
    restore_version(section(article), section(article).versions.get(act=Act.MEND))
    assert section(article).current.text == MENDED


# Stopped


@pytest.mark.parametrize("act", [Act.WRITE, Act.SHORTER, Act.PLAINER, Act.ASKED])
def test_a_rewrite_that_is_stopped_leaves_the_text(article, model, act):
    rewrite_section(section(article), act, model, uuid.uuid4(), instruction="Better.")
    run = claim(asked(article)[0].run_id, "test")
    stop_section(section(article))
    assert finish(run, State.STOPPED, text="Half of it")
    assert section(article).current.text == words(100)
    assert history(article)[-1] == (act, "Half of it")
    view = ArticleView.of(article)
    assert (view.is_whole, view.is_live) == (True, False)


def test_a_last_pass_that_is_stopped_proposes_what_came_whole(article, model):
    mend_article(article, model, uuid.uuid4())
    first, second, third = asked(article)
    reply(first, MENDED)
    run = claim(second.run_id, "test")
    stop_article(article)
    assert finish(run, State.STOPPED, text=MENDED[:50])
    third.run.refresh_from_db()
    assert third.run.state == State.STOPPED
    assert [each.proposed is not None for each in sections(article)] == [True, False, False]
    assert [each.current.text for each in sections(article)] == [words(100)] * 3


def test_details_that_are_stopped_leave_what_was_there(article, model):
    suggest_details(article, model, uuid.uuid4())
    run = claim(asked(article)[0].run_id, "test")
    stop_article(article)
    assert finish(run, State.STOPPED, text=DETAILS[:50])
    article.refresh_from_db()
    assert article.summary == "Bees use the sun."
    assert not article.writings.filter(is_open=True).exists()


def test_an_answer_that_ends_badly_just_when_it_is_stopped_is_asked_for_when_one_goes_on(
    owner, model
):
    article = begun(owner, model)
    run = claim(asked(article)[0].run_id, "test")
    stop_article(article)
    assert finish(run, State.DONE, text="", finish_reason="stop")
    article.refresh_from_db()
    assert not ArticleView.of(article).is_live
    write_article(article, model)
    reply_all(article, obliging)
    assert [each.current.text for each in sections(article)] == [words(100)] * 3


def test_one_section_is_stopped_and_the_others_go_on(owner, model):
    article = begun(owner, model)
    stop_section(section(article))
    assert len(asked(article)) == 2
    article.refresh_from_db()
    assert article.paused_by == ""
    stop_section(section(article))
    reply_all(article, obliging)
    assert [each.current is not None for each in sections(article)] == [False, True, True]


def test_stopping_and_going_on_again_makes_no_version_twice(owner, model):
    article = begun(owner, model)
    reply(asked(article)[0], "A beginning", State.STOPPED)
    for _time in range(3):
        write_article(article, model)
        stop_article(article)
    assert history(article) == [(Act.WRITE, "A beginning")]


# What is not there any more


def test_a_section_that_was_taken_out_is_not_rewritten(article, model):
    for each in sections(article):
        remove_section(each)
    gone = article.sections.first()
    with pytest.raises(ValidationError):
        rewrite_section(gone, Act.WRITE, model, uuid.uuid4())
    put_back(gone)
    rewrite_section(gone, Act.WRITE, model, uuid.uuid4())
    reply_all(article, obliging)


@pytest.mark.parametrize("size", [100, 60], ids=["whole", "short"])
def test_a_model_that_is_deleted_while_it_writes_loses_no_text(owner, model, size):
    article = begun(owner, model)
    for each in sections(article)[1:]:
        stop_section(each)
    run = claim(asked(article)[0].run_id, "test")
    assert run.served_by == model
    ModelSpec.objects.filter(pk=model.pk).delete()
    assert finish(run, State.DONE, text=words(size), finish_reason="stop")
    view = ArticleView.of(Article.objects.get(pk=article.pk))
    assert view.sections[0].text == words(size)
    assert (view.article.paused_by, view.is_waiting) == (
        ("", False) if size == 100 else ("withdrawn", True)
    )
    other = ModelSpec.objects.create(provider=model.provider, name="n", label="N", is_default=True)
    write_article(article, other)
    reply_all(article, lambda w: words(40, "more") if w.text else obliging(w))
    assert ArticleView.of(article).is_whole


# Asked twice


def test_a_request_that_arrives_twice_is_answered_once(article, model):
    client_id = uuid.uuid4()
    for _time in range(2):
        rewrite_section(section(article), Act.SHORTER, model, client_id)
        assert len(asked(article)) == 1
    reply_all(article, obliging)
    rewrite_section(section(article), Act.SHORTER, model, client_id)
    assert asked(article) == []
    assert section(article).words == 60
    rewrite_section(sections(article)[1], Act.SHORTER, model, client_id)
    assert len(asked(article)) == 1


@pytest.mark.parametrize("act", [mend_article, suggest_details])
def test_the_last_pass_and_the_details_that_are_asked_for_twice_are_made_once(article, model, act):
    client_id = uuid.uuid4()
    for _time in range(2):
        act(article, model, client_id)
        reply_all(article, lambda w: DETAILS if w.section is None else MENDED)
    calls = {mend_article: 3, suggest_details: 1}[act]
    assert Writing.objects.filter(article=article).count() == 4 + calls


def test_deleting_an_article_takes_all_of_it(article, model):
    mend_article(article, model, uuid.uuid4())
    runs = [writing.run_id for writing in asked(article)]
    delete_work(article.work)
    for kind in (Article, Section, SectionVersion, Writing):
        assert not kind.objects.exists()
    assert set(Run.objects.filter(pk__in=runs).values_list("state", flat=True)) == {State.STOPPED}
