"""What a person does with an article. Each verb is one transaction, but where it says otherwise."""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from generator.articles.writing import ANEW, add_version, end, go_on, lock, queue, touch
from generator.lengths import shares, word_count
from generator.models import Act, Article, Asks, Section, SectionVersion, Variant, Work, Writing
from generator.plan import read_by
from generator.recipes.outlines import MOST_SECTIONS, parse
from generator.steps import BY_PERSON
from providers.models import ModelSpec
from runs.actions import request_stop
from runs.models import Run

LEAST_WORDS, MOST_WORDS = 20, 5000  # of a section
_SHORTER, _LONGER = 0.6, 1.5
P, T = ParamSpec("P"), TypeVar("T")


def _on_section(
    act: Callable[Concatenate[Article, Section, P], T],
) -> Callable[Concatenate[Section, P], T]:
    """Make it one transaction that has locked the section's article and read the section anew."""

    @wraps(act)
    def locked(section: Section, *args: P.args, **options: P.kwargs) -> T:
        with transaction.atomic():
            article = lock(Article(pk=section.article_id))
            now = article.sections.select_related("current", "proposed").get(pk=section.pk)
            now.article = article
            return act(article, now, *args, **options)

    return locked


# From an outline to an article


@transaction.atomic
def begin_article(variant: Variant) -> Article:
    """Make an article of an outline, or let another outline plan the one there is.

    Sections that are written already, or were asked for, are set aside and can be put back.
    """
    work = Work.objects.select_for_update(of=("self",)).get(pk=variant.work_id)
    plan = parse(variant.text)
    if not plan:
        raise ValidationError(_("This outline has no sections yet."), code="no_outline")
    article = Article.objects.filter(work=work).first()
    if article is None:
        article = Article(work=work, model_id=variant.model_id)
    elif article.outline_id == variant.pk:
        return article
    else:
        article = lock(article)
        _set_aside(article)
    article.outline, article.notes = variant, _read_for(variant)
    article.save()
    words = [_within(each) for each in shares(work.values["words"], len(plan))]
    Section.objects.bulk_create(
        Section(article=article, position=place, heading=heading, notes=notes, words=words[place])
        for place, (heading, notes) in enumerate(plan)
    )
    touch(article)
    return article


def _set_aside(article: Article) -> None:
    _refuse_while_writing(article)
    Section.objects.filter(article=article, current=None).delete()
    article.sections.in_order().update(position=None, updated_at=Now())


def _refuse_while_writing(article: Article) -> None:
    if article.writings.filter(is_open=True).exists():
        raise ValidationError(_("This is still being written. Stop it first."), code="writing")


def _read_for(variant: Variant) -> str:
    """Return what the outline was made of: the material, or the notes on its parts."""
    last = variant.steps.filter(is_last=True).select_related("variant__work").first()
    return read_by(last) if last is not None else ""


def _within(words: int) -> int:
    return min(max(words, LEAST_WORDS), MOST_WORDS)


# The outline


@transaction.atomic
def add_section(article: Article, heading: str, notes: str, words: int, client_id: UUID) -> Section:
    """Put a section at the end, once per `client_id`. Raises `ValidationError` where it is full."""
    article = lock(article)
    made = article.sections.filter(pk=client_id).first()
    if made is not None:
        return made
    place = _end(article)
    section = Section.objects.create(
        pk=client_id, article=article, position=place, heading=heading, notes=notes, words=words
    )
    touch(article)
    return section


def _end(article: Article) -> int:
    """Return the place behind the last section. Raises `ValidationError` where there is none."""
    count = article.sections.in_order().count()
    if count >= MOST_SECTIONS:
        raise ValidationError(
            _("An article has %(most)d sections at most."), "too_many", {"most": MOST_SECTIONS}
        )
    return count


@_on_section
def change_section(article: Article, section: Section, values: Mapping[str, Any]) -> None:
    """Change the heading, what it covers, or how long it is to be."""
    changed = [name for name, value in values.items() if getattr(section, name) != value]
    if not changed:
        return
    for name in changed:
        setattr(section, name, values[name])
    section.save(update_fields=changed)
    touch(article, section)


