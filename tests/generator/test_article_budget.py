"""A budget that ends in the middle of an article: it pauses, says so, and goes on with room."""

import uuid
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from django.test import Client

from generator.articles.actions import (
    mend_article,
    rewrite_section,
    stop_article,
    suggest_details,
    write_article,
)
from generator.articles.showing import ArticleView
from generator.models import Act, Article
from generator.models.article import Asks
from generator.steps import AT_ONCE
from providers.errors import LimitReached
from providers.models import ModelSpec
from providers.values import Delta, Prompt, Usage
from runs.actions import finish
from runs.claims import claim
from runs.engine import Engine
from runs.models import Run
from runs.states import State
from tests.generator.newsroom import (
    DETAILS,
    article_of,
    asked,
    begun,
    obliging,
    reply,
    reply_all,
    sections,
    whole,
    words,
)
from tests.generator.test_charged_once import wait_for
from tests.runs.scripted import ScriptedBackend
from usage.limits import set_limits
from usage.models import UsageRecord

pytestmark = pytest.mark.django_db(transaction=True)

USED = Usage(input_tokens=400, output_tokens=150)
MANY = [(f"Part {n}", "") for n in range(AT_ONCE + 4)]


def shown(article: Article) -> ArticleView:
    article.refresh_from_db()
    return ArticleView.of(article)


def page(client: Client, article: Article) -> str:
    return client.get(f"/generate/articles/{article.pk}/").content.decode()


def nothing_more(owner) -> None:
    set_limits(owner, requests_per_minute=0)


def room(owner) -> None:
    set_limits(owner, requests_per_minute=1000)


# The engine writes it


class Writer(ScriptedBackend):
    """Writes sections of a hundred words, and the details; each call costs as much."""

    async def stream(self, prompt: Prompt, *, request_id: str):
        self.prompts.append(prompt)
        yield Delta(text=DETAILS if prompt.schema else words(100))
        yield Delta(finish_reason="stop", usage=USED)


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine()
    yield engine
    engine.drain(0.1)
    engine.close()


@pytest.fixture
def writer(engine, monkeypatch) -> Writer:
    writer = Writer()
    monkeypatch.setattr("usage.metered.backend_for", lambda spec, credential: writer)
    return writer


@pytest.fixture
def write(engine, monkeypatch) -> Callable[[Article, ModelSpec], None]:
    """Let the engine write until nothing is under way."""

    def act(article: Article, model: ModelSpec) -> None:
        monkeypatch.setattr("runs.actions.hint_worker", engine.submit)
        write_article(article, model)
        wait_for(lambda: not Run.objects.live().exists(), seconds=60)

    return act


def check_ledger(calls: int) -> None:
    rows = UsageRecord.objects.all()
    assert rows.count() == calls
    assert not rows.filter(state=UsageRecord.State.HELD).exists()
    assert rows.filter(is_reported=True, input_tokens=400, output_tokens=150).count() == calls


def test_it_pauses_in_the_middle_and_goes_on_with_room(owner, owner_client, model, writer, write):
    ModelSpec.objects.filter(pk=model.pk).update(input_price=1, output_price=1)
    model.refresh_from_db()
    article = article_of(owner, model, plan=MANY, words=100 * len(MANY))
    set_limits(owner, total_budget=Decimal("0.003"))
    write(article, model)
    view = shown(article)
    calls = len(writer.prompts)
    assert 0 < view.written < len(MANY)
    assert (view.written, calls) == (view.written, view.written)
    assert article.paused_by.startswith("budget")
    html = page(owner_client, article)
    assert "budget" in html.lower()
    assert "Go on" in html
    check_ledger(calls)
    with pytest.raises(LimitReached):
        write_article(article, model)
    set_limits(owner, total_budget=Decimal(1))
    write(article, model)
    assert [section.current.text for section in sections(article)] == [words(100)] * len(MANY)
    assert shown(article).is_whole
    assert article.summary
    check_ledger(len(MANY) + 1)


# Step by step


