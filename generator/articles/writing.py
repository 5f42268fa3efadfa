"""From answer to answer: what is asked for next, and what is made of it.

A worker that ends a Run has locked it; then it locks the Run's article. Whoever locks an article
first makes new Runs only, and waits for no Run.
"""

import uuid
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Now

from generator.articles import prompts, reading
from generator.lengths import is_as_long, nearer, word_count
from generator.models import Act, Article, Asks, Section, SectionVersion, Work, Writing
from generator.own import recipe_of
from generator.recipes import scripts
from generator.recipes.base import Ask, Misread
from generator.steps import AT_ONCE, MOST_TRIES
from generator.titles import short_title
from providers.errors import LimitReached, ModelWithdrawn
from providers.models import ModelSpec
from runs.actions import queue_run
from runs.hints import publish
from runs.models import Run
from runs.states import State

MOST_ROUNDS = 2  # Runs more for a length that is not met, or for an answer that was cut
ANEW = "anew"  # what is said of details that are to replace those there are
_UNSTREAMED = (Act.MEND, Act.DETAILS)
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
    streamed = writing.act not in _UNSTREAMED
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
    heading, ask, values = writing.section.heading, ask_of(writing, model), _own(writing)
    if writing.asks != Asks.MORE:
        return reading.section_text(run.text, heading, ask, values)
    new = run.text.removeprefix(run.prefix)
    return f"{writing.text}\n\n{reading.section_text(new, heading, ask, values)}"


def _own(writing: Writing) -> dict[str, Any]:
    """Return what was filled in of an article and a section: it may come again in the answer."""
    article, section, of = writing.article, writing.section, writing.of
    values = {**article.work.values, "notes": article.notes, "far": writing.text}
    values |= {"said": writing.instruction, "covers": section.notes if section else ""}
    if of is not None:
        values["of"] = of.text
    is_in_another = of is not None and scripts.is_in_another(of.text, str(values["language"]))
    if writing.act == Act.ASKED or is_in_another:  # then it may stay, or become, another language
        del values["language"]
    return values


def end(
    writing: Writing, text: str, run: Run | None, *, problem: str = "", is_whole: bool = True
) -> None:
    """Close a writing and keep its text as a version, where it has one."""
    writing.text, writing.problem, writing.is_open = text, problem, False
    writing.save(update_fields=["text", "problem", "is_open"])
    if writing.section is None:
        _keep_details(writing, problem)
    elif text.strip() and _is_new(writing, is_whole=is_whole):
        version = add_version(
            writing.section,
            text,
            Act(writing.act),
            instruction=writing.instruction,
            model=_written_by(writing, run),
            problem=problem,
            is_whole=is_whole,
        )
        _stand(writing, version)
    told = run is not None and writing.act not in _UNSTREAMED  # that it ended, by `runs`
    touch(writing.article, writing.section, is_told=told)


def _is_new(writing: Writing, *, is_whole: bool) -> bool:
    """Say whether a text is another than the one that was to be changed, or is whole by now."""
    of = writing.of
    return of is None or writing.text != of.text or (is_whole and not of.is_whole)


def _written_by(writing: Writing, run: Run | None) -> ModelSpec | None:
    """Return the model that wrote the last of it, where it was not deleted meanwhile."""
    model = (run.served_by or run.model) if run is not None else writing.article.model
    return ModelSpec.objects.filter(pk=model.pk).first() if model is not None else None


def _stand(writing: Writing, version: SectionVersion) -> None:
    """Let a version stand in the article, or propose it: a mended one, and one that would replace
    what somebody wrote meanwhile, or a good text by one with a problem. One that broke off stays
    in the history where a whole one stands.
    """
    section = writing.section
    assert section is not None
    is_last = section.current_id == writing.of_id  # else somebody changed it meanwhile
    is_good = version.is_whole and not version.problem
    stands = section.current is not None and section.current.is_whole
    if writing.act == Act.MEND:
        section.proposed = version if is_last and is_good else None
    elif is_last and (is_good or not stands):
        section.current, section.proposed = version, None
    elif version.is_whole:
        section.proposed = version
    section.save(update_fields=["current", "proposed"])


def _break_off(writing: Writing, run: Run) -> None:
    """Keep what there is of a writing that was stopped or failed."""
    text = run.text if word_count(run.text) >= word_count(writing.text) else writing.text
    end(writing, text, run, is_whole=False)
    if run.state != State.STOPPED:
        pause(writing.article, run.error_kind)


def add_version(
    section: Section,
    text: str,
    act: Act,
    *,
    instruction: str = "",
    model: ModelSpec | None = None,
    problem: str = "",
    is_whole: bool = True,
) -> SectionVersion:
    """Keep a text of a section whose article is locked."""
    last = section.versions.aggregate(last=Max("number"))["last"] or 0
    return SectionVersion.objects.create(
        section=section,
        number=last + 1,
        text=text,
        act=act,
        instruction=instruction,
        model=model,
        problem=problem,
        is_whole=is_whole,
    )


def _begin_details(article: Article) -> None:
    """Ask for title and summary once all sections are written, and never were asked for."""
    if article.paused_by or article.summary or article.writings.filter(act=Act.DETAILS).exists():
        return
    sections = article.sections.in_order()
    if not sections.exists() or sections.unwritten().exists():
        return
    if not article.writings.filter(is_open=True).exists():
        Writing.objects.create(article=article, act=Act.DETAILS)


def _keep_details(writing: Writing, problem: str) -> None:
    """Fill what is empty; what somebody wrote is replaced only where that was asked for."""
    article, anew = writing.article, writing.instruction == ANEW
    if problem or not writing.text.strip():
        return
    try:
        found = reading.details(writing.text)
    except Misread:  # it broke off
        return
    work, title = article.work, found.pop("title")
    if anew or work.title == title_of_brief(work):
        Work.objects.filter(pk=work.pk).update(title=title, updated_at=Now())
    for name, value in found.items():
        if anew or not getattr(article, name):
            setattr(article, name, value)
    article.save(update_fields=list(found))


def title_of_brief(work: Work) -> str:
    """Return what a work is called before its article has a title."""
    return short_title(recipe_of(work).title(work.values))


def touch(
    article: Article,
    section: Section | None = None,
    *,
    is_outline: bool = False,
    is_told: bool = False,
) -> None:
    """Note a change, and tell the pages of it once it is committed.

    It is one of a section, of their order (`is_outline`), or of the article itself. Of a section
    they may be told already.
    """
    article.updated_at = Now()
    article.save(update_fields=["updated_at"])
    changed = ["article"]
    if section is not None:
        Section.objects.filter(pk=section.pk).update(updated_at=Now())
        changed += [] if is_told else [f"section.{section.pk}"]
    if is_outline:
        changed.append("outline")
    for what in changed:
        news = {"type": "topic.changed", "what": what}
        transaction.on_commit(partial(publish, article.topic, news))


def pause(article: Article, why: str) -> None:
    article.paused_by = why
    article.updated_at = Now()
    article.save(update_fields=["paused_by", "updated_at"])
