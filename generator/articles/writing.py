"""From answer to answer: what is asked for next, and what is made of it.

A worker that ends a Run has locked it; then it locks the Run's article. Whoever locks an article
first makes new Runs only, and waits for no Run.
"""

import uuid

from django.db import transaction
from django.db.models.functions import Now

from generator.articles import prompts, reading
from generator.articles.keeping import UNSTREAMED, end, tell
from generator.lengths import TOLERANCE, is_as_long, nearer, trimmed, word_count
from generator.models import Act, Article, Asks, Section, Writing
from generator.recipes.base import Ask, Misread
from generator.steps import AT_ONCE, MOST_TRIES
from providers.errors import LimitReached, ModelWithdrawn
from providers.models import ModelSpec
from runs.actions import queue_run
from runs.hints import publish
from runs.models import Run
from runs.states import State

MOST_ROUNDS = 2  # Runs more for a length that is not met, or for an answer that was cut
_OF_A_WHOLE = (Asks.MORE, Asks.LESS)  # they are asked of a text that is whole


def lock(article: Article) -> Article:
    """Return it as it stands, until the commit. Raises `Article.DoesNotExist`."""
    found = Article.objects.select_for_update(of=("self",)).select_related("work__owner", "model")
    return found.get(pk=article.pk)


def sections_of(article: Article) -> list[Section]:
    return list(article.sections.in_order().select_related("current"))


def go_on(article: Article) -> None:
    """Queue what can be asked for now. The article is locked.

    Raises `LimitReached`; what was queued before it stays so.
    """
    if article.paused_by:
        return
    pending = list(article.writings.pending()[:AT_ONCE])
    if pending and article.model is None:
        pause(article, ModelWithdrawn.kind)
        return
    for writing in pending[: max(AT_ONCE - article.writings.live().count(), 0)]:
        writing.article = article
        _queue(writing)


def _queue(writing: Writing) -> None:
    """Queue the next Run of a writing. What goes on from a text begins with it."""
    article, behind = writing.article, {Asks.REST: "", Asks.MORE: "\n\n"}
    assert article.model is not None  # looked at by `go_on`
    streamed = writing.act not in UNSTREAMED
    writing.run = queue_run(
        door="article",
        topic=article.topic if streamed else f"{article.topic}.unseen",
        user=article.work.owner,
        model=article.model,
        client_id=uuid.uuid4(),
        prefix=writing.text + behind[Asks(writing.asks)] if writing.asks in behind else "",
    )
    writing.save(update_fields=["run"])
    if streamed:
        topic, hint = article.topic, {"type": "run.started", "run": str(writing.run.pk)}
        transaction.on_commit(lambda: publish(topic, hint))
    elif writing.section_id is not None:
        tell(article, f"section.{writing.section_id}")


def ask_of(writing: Writing, model: ModelSpec) -> Ask:
    """Return what the next Run of a writing asks. Reads the article's sections."""
    return prompts.ask_of(writing, sections_of(writing.article), model)


def take_answer(run: Run) -> None:
    """Keep what a Run wrote and queue what follows from it. In the transaction that ends it."""
    found = Writing.objects.filter(run=run).select_related("article").first()
    if found is None:  # it was deleted
        return
    try:
        article = lock(found.article)
    except Article.DoesNotExist:
        return
    writing = Writing.objects.select_related("section__current", "of").get(pk=found.pk)
    writing.article = article
    if not writing.is_open:
        return
    if run.state == State.DONE:
        _read(writing, run)
    else:
        _break_off(writing, run)
    _begin_details(article)
    try:
        go_on(article)
    except LimitReached as error:
        pause(article, error.kind)


def _read(writing: Writing, run: Run) -> None:
    """Read a whole answer: keep it, or let more, less or all be asked for once more."""
    is_cut = run.finish_reason == "length"
    if is_cut and writing.words and word_count(run.text) > (1 + TOLERANCE) * writing.words:
        # A small model that does not find its end would not find it in what follows, either.
        run.text, is_cut = trimmed(run.text, writing.words), False
    if is_cut and writing.section is not None and _may_go_on(writing):
        _ask_again(writing, Asks.REST, run.text)
        return
    try:
        text = _kept(writing, run)
    except Misread as error:
        _misread(writing, run, error)
        return
    if writing.words and writing.section is not None:
        if writing.asks in _OF_A_WHOLE:
            text = nearer(text, writing.text, writing.words)
        if not is_as_long(text, writing.words) and _may_go_on(writing):
            is_short = word_count(text) < writing.words
            _ask_again(writing, Asks.MORE if is_short else Asks.LESS, text)
            return
    end(writing, text, run, is_whole=not is_cut)


def _misread(writing: Writing, run: Run, error: Misread) -> None:
    """Ask once more and say what was wrong; the second time keep what there is."""
    if writing.tries + 1 < MOST_TRIES:
        writing.tries += 1
        writing.run, writing.told = None, error.told
        writing.save(update_fields=["tries", "run", "told"])
    elif writing.asks in _OF_A_WHOLE:
        end(writing, writing.text, run)
    else:
        end(writing, run.text, run, problem=error.problem.value)


def _may_go_on(writing: Writing) -> bool:
    return writing.rounds < MOST_ROUNDS and not writing.article.paused_by


def _ask_again(writing: Writing, asks: Asks, text: str) -> None:
    """Let what is missing of `text` be asked for, or it in fewer words: `go_on` does it."""
    writing.run, writing.asks, writing.text, writing.told = None, asks, text, ""
    writing.rounds += 1
    writing.save(update_fields=["run", "asks", "text", "told", "rounds"])


def _kept(writing: Writing, run: Run) -> str:
    """Return what an answer comes to. Raises `Misread`."""
    if writing.section is None:
        writing.text = run.text
        return run.text if reading.details(run.text) else ""
    model = run.served_by or run.model
    assert model is not None  # it answered
    heading, ask, values = (
        writing.section.heading,
        ask_of(writing, model),
        reading.may_come_again(writing),
    )
    if writing.asks != Asks.MORE:
        return reading.section_text(run.text, heading, ask, values)
    new = run.text.removeprefix(run.prefix)
    return f"{writing.text}\n\n{reading.section_text(new, heading, ask, values)}"


def _break_off(writing: Writing, run: Run) -> None:
    """Keep what there is of a writing that was stopped or failed."""
    is_more = word_count(run.text) > word_count(writing.text)
    text = run.text if is_more or not writing.text else writing.text
    end(writing, text, run, is_whole=False)
    if run.state != State.STOPPED:
        pause(writing.article, run.error_kind)


def _begin_details(article: Article) -> None:
    """Ask for title and summary once all sections are written, and never were asked for."""
    if article.paused_by or article.summary or article.writings.filter(act=Act.DETAILS).exists():
        return
    sections = article.sections.in_order()
    if not sections.exists() or sections.unwritten().exists():
        return
    if not article.writings.filter(is_open=True).exists():
        Writing.objects.create(article=article, act=Act.DETAILS)


def pause(article: Article, why: str) -> None:
    article.paused_by = why
    article.updated_at = Now()
    article.save(update_fields=["paused_by", "updated_at"])