def test_what_waits_behind_the_twelve_goes_on(owner, owner_client, model):
    article = begun(owner, model, plan=MANY, words=100 * len(MANY))
    nothing_more(owner)
    for writing in asked(article):
        reply(writing, words(100))
    view = shown(article)
    assert (view.written, view.is_live, view.is_waiting) == (AT_ONCE, False, True)
    assert view.sentence
    html = page(owner_client, article)
    assert "Go on" in html
    assert f"/generate/articles/{article.pk}/stop/" not in html
    room(owner)
    write_article(article, model)
    assert len(asked(article)) == 4
    reply_all(article, obliging)
    assert shown(article).is_whole
    assert article.writings.count() == len(MANY) + 1


@pytest.mark.parametrize("size", [60, 180], ids=["more", "less"])
def test_a_length_that_was_to_be_mended_is_mended_then(owner, model, size):
    article = begun(owner, model)
    nothing_more(owner)
    reply(asked(article)[0], words(size))
    assert shown(article).sections[0].text == words(size)
    room(owner)
    write_article(article, model)
    again = asked(article)[0]
    assert again.asks == (Asks.MORE if size == 60 else Asks.LESS)
    assert again.rounds == 1
    reply(again, words(40, "more") if size == 60 else words(100, "less"))
    text = sections(article)[0].current.text
    assert text == (f"{words(60)}\n\n{words(40, 'more')}" if size == 60 else words(100, "less"))


def test_what_waits_may_be_stopped_and_is_kept(owner, model):
    article = begun(owner, model)
    nothing_more(owner)
    for writing in asked(article):
        reply(writing, words(60))
    stop_article(article)
    view = shown(article)
    assert (view.is_live, view.is_waiting) == (False, False)
    assert [section.current.text for section in sections(article)] == [words(60)] * 3


def test_details_that_wait_do_not_keep_the_article(owner, owner_client, model):
    article = begun(owner, model)
    nothing_more(owner)
    for writing in asked(article):
        reply(writing, words(100))
    view = shown(article)
    assert (view.is_whole, view.is_live, view.details_are_live) == (True, False, False)
    assert "Go on" in page(owner_client, article)
    room(owner)
    write_article(article, model)
    assert reply_all(article, obliging) == 1
    assert shown(article).article.summary == "Bees use the sun."
    assert shown(article).sentence is None


def test_a_last_pass_that_ends_in_the_middle_goes_on(owner, model):
    article = whole(owner, model, plan=MANY, words=100 * len(MANY))
    mend_article(article, model, uuid.uuid4())
    nothing_more(owner)
    for writing in asked(article):
        reply(writing, f"{words(100)} Mended.")
    assert shown(article).proposals == AT_ONCE
    assert shown(article).is_waiting
    room(owner)
    write_article(article, model)
    reply_all(article, lambda writing: f"{words(100)} Mended.")
    assert shown(article).proposals == len(MANY)


def test_a_rewrite_that_fails_leaves_the_article_whole(owner, owner_client, model):
    article = whole(owner, model)
    rewrite_section(sections(article)[0], Act.PLAINER, model, uuid.uuid4())
    run = Run.objects.live().get()
    assert finish(claim(run.pk, "test"), State.FAILED, text="Half", error_kind="budget")
    view = shown(article)
    assert (view.is_whole, view.sections[0].state) == (True, "done")
    assert view.sections[0].sentence
    html = page(owner_client, article)
    assert "Mend transitions" in html
    assert "Go on" not in html


@pytest.mark.parametrize("act", [write_article, mend_article, suggest_details])
def test_where_nothing_can_be_asked_nothing_is_begun(owner, model, act):
    article = article_of(owner, model) if act is write_article else whole(owner, model)
    before = article.writings.count()
    nothing_more(owner)
    with pytest.raises(LimitReached):
        act(article, model, *([] if act is write_article else [uuid.uuid4()]))
    assert article.writings.count() == before
    assert not Run.objects.live().exists()
    assert shown(article).sentence is None
