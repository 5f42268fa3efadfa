"""An article's page, and what can be done with it as a whole."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from generator.articles import actions, planning
from generator.articles.forms import DetailsForm
from generator.articles.showing import ArticleView
from generator.models import Article, Section, Variant
from generator.recipes.long_article import LongArticle
from generator.requests import Request, or_not_found
from providers.errors import LimitReached
from providers.models import Ability, ModelSpec
from runs.forms import ClientIdForm
from runs.refusals import Refusal
from usage.nearing import Note


def own_article(request: Request, pk: uuid.UUID) -> Article:
    visible = Article.objects.visible_to(request.user).select_related("work", "model")
    article = get_object_or_404(visible, pk=pk)
    article.work.owner = request.user
    return article


def address_of(article: Article) -> str:
    return reverse("generator:article", args=[article.pk])


def models_for(user: User, article: Article) -> dict[str, Any]:
    """Return the models that can be asked, the one that was asked last chosen."""
    models = list(ModelSpec.objects.usable_by(user).able_to(Ability.CHAT))
    last = [model for model in models if model.pk == article.model_id]
    chosen = next(iter([*last, *models]), None)
    return {"models": models, "model": chosen, "note": Note.to(user, chosen)}


@require_POST
def article_begin(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Make an article of an outline, or let this outline plan the one there is."""
    own = Variant.objects.visible_to(request.user).select_related("work")
    variant = get_object_or_404(own, pk=pk, work__recipe=LongArticle.slug)
    try:
        article = or_not_found(lambda: planning.begin_article(variant))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect(f"{reverse('generator:work-view', args=[variant.work_id])}?outlines")
    return redirect("generator:article-outline", article.pk)


@require_safe
def article_view(request: Request, pk: uuid.UUID) -> HttpResponse:
    return article_page(request, own_article(request, pk))


def article_page(
    request: Request, article: Article, refusal: Refusal | None = None
) -> HttpResponse:
    refusal, shown = refusal or Refusal("", 200), ArticleView.of(article)
    for place, view in enumerate(shown.sections):  # a plain form sends what is typed in any of them
        typed = request.POST.get(f"instruction-{view.id}", "")
        shown.sections[place] = replace(view, instruction=typed)
    context = {
        "shown": shown,
        "error": refusal.sentence,
        **models_for(request.user, article),
    }
    return refusal.on_page(request, "generator/articles/article.html", context)


@require_POST
def article_write(request: Request, pk: uuid.UUID) -> HttpResponse:
    return _asked(request, pk, lambda article, model, _id: actions.write_article(article, model))


@require_POST
def article_mend(request: Request, pk: uuid.UUID) -> HttpResponse:
    return _asked(request, pk, actions.mend_article)


@require_POST
def article_suggest(request: Request, pk: uuid.UUID) -> HttpResponse:
    return _asked(request, pk, actions.suggest_details)


def _asked(
    request: Request, pk: uuid.UUID, act: Callable[[Article, ModelSpec, uuid.UUID], None]
) -> HttpResponse:
    """Ask the chosen model for something."""
    article = own_article(request, pk)
    form = ClientIdForm(request.user, article.model_id, request.POST)
    if not form.is_valid():
        return refused(request, article, Refusal(form.sentence()))
    told = form.cleaned_data
    return acted(request, article, lambda: act(article, told["model"], told["client_id"]))


@require_POST
def article_stop(request: Request, pk: uuid.UUID) -> HttpResponse:
    article = own_article(request, pk)
    return acted(request, article, lambda: actions.stop_article(article))


@require_POST
def article_accept(request: Request, pk: uuid.UUID) -> HttpResponse:
    article = own_article(request, pk)
    return acted(request, article, lambda: actions.accept_all(article))


def acted(
    request: Request, article: Article, act: Callable[[], Any], section: Section | None = None
) -> HttpResponse:
    """Do it, and show the sections as they are then: all, or one."""
    try:
        or_not_found(act)
    except LimitReached as limit:
        return refused(request, article, Refusal.by_limit(limit))
    except ValidationError as error:
        return refused(request, article, Refusal(" ".join(error.messages)))
    if not request.htmx:
        place = f"#section-{section.pk}" if section is not None else ""
        return redirect(f"{address_of(article)}{place}")
    article.refresh_from_db(fields=["paused_by"])
    shown = ArticleView.of(article)
    views = [each for each in shown.sections if section is None or each.id == section.pk]
    context = {"views": views, "shown": shown}
    return render(request, "generator/articles/_now.html", context)


def refused(request: Request, article: Article, refusal: Refusal) -> HttpResponse:
    if request.htmx:
        return refusal.into("#article-error")
    return article_page(request, article, refusal)


@require_http_methods(["GET", "HEAD", "POST"])
def details_view(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Change title, summary and words for search engines by hand."""
    article = own_article(request, pk)
    names = ("summary", "seo_title", "seo_description", "keywords")
    there = {"title": article.work.title, **{name: getattr(article, name) for name in names}}
    form = DetailsForm(request.POST or None, initial=there)
    if request.method == "POST" and form.is_valid():
        or_not_found(lambda: actions.change_details(article, form.changes))
        return redirect(f"{address_of(article)}#article-details")
    context = {"article": article, "form": form, "title": _("Title and summary")}
    status = 422 if form.errors else 200
    return render(request, "generator/articles/details.html", context, status=status)
