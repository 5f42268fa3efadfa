"""An article as its pages show it: what the templates need, with no query in it."""

import time
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from uuid import UUID

from django.db.models import Count
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from boundary.markdown import render
from generator.articles.difference import Piece, difference
from generator.lengths import is_as_long, word_count
from generator.models import Act, Article, Section, Writing
from generator.recipes.base import Words
from generator.steps import BY_PERSON
from providers.errors import Sentence, sentence_of
from runs.models import Run
from runs.states import State

CHANGES = (
    (Act.SHORTER, _("Shorter")),
    (Act.LONGER, _("Longer")),
    (Act.PLAINER, _("Plainer")),
    (Act.FORMAL, _("More formal")),
    (Act.LIVELY, _("Livelier")),
)
DECISIONS = (("accept", _("Accept")), ("refuse", _("Leave it as it is")))


@dataclass(frozen=True)
class SectionView:
    """A section on show.

    `writing` is what is being written of it, or was last. `on_page` is what the page has of its
    text, or will have with it: HTML that is sanitised.
    """

    section: Section
    writing: Writing | None
    versions: int
    on_page: str | None = None
    instruction: str = ""  # that was typed, and refused

    @cached_property
    def text(self) -> str:
        """The source of what is shown: what is being written, else what stands."""
        if self.writing is not None and self.is_streamed:
            return self.writing.text_so_far
        return self.section.current.text if self.section.current is not None else ""

    @cached_property
    def html(self) -> SafeString:
        if self.is_streamed and self.on_page is not None:
            return SafeString(self.on_page)
        return render(self.text)

    @property
    def is_on_page(self) -> bool:
        """The page has the whole text already: only its place need be sent."""
        return not self.is_streamed and self.html == self.on_page

    @property
    def id(self) -> UUID:
        return self.section.pk

    @property
    def run(self) -> Run | None:
        """The Run whose text is shown."""
        writing = self.writing
        return writing.run if writing is not None and self.is_streamed else None

    @property
    def is_live(self) -> bool:
        return self.writing is not None and self.writing.is_open

    @property
    def is_streamed(self) -> bool:
        return self.is_live and self.writing is not None and self.writing.act != Act.MEND

    @property
    def state(self) -> str:
        """ "empty", "waiting" for others, the state of a live Run, "broken", or "done"."""
        if self.writing is not None and self.is_live:
            return self.writing.run.state if self.writing.run is not None else "waiting"
        if self.section.current is None:
            return "broken" if self.sentence or self.is_stopped or self.problem else "empty"
        return "done" if self.section.current.is_whole else "broken"

    @property
    def is_written(self) -> bool:
        return self.section.current is not None and self.section.current.is_whole

    @property
    def is_stopped(self) -> bool:
        return self._last_state == State.STOPPED

    @property
    def _last_state(self) -> str:
        run = self.writing.run if self.writing is not None and not self.is_live else None
        return run.state if run is not None else ""

    @property
    def sentence(self) -> Sentence | None:
        """What went wrong with the last writing, safe to show; not once another text stands."""
        writing, current = self.writing, self.section.current
        if writing is None or self._last_state not in (State.FAILED, State.INTERRUPTED):
            return None
        if current is not None and current.is_whole and current.pk != writing.of_id:
            return None
        return sentence_of(writing.run.error_kind if writing.run is not None else "")

    @property
    def waits_at_limit(self) -> bool:
        run = self.run
        return run is not None and run.state == State.RUNNING and bool(run.waits_for)

    @property
    def problem(self) -> str:
        """What is wrong with the text that stands, or was with an answer that had none."""
        writing, current = self.writing, self.section.current
        is_empty = writing is not None and not self.is_live and not writing.text.strip()
        if writing is not None and is_empty and writing.of_id == self.section.current_id:
            return writing.get_problem_display()
        return current.get_problem_display() if current is not None and current.problem else ""

    @property
    def words(self) -> int:
        return word_count(self.text)

    @property
    def is_as_long(self) -> bool:
        return is_as_long(self.text, self.section.words)

    @property
    def changes(self) -> Sequence[tuple[Act, Words]]:
        return CHANGES

    @property
    def decisions(self) -> Sequence[tuple[str, Words]]:
        return DECISIONS

    @property
    def proposal(self) -> list[Piece]:
        """What a proposed version would change."""
        proposed = self.section.proposed
        return difference(self.text, proposed.text) if proposed is not None else []


