"""Acts on one article that meet: nobody waits for whom waits for them, and no text is lost."""

import contextlib
import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from accounts.actions import erase_user
from generator.actions import add_variant, delete_work
from generator.articles import keeping
from generator.articles.actions import (
    change_details,
    edit_section,
    mend_article,
    rewrite_section,
    stop_article,
    stop_section,
    write_article,
)
from generator.articles.planning import add_section, begin_article, save_outline
from generator.models import Act, Article, Section, SectionVersion, Variant, Work, Writing
from generator.recipes.outlines import written
from ops.database.deadlocks import again_after_deadlock
from runs.actions import finish
from runs.claims import claim
from runs.models import Run
from runs.states import State
from tests.generator.newsroom import (
    DETAILS,
    PLAN,
    asked,
    begun,
    obliging,
    reply,
    reply_all,
    sections,
    whole,
    words,
)
from tests.generator.readers import answer, queued
from tests.people import make_person
from tests.threads import in_threads

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 5
GONE = (Work.DoesNotExist, Article.DoesNotExist, Section.DoesNotExist, Variant.DoesNotExist)


def unless_gone(act: Callable[..., Any], *args: Any) -> Callable[[], None]:
    """Do it; what is deleted, or being written, is refused."""

    def acted() -> None:
        with contextlib.suppress(*GONE, ValidationError):
            act(*args)

    return acted


def ended(run: Run, text: str, state: State = State.DONE) -> Callable[[], Any]:
    """End a Run as the engine does, which begins again where Postgres ends a ring of waiters."""
    error, reason = ("", "stop") if state is State.DONE else ("cut_stream", "")
    return lambda: again_after_deadlock(finish)(
        run, state, text=text, finish_reason=reason, error_kind=error
    )


def claimed(article: Article) -> list[Run]:
    return [claim(writing.run_id, "test") for writing in asked(article)]


def test_an_edit_beside_the_end_of_what_is_written(owner, model):
    for _round in range(ROUNDS):
        article = begun(owner, model)
        first, *_others = claimed(article)
        section = sections(article)[0]
        kept, _ended = in_threads(
            lambda section=section: edit_section(section, "By hand.", None),
            ended(first, words(100)),
        )
        section = sections(article)[0]
        texts = set(section.versions.values_list("text", flat=True))
        assert section.current.text == ("By hand." if kept else words(100))
        assert texts == ({"By hand.", words(100)} if kept else {words(100)})
        assert (section.proposed is not None) is kept


def test_an_outline_that_is_saved_beside_the_end(owner, model):
    for _round in range(ROUNDS):
        article = begun(owner, model)
        runs = claimed(article)
        first, second, third = sections(article)
        rows = {
            third.pk: {"heading": "Third", "notes": "", "words": 90},
            first.pk: {"heading": "First", "notes": "", "words": 90},
            second.pk: {},
        }
        in_threads(
            lambda article=article, rows=rows: save_outline(article, rows),
            *[ended(run, words(100)) for run in runs],
            unless_gone(add_section, article, "New", "", 50, uuid.uuid4()),
        )
        now = sections(article)
        assert [each.heading for each in now] == ["Third", "First", second.heading, "New"]
        assert [each.current is not None for each in now] == [True, True, True, False]


def test_the_title_that_is_found_beside_who_deletes_or_plans_anew(owner, model, monkeypatch):
    """A worker has the article and wants its work; whoever deletes or plans wants both."""
    for act in ("delete", "plan", "rename"):
        article = begun(owner, model)
        another = add_variant(article.work, model, uuid.uuid4())
        answer(queued(another)[0], written(PLAN))
        another.refresh_from_db()
        for writing in asked(article):
            reply(writing, words(100))
        (run,) = claimed(article)
        has_article = threading.Event()
        keep = keeping._keep_details

        def slowly(*args, has_article=has_article, keep=keep) -> None:
            has_article.set()
            threading.Event().wait(0.5)
            keep(*args)

        monkeypatch.setattr("generator.articles.keeping._keep_details", slowly)
        acts = {
            "delete": unless_gone(delete_work, article.work),
            "plan": unless_gone(begin_article, another),
            "rename": unless_gone(change_details, article, {"title": "Mine", "summary": ""}),
        }

        def meanwhile(act=acts[act], has_article=has_article) -> None:
            has_article.wait(5)
            act()

        in_threads(
            lambda run=run: finish(run, State.DONE, text=DETAILS, finish_reason="stop"), meanwhile
        )
        monkeypatch.undo()
        monkeypatch.setattr("runs.actions.hint_worker", lambda run_id: None)
        assert Article.objects.filter(pk=article.pk).exists() is (act != "delete")


def test_deleting_beside_everything_else(owner, model):
    for _round in range(ROUNDS):
        article = begun(owner, model)
        first, second, third = claimed(article)
        one, two, three = sections(article)
        in_threads(
            unless_gone(delete_work, article.work),
            unless_gone(edit_section, one, "By hand.", None),
            unless_gone(stop_section, two),
            unless_gone(save_outline, article, {three.pk: {}}),
            unless_gone(write_article, article, model),
            ended(first, words(100)),
            ended(second, words(60)),
            ended(third, "", State.FAILED),
        )
        for kind in (Work, Article, Section, SectionVersion, Writing):
            assert not kind.objects.exists()
        live = Run.objects.live().values_list("state", "stop_requested_at")
        assert all(state == State.RUNNING and stopped for state, stopped in live)


def test_erasing_the_person_beside_the_ends(model):
    for number in range(ROUNDS):
        person = make_person(f"gone{number}@example.test")
        article = begun(person, model)
        first, second, _third = claimed(article)
        section = sections(article)[2]
        in_threads(
            lambda person=person: erase_user(person),
            ended(first, words(100)),
            ended(second, words(60)),
            unless_gone(again_after_deadlock(edit_section), section, "By hand.", None),
        )
        assert not Article.objects.exists()
        assert not Writing.objects.exists()
        assert not SectionVersion.objects.exists()


def test_stopping_beside_the_ends(owner, model):
    for _round in range(ROUNDS):
        article = begun(owner, model)
        first, second, third = claimed(article)
        in_threads(
            lambda article=article: stop_article(article),
            ended(first, words(100)),
            ended(second, words(60)),
            ended(third, ""),
        )
        for run in Run.objects.live():
            assert finish(claim(run.pk, "test") or run, State.STOPPED, text=run.prefix)
        now = sections(article)
        assert now[0].current.text == words(100)
        assert now[1].current.text == words(60)
        write_article(article, model)
        reply_all(article, lambda w: words(40, "more") if w.text else obliging(w))
        assert all(section.current.is_whole for section in sections(article))


def test_two_windows_that_ask_for_the_same(owner, model):
    article = whole(owner, model)
    section = sections(article)[0]
    in_threads(
        *[unless_gone(rewrite_section, section, Act.PLAINER, model, uuid.uuid4())] * 3,
        *[unless_gone(mend_article, article, model, uuid.uuid4())] * 2,
    )
    assert len(asked(article)) in (1, 3)
    reply_all(article, lambda writing: words(90, "new"))
    assert not Run.objects.live().exists()
