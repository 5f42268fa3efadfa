"""Saved prompts: pages of their own, and the same as partials in the composer (htmx)."""

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.middleware import HtmxDetails

from accounts.models import User
from assistants import actions
from assistants.forms import FillForm, PromptForm
from assistants.models import SavedPrompt

PAGE = 50
PICKS = 12
LONGEST_QUERY = 80
LONGEST_IN_ADDRESS = 1500  # code points that may travel in the address of a new chat


class OwnRequest(HttpRequest):
    """A request as the middleware hand it over: somebody is signed in."""

    user: User
    htmx: HtmxDetails


@require_safe
@vary_on_headers("HX-Request")
def prompt_list(request: OwnRequest) -> HttpResponse:
    """All of one's prompts; in the composer the few that fit what is typed after the slash."""
    query = request.GET.get("q", "")[:LONGEST_QUERY]
    found = SavedPrompt.objects.visible_to(request.user).matching(query).listed()
    if request.htmx:
        return render(
            request, "assistants/_picks.html", {"prompts": list(found[:PICKS]), "query": query}
        )
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    return render(request, "assistants/prompt_list.html", {"page": page, "query": query})


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
def prompt_create(request: OwnRequest) -> HttpResponse:
    if request.method != "POST":
        return _edit(request, PromptForm())
    form = PromptForm(request.POST)
    prompt = None
    if form.is_valid():
        try:
            prompt = actions.save_prompt(request.user, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
    if prompt is None:
        return _edit(request, form)
    if request.htmx:
        return render(request, "assistants/_saved_dialog.html", {"prompt": prompt})
    messages.success(request, _("Saved. Type /%s in the composer to use it.") % prompt.command)
    return redirect("assistants:prompt-list")


@require_http_methods(["GET", "HEAD", "POST"])
def prompt_change(request: OwnRequest, prompt_id: UUID) -> HttpResponse:
    prompt = _own(request, prompt_id)
    if request.method != "POST":
        return _edit(request, PromptForm.of(prompt), prompt)
    form = PromptForm(request.POST)
    if form.is_valid():
        try:
            actions.change_prompt(prompt, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("The prompt was changed."))
            return redirect("assistants:prompt-list")
    return _edit(request, form, prompt)


@require_http_methods(["GET", "HEAD", "POST"])
def prompt_delete(request: OwnRequest, prompt_id: UUID) -> HttpResponse:
    """Ask, then delete."""
    prompt = _own(request, prompt_id)
    if request.method != "POST":
        return render(request, "assistants/prompt_delete.html", {"prompt": prompt})
    actions.delete_prompt(prompt)
    messages.success(request, _("“%s” was deleted.") % prompt.name)
    return redirect("assistants:prompt-list")


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
def prompt_fill(request: OwnRequest, prompt_id: UUID) -> HttpResponse:
    """Ask for a prompt's variables, where it has any, and answer with the filled text."""
    prompt = _own(request, prompt_id)
    is_sent = request.method == "POST" or not prompt.variables
    form = FillForm(prompt, request.POST if is_sent else None)
    if form.is_valid():
        try:
            return _filled(request, prompt, actions.fill_prompt(prompt, form.values))
        except ValidationError as error:
            form.add_error(None, error.messages)
    template = "assistants/_fill_dialog.html" if request.htmx else "assistants/prompt_fill.html"
    context = {"prompt": prompt, "form": form}
    return render(request, template, context, status=422 if form.is_bound else 200)


def _own(request: OwnRequest, prompt_id: UUID) -> SavedPrompt:
    return get_object_or_404(SavedPrompt.objects.visible_to(request.user), pk=prompt_id)


def _edit(request: OwnRequest, form: PromptForm, prompt: SavedPrompt | None = None) -> HttpResponse:
    template = "assistants/_save_dialog.html" if request.htmx else "assistants/prompt_edit.html"
    context = {"form": form, "prompt": prompt}
    return render(request, template, context, status=422 if form.is_bound else 200)


def _filled(request: OwnRequest, prompt: SavedPrompt, text: str) -> HttpResponse:
    """Hand the text over: to the page's composer, else to a new chat, else to be copied."""
    if request.htmx:
        return render(request, "assistants/_filled.html", {"text": text})
    if len(text) <= LONGEST_IN_ADDRESS:
        return redirect(f"/?{urlencode({'text': text})}")
    return render(request, "assistants/prompt_filled.html", {"prompt": prompt, "text": text})
