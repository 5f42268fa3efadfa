"""What a person does with an article. Each verb is one transaction, but where it says otherwise."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid5

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from generator.articles.keeping import ANEW, add_version, end, tell, touch
from generator.articles.planning import locked_section, refuse_while_writing, within
from generator.articles.writing import go_on, lock
from generator.lengths import word_count
from generator.models import Act, Article, Asks, Section, SectionVersion, Work, Writing
from generator.steps import BY_PERSON
from providers.models import ModelSpec
from runs.actions import request_stop
from runs.models import Run

_SHORTER, _LONGER = 0.6, 1.5


@transaction.atomic
def write_article(article: Article, model: ModelSpec) -> None:
    """Let `model` write all sections that are not written, and go on with what broke off or waits.

    Raises `LimitReached`, and `ValidationError` where there are no sections.
    """
    article = lock(article)
    if not article.sections.in_order().exists():
        raise ValidationError(_("Add a section first."), code="empty")
    _choose(article, model)
    busy = article.writings.filter(is_open=True).values("section")
    waiting = article.sections.unwritten().select_related("current")
    for section in waiting.exclude(pk__in=busy.filter(section__isnull=False)):
        _begin(article, section, Act.WRITE, words=section.words)
    touch(article)
    go_on(article)


def _choose(article: Article, model: ModelSpec) -> None:
    """Let `model` write what is asked for from here on; what was paused goes on."""
    article.model, article.paused_by = model, ""
    article.save(update_fields=["model", "paused_by"])


def _begin(article: Article, section: Section, act: Act, **options: Any) -> None:
    """Open a writing. A section whose text broke off is gone on with where it is to be written."""
    section.article = article
    writing = Writing.objects.create(
        article=article, section=section, act=act, of=section.current, **options
    )
    current = section.current
    if act == Act.WRITE and current is not None and not current.is_whole:
        writing.asks, writing.text = Asks.REST, current.text
        writing.save(update_fields=["asks", "text"])
    # No answer to a button says that it waits: what it says may be late.
    Section.objects.filter(pk=section.pk).update(updated_at=Now())
    tell(article, f"section.{section.pk}")


@transaction.atomic
def rewrite_section(
    section: Section, act: Act, model: ModelSpec, client_id: UUID, instruction: str = ""
) -> None:
    """Let `model` write a section anew or change it, once per `client_id`; the version there is
    stays in its history.

    Raises `LimitReached`, and `ValidationError` while it is being written or was taken out.
    """
    article, section = locked_section(section)
    writing_id = uuid5(section.pk, str(client_id))
    if section.writings.filter(pk=writing_id).exists():
        return
    refuse_while_writing(section)
    if section.position is None:
        raise ValidationError(_("This section was taken out of the article."), code="taken_out")
    if act != Act.WRITE and section.current is None:
        raise ValidationError(_("There is no text to change yet."), code="no_text")
    words = _wanted(section, act)
    if act in (Act.SHORTER, Act.LONGER):
        section.words = words or section.words
        section.save(update_fields=["words"])
    _choose(article, model)
    Writing.objects.create(
        pk=writing_id,
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
    return within(round(word_count(section.current.text) * factor))


@transaction.atomic
def mend_article(article: Article, model: ModelSpec, client_id: UUID) -> None:
    """Let `model` mend the transitions between all sections, once per `client_id`; what it changes
    is proposed.

    Raises `LimitReached`, and `ValidationError` where a section is not written.
    """
    article = lock(article)
    ids = {
        each: uuid5(each, str(client_id)) for each in article.sections.values_list("pk", flat=True)
    }
    if article.writings.filter(pk__in=ids.values()).exists():
        return
    refuse_while_writing(article)
    sections = list(article.sections.in_order().select_related("current"))
    if len(sections) < 2 or any(section.current is None for section in sections):
        raise ValidationError(_("Write all sections first."), code="unwritten")
    _choose(article, model)
    for section in sections:
        _begin(article, section, Act.MEND, pk=ids[section.pk])
    touch(article)
    go_on(article)


@transaction.atomic
def suggest_details(article: Article, model: ModelSpec, client_id: UUID) -> None:
    """Let `model` suggest title, summary and words for search engines in the place of these, once
    per `client_id`.
    """
    article = lock(article)
    writing_id = uuid5(article.pk, str(client_id))
    if article.writings.filter(pk=writing_id).exists():
        return
    if article.sections.in_order().filter(current__isnull=False).count() == 0:
        raise ValidationError(_("Write a section first."), code="unwritten")
    if article.writings.filter(is_open=True, act=Act.DETAILS).exists():
        return
    _choose(article, model)
    Writing.objects.create(pk=writing_id, article=article, act=Act.DETAILS, instruction=ANEW)
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


@transaction.atomic
def edit_section(section: Section, text: str, version: UUID | None) -> bool:
    """Keep a text written by hand as the version that stands.

    `version` is the one that was edited. `False`: another one stands by now, and nothing is kept.
    """
    article, section = locked_section(section)
    if section.current_id != version:
        return False
    if section.current is None or section.current.text != text:
        section.current = add_version(section, text, Act.EDIT)
        section.proposed = None
        section.save(update_fields=["current", "proposed"])
        touch(article, section)
    return True


@transaction.atomic
def restore_version(section: Section, version: SectionVersion) -> None:
    """Let an earlier version stand again; the later ones stay in the history."""
    article, section = locked_section(section)
    section.current, section.proposed = version, None
    section.save(update_fields=["current", "proposed"])
    touch(article, section)


@transaction.atomic
def decide(section: Section, version: UUID, *, accept: bool) -> None:
    """Accept or refuse what the last pass proposes, where it still proposes that version."""
    article, section = locked_section(section)
    if section.proposed_id != version:
        return
    if accept:
        section.current = section.proposed
    section.proposed = None
    section.save(update_fields=["current", "proposed"])
    touch(article, section)


@transaction.atomic
def accept_all(article: Article) -> None:
    """Accept all that is proposed."""
    article = lock(article)
    for section in article.sections.in_order().filter(proposed__isnull=False):
        section.current_id, section.proposed = section.proposed_id, None
        section.save(update_fields=["current", "proposed"])
        touch(article, section)


@transaction.atomic
def change_details(article: Article, values: Mapping[str, str]) -> None:
    """Keep what somebody wrote of title, summary and words for search engines."""
    article = lock(article)
    said = dict(values)
    if title := said.pop("title", ""):
        Work.objects.filter(pk=article.pk).update(title=title, updated_at=Now())
    for name, value in said.items():
        setattr(article, name, value)
    article.save(update_fields=list(said))
    touch(article)
