"""An outline while it is edited: its sections with their forms, as sent or as they are."""

import hashlib
import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _

from generator.articles import planning
from generator.articles.forms import RowForm
from generator.models import Article, Section
from generator.recipes.outlines import MOST_SECTIONS


@dataclass
class Outline:
    """The sections of an article with their forms, in the order in which they are shown."""

    article: Article
    rows: list[tuple[Section, RowForm]]
    aside: list[Section]
    seen: str  # what says whether it is still as a page showed it
    error: str = ""
    stale: str = ""  # said where another window changed it
    focus: str = ""  # the section that a button put there
    client_id: uuid.UUID = field(default_factory=uuid.uuid4)

    @classmethod
    def of(cls, article: Article) -> "Outline":
        sections = list(article.sections.in_order().select_related("current"))
        aside = list(article.sections.set_aside())
        return cls(article, [(each, _form(each)) for each in sections], aside, _print(sections))

    def take(self, sent: Any) -> None:
        """Put what was sent into the rows, in the order in which it was."""
        places = {key: place for place, key in enumerate(sent.getlist("section")[:MOST_SECTIONS])}
        self.rows = [
            (each, _form(each, sent) if str(each.pk) in places else form)
            for each, form in sorted(
                self.rows, key=lambda row: places.get(str(row[0].pk), len(places))
            )
        ]

    def move(self, section_id: str, by: int) -> None:
        place = self.place(section_id)
        other = min(max(place + by, 0), len(self.rows) - 1)
        self.rows[place], self.rows[other] = self.rows[other], self.rows[place]

    def place(self, section_id: str) -> int:
        for place, (section, _form) in enumerate(self.rows):
            if str(section.pk) == section_id:
                return place
        raise Http404

    @property
    def is_valid(self) -> bool:
        sent = [form for _section, form in self.rows if form.is_bound]
        return not any(form.errors for form in sent)

    @property
    def problems(self) -> str:
        """What is wrong, row by row."""
        said = [self.stale] if self.stale else []
        for number, (_section, form) in enumerate(self.rows, 1):
            if form.is_bound:
                told = (str(error) for errors in form.errors.values() for error in errors)
                said += [_("Section %d:") % number + f" {error}" for error in told]
        return " ".join(said)

    def save(self) -> None:
        rows = {
            section.pk: form.cleaned_data if form.is_bound else {} for section, form in self.rows
        }
        planning.save_outline(self.article, rows)

    @property
    def words(self) -> int:
        return sum(section.words for section, _form in self.rows)

    @property
    def is_begun(self) -> bool:
        return any(section.current_id is not None for section, _form in self.rows)

    @property
    def is_whole(self) -> bool:
        """Nothing is missing that could be written."""
        texts = [section.current for section, _form in self.rows]
        return bool(texts) and all(text is not None and text.is_whole for text in texts)

    @property
    def can_have_more(self) -> bool:
        return len(self.rows) < MOST_SECTIONS


def _print(sections: list[Section]) -> str:
    """Return a fingerprint of what people fill in of them, in their order."""
    rows = [[str(each.pk), each.heading, each.notes, each.words] for each in sections]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:20]


def _form(section: Section, sent: Any = None) -> RowForm:
    names = ("heading", "notes", "words")
    initial = {name: getattr(section, name) for name in names}
    return RowForm(sent, initial=initial, prefix=str(section.pk))
