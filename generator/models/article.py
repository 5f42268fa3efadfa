"""An article: its sections, every version of their texts, and what is being written of them."""

import uuid
from typing import ClassVar, Self

from django.db import models
from django.db.models import Deferrable, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from generator.models.work import Variant, Work
from generator.recipes.base import Problem
from generator.recipes.outlines import LONGEST_HEADING
from runs.models import Run
from runs.states import LIVE, State

LONGEST_SEO_TITLE, LONGEST_SEO_DESCRIPTION = 120, 320


class Act(models.TextChoices):
    """What makes a version of a section, in the words of its history."""

    WRITE = "write", _("Written")
    SHORTER = "shorter", _("Made shorter")
    LONGER = "longer", _("Made longer")
    PLAINER = "plainer", _("Made plainer")
    FORMAL = "formal", _("Made more formal")
    LIVELY = "lively", _("Made livelier")
    ASKED = "asked", _("Changed as asked")
    EDIT = "edit", _("Edited by hand")
    MEND = "mend", _("Mended in the last pass")
    DETAILS = "details", _("Title and summary")  # of the article, of no section


class Asks(models.TextChoices):
    """What the next Run of a writing asks for."""

    ALL = "all"
    REST = "rest"  # of an answer that was cut
    MORE = "more"  # words than there are
    LESS = "less"


class ArticleQuerySet(models.QuerySet["Article"]):
    def visible_to(self, user: User) -> Self:
        """Return the articles `user` may read and change: their own."""
        return self.filter(work__owner_id=user.pk)

    def lock_of(self, work_id: uuid.UUID) -> None:
        """Lock the article of a work, if there is one. Whoever locks both has it before the work,
        since a worker that ends the last section has it when it finds a title.
        """
        list(self.select_for_update().filter(pk=work_id).values_list("pk"))


class Article(models.Model):
    """What is made of an outline. Its title is its work's; its brief is what was filled in there.

    `notes` is the material it rests on, or what was noted of one that is too long for the model.
    `paused_by` says why no further text is asked for, as for a variant.
    """

    work = models.OneToOneField(
        Work, on_delete=models.CASCADE, primary_key=True, related_name="article"
    )
    outline = models.ForeignKey(Variant, null=True, on_delete=models.SET_NULL, related_name="+")
    model = models.ForeignKey(
        "providers.ModelSpec", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    notes = models.TextField(blank=True)
    summary = models.TextField(_("summary"), blank=True)
    seo_title = models.CharField(
        _("title for search engines"), max_length=LONGEST_SEO_TITLE, blank=True
    )
    seo_description = models.CharField(
        _("description for search engines"), max_length=LONGEST_SEO_DESCRIPTION, blank=True
    )
    keywords = models.CharField(_("keywords"), max_length=300, blank=True)
    paused_by = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now())

    objects = ArticleQuerySet.as_manager()

    class Meta:
        verbose_name = _("article")
        verbose_name_plural = _("articles")

    def __str__(self) -> str:
        return f"article {self.pk}"

    @property
    def topic(self) -> str:
        """The channel-layer group that hears of this article."""
        return f"article.{self.pk}"


