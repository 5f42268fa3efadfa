"""How an article is planned: its sections and their order. Each verb is one transaction."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid5

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from generator.articles.keeping import touch
from generator.articles.writing import lock
from generator.lengths import shares
from generator.models import Article, Section, Variant, Work
from generator.plan import read_by
from generator.recipes.outlines import MOST_SECTIONS, parse

LEAST_WORDS, MOST_WORDS = 20, 5000  # of a section


def locked_section(section: Section) -> tuple[Article, Section]:
    """Return a section as it is now, and its article locked."""
    article = lock(Article(pk=section.article_id))
    now = article.sections.select_related("current", "proposed").get(pk=section.pk)
    now.article = article
    return article, now


def refuse_while_writing(what: Article | Section) -> None:
    if what.writings.filter(is_open=True).exists():
        raise ValidationError(_("This is still being written. Stop it first."), code="writing")


def within(words: int) -> int:
    return min(max(words, LEAST_WORDS), MOST_WORDS)


@transaction.atomic
def begin_article(variant: Variant) -> Article:
    """Make an article of an outline, or let another outline plan the one there is.

    Sections that are written already, or were planned by hand, are set aside and can be put back.
    Where the model made no list of sections there are none: they can be added by hand.
    """
    Article.objects.lock_of(variant.work_id)
    work = Work.objects.select_for_update(of=("self",)).get(pk=variant.work_id)
    plan = parse(variant.text)
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
    words = [within(each) for each in shares(work.values["words"], len(plan) or 1)]
    Section.objects.bulk_create(
        Section(article=article, position=place, heading=heading, notes=notes, words=words[place])
        for place, (heading, notes) in enumerate(plan)
    )
    touch(article, is_outline=True)
    return article


def _set_aside(article: Article) -> None:
    refuse_while_writing(article)
    planned = set(parse(article.outline.text)) if article.outline is not None else set()
    unwritten = article.sections.filter(current=None, versions=None)
    as_planned = [each.pk for each in unwritten if (each.heading, each.notes) in planned]
    article.sections.filter(pk__in=as_planned).delete()
    article.sections.in_order().update(position=None, updated_at=Now())


def _read_for(variant: Variant) -> str:
    """Return what the outline was made of: the material, or the notes on its parts."""
    last = variant.steps.filter(is_last=True).select_related("variant__work").first()
    return read_by(last) if last is not None else ""


@transaction.atomic
def add_section(article: Article, heading: str, notes: str, words: int, client_id: UUID) -> Section:
    """Put a section at the end, once per `client_id`. Raises `ValidationError` where it is full."""
    article = lock(article)
    section_id = uuid5(article.pk, str(client_id))
    made = article.sections.filter(pk=section_id).first()
    if made is not None:
        return made
    place = _end(article)
    section = Section.objects.create(
        pk=section_id, article=article, position=place, heading=heading, notes=notes, words=words
    )
    touch(article, is_outline=True)
    return section


def _end(article: Article) -> int:
    """Return the place behind the last section. Raises `ValidationError` where there is none."""
    count = article.sections.in_order().count()
    if count >= MOST_SECTIONS:
        raise ValidationError(
            _("An article has %(most)d sections at most."), "too_many", {"most": MOST_SECTIONS}
        )
    return count


@transaction.atomic
def save_outline(article: Article, rows: Mapping[UUID, Mapping[str, Any]]) -> None:
    """Keep headings, what they cover and how long they are to be, in the order of `rows`.

    Sections that are not in it come behind those that are.
    """
    article = lock(article)
    before = list(article.sections.in_order())
    places = {pk: place for place, pk in enumerate(rows)}
    after = sorted(before, key=lambda section: places.get(section.pk, len(places)))
    is_new = after != before
    for place, section in enumerate(after):
        section.position = place
        for name, value in rows.get(section.pk, {}).items():
            is_new = is_new or getattr(section, name) != value
            setattr(section, name, value)
    if is_new:
        Section.objects.bulk_update(after, ["position", "heading", "notes", "words"])
        touch(article, is_outline=True)


@transaction.atomic
def remove_section(section: Section) -> None:
    """Take it out of the article; it is kept with all its versions."""
    article, section = locked_section(section)
    refuse_while_writing(section)
    if section.position is None:
        return
    section.position, section.updated_at = None, Now()
    section.save(update_fields=["position", "updated_at"])
    left = list(article.sections.in_order())
    for place, each in enumerate(left):
        each.position = place
    Section.objects.bulk_update(left, ["position"])
    touch(article, is_outline=True)


@transaction.atomic
def put_back(section: Section) -> None:
    """Put a section that was taken out to the end."""
    article, section = locked_section(section)
    if section.position is None:
        section.position = _end(article)
        section.save(update_fields=["position"])
        touch(article, is_outline=True)
