"""What is kept of an article: versions of its sections, what stands around it, that it changed.

All of it happens with the article locked.
"""

from functools import partial

from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Now

from generator.articles import reading
from generator.models import Act, Article, Section, SectionVersion, Work, Writing
from generator.own import recipe_of
from generator.recipes.base import Misread
from generator.titles import short_title
from providers.models import ModelSpec
from runs.hints import publish
from runs.models import Run

ANEW = "anew"  # what is said of details that are to replace those there are
UNSTREAMED = (Act.MEND, Act.DETAILS)  # their texts are not seen as they come


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
    told = run is not None and writing.act not in UNSTREAMED  # that it ended, by `runs`
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
        tell(article, what)


def tell(article: Article, what: str) -> None:
    """Tell the pages, once it is committed, what of an article is another now."""
    news = {"type": "topic.changed", "what": what}
    transaction.on_commit(partial(publish, article.topic, news))