class SectionQuerySet(models.QuerySet["Section"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(article__work__owner_id=user.pk)

    def in_order(self) -> Self:
        """Return those that stand in the article, in their order."""
        return self.filter(position__isnull=False).order_by("position")

    def set_aside(self) -> Self:
        """Return those that were taken out, the latest first; they can be put back."""
        return self.filter(position=None).order_by("-updated_at", "pk")

    def unwritten(self) -> Self:
        """Return those whose text is not there, or broke off."""
        return self.in_order().filter(Q(current=None) | Q(current__is_whole=False))


class Section(models.Model):
    """A part of an article under one heading. `words` is how long it is to be.

    `current` is the version that stands in the article; `proposed` one that is to be looked at.
    Without a `position` it was taken out.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="sections")
    position = models.PositiveSmallIntegerField(null=True)
    heading = models.CharField(_("heading"), max_length=LONGEST_HEADING)
    notes = models.TextField(_("what it covers"), blank=True)
    words = models.PositiveSmallIntegerField(_("words"))
    current = models.ForeignKey(
        "generator.SectionVersion", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    proposed = models.ForeignKey(
        "generator.SectionVersion", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    updated_at = models.DateTimeField(db_default=Now())

    objects = SectionQuerySet.as_manager()

    class Meta:
        verbose_name = _("section")
        verbose_name_plural = _("sections")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["article", "position"],
                name="generator_section_place",
                deferrable=Deferrable.DEFERRED,
            )
        ]

    def __str__(self) -> str:
        return f"section {self.position} of {self.article_id}"


class VersionQuerySet(models.QuerySet["SectionVersion"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(section__article__work__owner_id=user.pk)


class SectionVersion(models.Model):
    """A text that a section has or had; none is ever changed.

    One that is not whole broke off: it was stopped, or its model failed.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    section = models.ForeignKey(Section, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    text = models.TextField(blank=True)
    act = models.CharField(max_length=10, choices=Act)
    instruction = models.TextField(blank=True)
    is_whole = models.BooleanField(default=True)
    problem = models.CharField(max_length=12, choices=Problem, blank=True)
    model = models.ForeignKey(
        "providers.ModelSpec", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = VersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("version of a section")
        verbose_name_plural = _("versions of sections")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["section", "number"], name="generator_section_version")
        ]

    def __str__(self) -> str:
        return f"version {self.number} of {self.section_id}"


class WritingQuerySet(models.QuerySet["Writing"]):
    def pending(self) -> Self:
        """Return what is to be asked for and was not yet, in the article's order."""
        return self.filter(is_open=True, run=None).order_by("section__position", "created_at", "pk")

    def live(self) -> Self:
        return self.filter(is_open=True, run__state__in=LIVE)

    def broken(self) -> Self:
        """Return what was not brought to its end: stopped, interrupted, failed."""
        return self.filter(run__state__in=(State.STOPPED, State.INTERRUPTED, State.FAILED))


class Writing(models.Model):
    """One thing that a model is asked to write: a section, a change of one, the details.

    It takes several Runs where an answer was too short, too long, cut or not what was asked for.
    `text` is the best of them so far, `told` what was wrong with it. While it `is_open` there is
    no other of its section.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="writings")
    section = models.ForeignKey(
        Section, null=True, on_delete=models.CASCADE, related_name="writings"
    )
    act = models.CharField(max_length=10, choices=Act)
    instruction = models.TextField(blank=True)
    of = models.ForeignKey(
        SectionVersion, null=True, on_delete=models.SET_NULL, related_name="+"
    )  # the version that is changed
    words = models.PositiveSmallIntegerField(null=True)  # how long it is to be, if that matters
    run = models.OneToOneField(
        "runs.Run", null=True, on_delete=models.SET_NULL, related_name="writing"
    )
    text = models.TextField(blank=True)
    asks = models.CharField(max_length=4, choices=Asks, default=Asks.ALL)
    told = models.TextField(blank=True)
    problem = models.CharField(max_length=12, choices=Problem, blank=True)  # of its last answer
    tries = models.PositiveSmallIntegerField(default=0)  # for one that is what was asked for
    rounds = models.PositiveSmallIntegerField(default=0)  # for one that is as long as asked for
    is_open = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = WritingQuerySet.as_manager()

    class Meta:
        verbose_name = _("writing")
        verbose_name_plural = _("writings")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["section"], condition=Q(is_open=True), name="generator_one_open_writing"
            ),
            models.UniqueConstraint(
                fields=["article", "act"],
                condition=Q(is_open=True, section=None),
                name="generator_one_open_of_article",
            ),
        ]

    def __str__(self) -> str:
        return f"writing {self.act} of {self.section_id or self.article_id}"

    @property
    def live_run(self) -> Run | None:
        return self.run if self.run is not None and self.run.is_live else None

    @property
    def text_so_far(self) -> str:
        return self.live_run.text if self.live_run else self.text