@_on_section
def move_section(article: Article, section: Section, place: int) -> None:
    """Move it to a place among the sections, from 0; beyond them it is the last."""
    if section.position is None:
        return
    others = [each for each in article.sections.in_order() if each != section]
    place = min(max(place, 0), len(others))
    _place(article, [*others[:place], section, *others[place:]])


def _place(article: Article, sections: Sequence[Section]) -> None:
    for place, each in enumerate(sections):
        each.position = place
    Section.objects.bulk_update(sections, ["position"])
    touch(article)


@_on_section
def remove_section(article: Article, section: Section) -> None:
    """Take it out of the article; it is kept with all its versions."""
    if section.writings.filter(is_open=True).exists():
        raise ValidationError(_("This is still being written. Stop it first."), code="writing")
    if section.position is None:
        return
    section.position, section.updated_at = None, Now()
    section.save(update_fields=["position", "updated_at"])
    _place(article, list(article.sections.in_order()))


@_on_section
def put_back(article: Article, section: Section) -> None:
    """Put a section that was taken out to the end."""
    if section.position is None:
        section.position = _end(article)
        section.save(update_fields=["position"])
        touch(article)


# Writing


@transaction.atomic
def write_article(article: Article, model: ModelSpec) -> None:
    """Let `model` write all sections that are not written, and go on with those that broke off.

    Raises `LimitReached`, and `ValidationError` where there are no sections.
    """
    article = lock(article)
    if not article.sections.in_order().exists():
        raise ValidationError(_("Add a section first."), code="empty")
    article.model, article.paused_by = model, ""
    article.save(update_fields=["model", "paused_by"])
    busy = article.writings.filter(is_open=True).values("section")
    waiting = article.sections.unwritten().select_related("current")
    for section in waiting.exclude(pk__in=busy.filter(section__isnull=False)):
        _begin(article, section, Act.WRITE, words=section.words)
    touch(article)
    go_on(article)


def _begin(article: Article, section: Section, act: Act, **options: Any) -> Writing:
    """Open a writing. A section whose text broke off is gone on with where it is to be written."""
    section.article = article
    writing = Writing.objects.create(
        article=article, section=section, act=act, of=section.current, **options
    )
    current = section.current
    if act == Act.WRITE and current is not None and not current.is_whole:
        writing.asks, writing.text = Asks.REST, current.text
        writing.save(update_fields=["asks", "text"])
    return writing


@_on_section
def rewrite_section(
    article: Article, section: Section, act: Act, model: ModelSpec, instruction: str = ""
) -> None:
    """Let `model` write a section anew or change it; the version there is stays in its history.

    Raises `LimitReached`, and `ValidationError` while it is being written.
    """
    if section.writings.filter(is_open=True).exists():
        raise ValidationError(_("This is still being written. Stop it first."), code="writing")
    if act != Act.WRITE and section.current is None:
        raise ValidationError(_("There is no text to change yet."), code="no_text")
    words = _wanted(section, act)
    if act in (Act.SHORTER, Act.LONGER):
        section.words = words or section.words
        section.save(update_fields=["words"])
    article.model, article.paused_by = model, ""
    article.save(update_fields=["model", "paused_by"])
    Writing.objects.create(
        article=article,
        section=section,
        act=act,
        of=section.current,
        words=words,
        instruction=instruction,
    )
    touch(article, section)
    go_on(article)


def _wanted(section: Section, act: Act) -> int | None:
    """Return how many words are asked for; `None` where a change may have any length."""
    if act == Act.WRITE:
        return section.words
    factor = {Act.SHORTER: _SHORTER, Act.LONGER: _LONGER}.get(act)
    if factor is None or section.current is None:
        return None
    return _within(round(word_count(section.current.text) * factor))


