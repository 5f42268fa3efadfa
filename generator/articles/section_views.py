"""The pages of a section: rewriting, editing, its versions."""

import uuid

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from generator.articles import actions
from generator.articles.difference import difference
from generator.articles.forms import RewriteForm, TextForm
from generator.articles.views import acted, address_of, refused
from generator.lengths import word_count
from generator.models import Act, Section, SectionVersion
from generator.requests import Request, or_not_found
from runs.refusals import Refusal

PAGE = 30


def _own(request: Request, pk: uuid.UUID) -> Section:
    visible = Section.objects.visible_to(request.user)
    return get_object_or_404(visible.select_related("article__work", "current"), pk=pk)


@require_POST
def section_write(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Let a model write the section anew, or change it."""
    section = _own(request, pk)
    article = section.article
    sent = request.POST.copy()
    sent["instruction"] = sent.get(f"instruction-{section.pk}", "")
    form = RewriteForm(request.user, article.model_id, sent)
    if not form.is_valid():
        return refused(request, article, Refusal(form.sentence()))
    told = form.cleaned_data
    act = Act(told["act"])
    instruction = told["instruction"] if act == Act.ASKED else ""
    return acted(
        request,
        article,
        lambda: actions.rewrite_section(
            section, act, told["model"], told["client_id"], instruction
        ),
        section,
    )


@require_POST
def section_stop(request: Request, pk: uuid.UUID) -> HttpResponse:
    section = _own(request, pk)
    return acted(request, section.article, lambda: actions.stop_section(section), section)


@require_POST
def section_decide(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Accept or refuse what is proposed for the section."""
    section = _own(request, pk)
    try:
        verdict, version = request.POST["decision"].split(":")
        accept = {"accept": True, "refuse": False}[verdict]
        proposed = uuid.UUID(version)
    except (KeyError, ValueError):
        raise Http404 from None
    return acted(
        request,
        section.article,
        lambda: actions.decide(section, proposed, accept=accept),
        section,
    )


@require_http_methods(["GET", "HEAD", "POST"])
def section_edit(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Change the text by hand. One that was changed meanwhile is not overwritten unseen."""
    section = _own(request, pk)
    current = section.current
    there = {"text": current.text if current else "", "version": section.current_id}
    form = TextForm(request.POST or None, initial=there)
    context = {"section": section, "form": form, "newer": None}
    if request.method != "POST":
        return render(request, "generator/articles/edit.html", context)
    if not form.is_valid():
        return render(request, "generator/articles/edit.html", context, status=422)
    text, version = form.cleaned_data["text"], form.cleaned_data["version"]
    if or_not_found(lambda: actions.edit_section(section, text, version)):
        return redirect(f"{address_of(section.article)}#section-{section.pk}")
    section = _own(request, pk)
    shown = request.POST.copy()
    shown["version"] = str(section.current_id or "")
    form = TextForm(shown)
    newer = difference(section.current.text if section.current else "", text)
    context = {"section": section, "form": form, "newer": newer}
    return render(request, "generator/articles/edit.html", context, status=409)


@require_safe
def section_versions(request: Request, pk: uuid.UUID) -> HttpResponse:
    """List the versions; one is shown with what restoring it would change."""
    section = _own(request, pk)
    versions = section.versions.select_related("model").defer("text").order_by("-number")
    page = Paginator(versions, PAGE).get_page(request.GET.get("page"))
    chosen = _chosen(request, section)
    context = {"section": section, "page": page, "chosen": chosen}
    if chosen is not None:
        now = section.current.text if section.current else ""
        context |= {"pieces": difference(now, chosen.text), "words": word_count(chosen.text)}
    return render(request, "generator/articles/versions.html", context)


def _chosen(request: Request, section: Section) -> SectionVersion | None:
    number = request.GET.get("version", "")
    if not number:
        return section.current
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise Http404
    return get_object_or_404(section.versions, number=int(number))


@require_POST
def version_restore(request: Request, pk: uuid.UUID) -> HttpResponse:
    visible = SectionVersion.objects.visible_to(request.user)
    version = get_object_or_404(visible.select_related("section__article"), pk=pk)
    section = version.section
    or_not_found(lambda: actions.restore_version(section, version))
    messages.success(request, _("Version %d stands again.") % version.number)
    return redirect(f"{address_of(section.article)}#section-{section.pk}")
