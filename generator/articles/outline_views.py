"""The page on which an outline is edited: one form, which every button sends whole."""

import uuid
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from generator.articles import actions, planning
from generator.articles.outline import Outline
from generator.articles.views import address_of, models_for, own_article
from generator.models import Article
from generator.requests import Request, or_not_found
from providers.errors import LimitReached
from runs.forms import ClientIdForm
from runs.refusals import Refusal


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
