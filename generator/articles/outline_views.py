"""The page on which an outline is edited: one form, which every button sends whole."""

import hashlib
import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from generator.articles import actions, planning
from generator.articles.forms import RowForm
from generator.articles.views import address_of, models_for, own_article
from generator.models import Article, Section
from generator.recipes.outlines import MOST_SECTIONS
from generator.requests import Request, or_not_found
from providers.errors import LimitReached
from runs.forms import ClientIdForm
from runs.refusals import Refusal


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


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
def outline_view(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Show an outline to edit; posted, keep it and do what its button says."""
    article = own_article(request, pk)
    outline = Outline.of(article)
    if request.method != "POST":
        return _page(request, outline)
    outline.take(request.POST)
    name, _separator, key = request.POST.get("do", "save").partition(":")
    if name != "overwrite" and request.POST.get("seen", outline.seen) != outline.seen:
        return _stale(request, outline, name)
    if name in ("up", "down"):
        outline.move(key, -1 if name == "up" else 1)
    if name == "keep":
        return _kept(request, outline)
    if not outline.is_valid:
        return _page(request, outline, Refusal(_("Not saved yet. What is wrong is said below.")))
    try:
        or_not_found(outline.save)
        written = _do(request, article, name, key)
    except LimitReached as limit:
        return _page(request, Outline.of(article), Refusal.by_limit(limit))
    except ValidationError as error:
        return _page(request, Outline.of(article), Refusal(" ".join(error.messages)))
    if written:
        return _to(request, address_of(article))
    if not request.htmx:
        return redirect(request.path)
    outline, place = Outline.of(article), _focused(outline, name, key)
    if outline.rows and place is not None:
        outline.focus = str(outline.rows[min(place, len(outline.rows) - 1)][0].pk)
    return _page(request, outline)


def _focused(before: Outline, name: str, key: str) -> int | None:
    """Return the place of the row that has the focus next, where a button's own is gone."""
    if name in ("add", "back"):
        return len(before.rows)
    keys = [str(section.pk) for section, _form in before.rows]
    return keys.index(key) if name == "remove" and key in keys else None


def _stale(request: Request, outline: Outline, name: str) -> HttpResponse:
    """Say that another window changed the outline. Nothing is saved, what was typed stays."""
    outline.stale = _("It was changed in another window.")
    outline.seen = request.POST["seen"]
    if name == "keep":
        return render(request, "generator/articles/_outline_status.html", {"outline": outline})
    return _page(request, outline, Refusal(_("Not saved yet. What is wrong is said below."), 409))


def _kept(request: Request, outline: Outline) -> HttpResponse:
    """Keep what was filled in, and say so; the fields stay as they are."""
    if outline.is_valid:
        or_not_found(outline.save)
        outline = Outline.of(outline.article)
    return render(request, "generator/articles/_outline_status.html", {"outline": outline})


def _do(request: Request, article: Article, name: str, key: str) -> bool:
    """Do what a button says, and say whether it led to writing."""
    if name in ("remove", "back"):
        section = article.sections.filter(pk=_uuid(key)).first()
        if section is None:
            raise Http404
        act = planning.remove_section if name == "remove" else planning.put_back
        or_not_found(lambda: act(section))
    elif name == "add":
        words = round(article.work.values["words"] / max(article.sections.in_order().count(), 4))
        planning.add_section(
            article, _("New section"), "", planning.within(words), _uuid(request.POST.get("new"))
        )
    elif name == "write":
        form = ClientIdForm(request.user, article.model_id, request.POST)
        if not form.is_valid():
            raise ValidationError(form.sentence())
        or_not_found(lambda: actions.write_article(article, form.cleaned_data["model"]))
        return True
    return False


def _uuid(text: Any) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except (TypeError, ValueError, AttributeError):
        raise Http404 from None


def _to(request: Request, address: str) -> HttpResponse:
    if not request.htmx:
        return redirect(address)
    return HttpResponse(headers={"HX-Redirect": address})


def _page(request: Request, outline: Outline, refusal: Refusal | None = None) -> HttpResponse:
    refusal = refusal or Refusal("", 200)
    outline.error = refusal.sentence
    context = {"outline": outline, **models_for(request.user, outline.article)}
    name = "_outline" if request.htmx else "outline"
    return refusal.on_page(request, f"generator/articles/{name}.html", context)