@transaction.atomic
def mend_article(article: Article, model: ModelSpec) -> None:
    """Let `model` mend the transitions between all sections; what it changes is proposed.

    Raises `LimitReached`, and `ValidationError` where a section is not written.
    """
    article = lock(article)
    _refuse_while_writing(article)
    sections = list(article.sections.in_order().select_related("current"))
    if len(sections) < 2 or any(section.current is None for section in sections):
        raise ValidationError(_("Write all sections first."), code="unwritten")
    article.model, article.paused_by = model, ""
    article.save(update_fields=["model", "paused_by"])
    for section in sections:
        _begin(article, section, Act.MEND)
    touch(article)
    go_on(article)


@transaction.atomic
def suggest_details(article: Article, model: ModelSpec) -> None:
    """Let `model` suggest title, summary and words for search engines in the place of these."""
    article = lock(article)
    if article.sections.in_order().filter(current__isnull=False).count() == 0:
        raise ValidationError(_("Write a section first."), code="unwritten")
    if article.writings.filter(is_open=True, act=Act.DETAILS).exists():
        return
    article.model, article.paused_by = model, ""
    article.save(update_fields=["model", "paused_by"])
    Writing.objects.create(article=article, act=Act.DETAILS, instruction=ANEW)
    touch(article)
    go_on(article)


def stop_article(article: Article) -> None:
    """Ask for nothing more; what was written stays.

    Not in one transaction: a worker locks a Run before its article.
    """
    with transaction.atomic():
        locked = lock(article)
        if not locked.writings.filter(is_open=True).exists():
            return
        locked.paused_by = BY_PERSON
        locked.save(update_fields=["paused_by"])
        for writing in locked.writings.pending():
            writing.article = locked
            end(writing, writing.text, None, is_whole=False)
        touch(locked)
    for run in Run.objects.live().filter(writing__article=article):
        request_stop(run)


def stop_section(section: Section) -> None:
    """Stop what is being written of one section. Not in one transaction, as `stop_article`."""
    with transaction.atomic():
        article = lock(Article(pk=section.article_id))
        for writing in article.writings.pending().filter(section=section):
            writing.article = article
            end(writing, writing.text, None, is_whole=False)
    for run in Run.objects.live().filter(writing__section=section, writing__is_open=True):
        request_stop(run)


# Texts


@_on_section
def edit_section(article: Article, section: Section, text: str, version: UUID | None) -> bool:
    """Keep a text written by hand as the version that stands.

    `version` is the one that was edited. `False`: another one stands by now, and nothing is kept.
    """
    if section.current_id != version:
        return False
    if section.current is None or section.current.text != text:
        section.current = add_version(section, text, Act.EDIT)
        section.proposed = None
        section.save(update_fields=["current", "proposed"])
        touch(article, section)
    return True


@_on_section
def restore_version(article: Article, section: Section, version: SectionVersion) -> None:
    """Let an earlier version stand again; the later ones stay in the history."""
    section.current, section.proposed = version, None
    section.save(update_fields=["current", "proposed"])
    touch(article, section)


@_on_section
def decide(article: Article, section: Section, version: UUID, *, accept: bool) -> None:
    """Accept or refuse what the last pass proposes, where it still proposes that version."""
    if section.proposed_id != version:
        return
    if accept:
        section.current = section.proposed
    section.proposed = None
    section.save(update_fields=["current", "proposed"])
    touch(article, section)


@transaction.atomic
def accept_all(article: Article) -> None:
    """Accept all that the last pass proposes."""
    article = lock(article)
    proposed = article.sections.in_order().filter(proposed__isnull=False)
    proposed.update(current=F("proposed"), proposed=None, updated_at=Now())
    touch(article)


@transaction.atomic
def change_details(article: Article, values: Mapping[str, str]) -> None:
    """Keep title, summary and words for search engines as somebody wrote them."""
    article = lock(article)
    said = dict(values)
    Work.objects.filter(pk=article.pk).update(title=said.pop("title"), updated_at=Now())
    for name, value in said.items():
        setattr(article, name, value)
    article.save(update_fields=list(said))
    touch(article)