@dataclass(frozen=True)
class ArticleView:
    """An article as it is when its page is made."""

    article: Article
    sections: list[SectionView]
    made_at: float
    details: Writing | None  # their last writing
    client_id: UUID = field(default_factory=uuid.uuid4)

    @classmethod
    def of(cls, article: Article) -> "ArticleView":
        made_at = time.time()
        asked = article.writings.filter(act=Act.DETAILS).select_related("run")
        return cls(article, views_of(article), made_at, asked.order_by("-created_at").first())

    @property
    def written(self) -> int:
        """How many have a whole text, whatever is made of it now."""
        return sum(each.is_written for each in self.sections)

    @property
    def is_whole(self) -> bool:
        return self.written == len(self.sections)

    @property
    def is_begun(self) -> bool:
        return any(each.state != "empty" for each in self.sections)

    @property
    def _open(self) -> list[Writing]:
        every = (self.details, *(each.writing for each in self.sections))
        return [writing for writing in every if writing is not None and writing.is_open]

    @property
    def is_live(self) -> bool:
        """Something is written, or will be without anybody's doing."""
        return any(each.run is not None or not self.article.paused_by for each in self._open)

    @property
    def is_waiting(self) -> bool:
        """Something was begun that goes on once it is asked to."""
        return bool(self._open) and not self.is_live

    @property
    def details_are_live(self) -> bool:
        return self.is_live and self.details is not None and self.details.is_open

    @property
    def details_problem(self) -> str:
        details = self.details
        return details.get_problem_display() if details is not None and details.problem else ""

    @property
    def words(self) -> int:
        return sum(each.words for each in self.sections)

    @property
    def wanted(self) -> int:
        return sum(each.section.words for each in self.sections)

    @property
    def is_stopped(self) -> bool:
        return self.article.paused_by == BY_PERSON

    @property
    def sentence(self) -> Sentence | None:
        """Why nothing more is asked for, safe to show."""
        if not self.article.paused_by or self.is_stopped:
            return None
        return sentence_of(self.article.paused_by)

    @property
    def proposals(self) -> int:
        return sum(each.section.proposed_id is not None for each in self.sections)

    @property
    def can_mend(self) -> bool:
        return self.is_whole and len(self.sections) > 1 and not self.is_live


def views_of(article: Article, only: Collection[UUID] | None = None) -> list[SectionView]:
    """Return an article's sections in their order, or some of them."""
    sections = article.sections.in_order().select_related("current__model", "proposed")
    counted = sections.annotate(version_count=Count("versions"))
    if only is not None:
        counted = counted.filter(pk__in=only)
    shown = list(counted)
    last = Writing.objects.filter(section__in=shown).select_related("run__served_by")
    latest = last.order_by("section", "-created_at").distinct("section")
    of = {writing.section_id: writing for writing in latest}
    return [_view(section, of.get(section.pk)) for section in shown]


def view_of(writing: Writing, on_page: str | None) -> SectionView | None:
    """Return the section of a writing, as the writing was when it was read.

    `on_page` is what the page has of its text, or will have with it: HTML that is sanitised.
    `None`: the section was taken out.
    """
    sections = Section.objects.in_order().select_related("current__model", "proposed")
    counted = sections.annotate(version_count=Count("versions"))
    assert writing.section_id is not None
    section = counted.filter(pk=writing.section_id).first()
    return _view(section, writing, on_page) if section is not None else None


def _view(section: Section, writing: Writing | None, on_page: str | None = None) -> SectionView:
    count: int = section.version_count  # type: ignore[attr-defined]  # annotated above
    return SectionView(section, writing, count, on_page)
