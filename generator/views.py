"""The generator's pages. Each works as a plain form post; htmx gets only the part that changes."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from generator import actions, pages
from generator.forms import OrderForm
from generator.models import Article, OwnRecipe, Variant, Work
from generator.own import is_open, recipe_of, recipe_of_version
from generator.recipes import built_in
from generator.recipes.base import Recipe, Values
from generator.requests import Request, or_not_found
from generator.results import Result, results_of
from providers.errors import LimitReached
from runs.forms import ClientIdForm
from runs.refusals import Refusal

PAGE = 30
LONGEST_QUERY = 80


def _built_in(slug: str) -> Recipe:
    try:
        return built_in[slug]
    except KeyError:
        raise Http404 from None


def _made_by_people(request: Request, pk: uuid.UUID) -> Recipe:
    visible = OwnRecipe.objects.visible_to(request.user).select_related("current")
    return recipe_of_version(get_object_or_404(visible, pk=pk).current)


def _own(request: Request, pk: uuid.UUID, *unused: str) -> Work:
    """Return a work of theirs without what is `unused`."""
    work = get_object_or_404(Work.objects.visible_to(request.user).defer(*unused), pk=pk)
    work.owner = request.user
    return work


def _own_variant(request: Request, pk: uuid.UUID) -> Variant:
    own = Variant.objects.visible_to(request.user).select_related("work", "model")
    return get_object_or_404(own.defer("work__values"), pk=pk)


@require_safe
@vary_on_headers("HX-Request")
def gallery(request: Request) -> HttpResponse:
    query = request.GET.get("q", "")[:LONGEST_QUERY].strip()
    template = "generator/_shelves.html" if request.htmx else "generator/gallery.html"
    return render(request, template, pages.gallery(request.user, query))


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
def recipe_view(request: Request, slug: str) -> HttpResponse:
    """Show a recipe's form; posted, make a work of it."""
    return _recipe(request, _built_in(slug))


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
def own_recipe(request: Request, pk: uuid.UUID) -> HttpResponse:
    """The same of a recipe that somebody made."""
    return _recipe(request, _made_by_people(request, pk))


def _recipe(request: Request, recipe: Recipe) -> HttpResponse:
    if request.method == "POST":
        return _make(request, recipe)
    bench = pages.Bench.of(request.user, recipe)
    return render(request, "generator/recipe.html", {"recipe": recipe, "bench": bench})


def _make(request: Request, recipe: Recipe) -> HttpResponse:
    order = OrderForm(request.user, None, request.POST, abilities=recipe.abilities)
    form = recipe.Form(request.POST, request.FILES, earlier=_made_earlier(request, recipe, order))
    if not (order.is_valid() & form.is_valid()):
        error = order.sentence() if order.errors else ""
        return _not_made(
            request, pages.Bench.of(request.user, recipe, form, order=order, error=error)
        )
    refusal: Refusal
    try:
        work = actions.make_work(request.user, recipe, form.cleaned_data, **order.cleaned_data)
    except LimitReached as limit:
        refusal = Refusal.by_limit(limit)
    except ValidationError as error:
        refusal = Refusal(" ".join(error.messages))
    else:
        return _made(request, work)
    bench = pages.Bench.of(request.user, recipe, form, order=order, error=refusal.sentence)
    return _not_made(request, bench, refusal)


def _made_earlier(request: Request, recipe: Recipe, order: OrderForm) -> Values | None:
    """Return the values of the work that the same request made before, if it arrives again."""
    if not order.is_valid():
        return None
    made = Work.objects.visible_to(request.user).filter(recipe=recipe.slug)
    same = made.filter(client_id=order.cleaned_data["client_id"])
    return same.values_list("values", flat=True).first()


def _made(request: Request, work: Work) -> HttpResponse:
    address = reverse("generator:work-view", args=[work.pk])
    if not request.htmx:
        return redirect(f"{address}#made")
    context = {"made": pages.Made.of(work), "client_id": uuid.uuid4()}
    response = render(request, "generator/_made_now.html", context)
    response["HX-Push-Url"] = address
    return response


def _not_made(request: Request, bench: pages.Bench, refusal: Refusal | None = None) -> HttpResponse:
    """Show the form again with what is wrong in it."""
    refusal = refusal or Refusal("")
    template = "generator/_form.html" if request.htmx else "generator/recipe.html"
    response = refusal.on_page(request, template, {"recipe": bench.recipe, "bench": bench})
    if request.htmx:
        response["HX-Retarget"], response["HX-Reswap"] = "#recipe-form", "outerHTML"
    return response


@require_POST
def recipe_check(request: Request, slug: str) -> HttpResponse:
    """Say what is wrong with one field, while it is being filled in."""
    return _checked(request, _built_in(slug))


@require_POST
def own_recipe_check(request: Request, pk: uuid.UUID) -> HttpResponse:
    return _checked(request, _made_by_people(request, pk))


def _checked(request: Request, recipe: Recipe) -> HttpResponse:
    form = recipe.Form(request.POST, is_draft=True)
    name = request.GET.get("field", "")
    if name not in form.fields:
        raise Http404
    return render(request, "generator/_field_errors.html", {"field": form[name]})


@require_safe
def work_list(request: Request) -> HttpResponse:
    works = Work.objects.visible_to(request.user).recent()
    page = Paginator(works, PAGE).get_page(request.GET.get("page"))
    rows = [pages.Row(work) for work in page]
    return render(request, "generator/work_list.html", {"page": page, "rows": rows})


@require_safe
def work_view(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Show a work; one that became an article is shown as that, but for its outlines."""
    work = _own(request, pk)
    if "outlines" not in request.GET and Article.objects.filter(pk=pk).exists():
        return redirect("generator:article", pk)
    return _work_page(request, work)


def _work_page(request: Request, work: Work, refusal: Refusal | None = None) -> HttpResponse:
    made, recipe = pages.Made.of(work), recipe_of(work)
    bench = None
    if is_open(work):
        last = made.results[0].variant.model if made.results else None
        count = max(len(made.results), 1)
        bench = pages.Bench.of(request.user, recipe, values=work.values, last=last, variants=count)
    refusal = refusal or Refusal("", 200)
    context = {"recipe": recipe, "made": made, "bench": bench, "error": refusal.sentence}
    return refusal.on_page(request, "generator/work.html", context)


def _order_of(request: Request, work: Work, last: uuid.UUID | None) -> ClientIdForm:
    return ClientIdForm(request.user, last, request.POST, abilities=recipe_of(work).abilities)


@require_POST
def variant_add(request: Request, pk: uuid.UUID) -> HttpResponse:
    work = _own(request, pk, "values")
    last = work.variants.order_by("-number").values_list("model", flat=True).first()
    form = _order_of(request, work, last)
    if not form.is_valid():
        return _refused(request, work, Refusal(form.sentence()))
    return _asked(request, work, lambda: actions.add_variant(work, **form.cleaned_data))


@require_POST
def variant_resume(request: Request, pk: uuid.UUID) -> HttpResponse:
    variant = _own_variant(request, pk)
    form = _order_of(request, variant.work, variant.model_id)
    if not form.is_valid():
        return _refused(request, variant.work, Refusal(form.sentence()))
    model = form.cleaned_data["model"]
    return _asked(request, variant.work, lambda: actions.resume_variant(variant, model), variant)


@require_POST
def variant_stop(request: Request, pk: uuid.UUID) -> HttpResponse:
    variant = _own_variant(request, pk)
    or_not_found(lambda: actions.stop_variant(variant))
    return HttpResponse(status=204) if request.htmx else _to(variant.work, variant)


@require_POST
def variant_pick(request: Request, pk: uuid.UUID) -> HttpResponse:
    variant = _own_variant(request, pk)
    is_picked = variant.work.picked_id != variant.pk
    changed = or_not_found(lambda: actions.pick_variant(variant, is_picked=is_picked))
    if not request.htmx:
        return _to(variant.work, variant)
    variant.work.refresh_from_db(fields=["picked"])
    # What is being written is the socket's to show, which knows how much the page has of it.
    return _now(request, [each for each in results_of(variant.work, changed) if not each.is_live])


def _asked(
    request: Request, work: Work, act: Callable[[], Any], variant: Variant | None = None
) -> HttpResponse:
    """Queue something of a work, and show the result that will hold it."""
    try:
        queued = or_not_found(act)
    except LimitReached as limit:
        return _refused(request, work, Refusal.by_limit(limit))
    except ValidationError as error:
        return _refused(request, work, Refusal(" ".join(error.messages)))
    variant = variant or queued
    if not request.htmx:
        return _to(work, variant)
    return _now(request, results_of(work, [variant.pk]))


def _now(request: Request, results: Sequence[Result]) -> HttpResponse:
    """Show some results as they are now, and renew the id of the buttons."""
    context = {"results": results, "client_id": uuid.uuid4()}
    return render(request, "generator/_result_now.html", context)


def _refused(request: Request, work: Work, refusal: Refusal) -> HttpResponse:
    if request.htmx:
        return refusal.into("#results-error")
    return _work_page(request, work, refusal)


def _to(work: Work, variant: Variant) -> HttpResponse:
    return redirect(f"{reverse('generator:work-view', args=[work.pk])}#variant-{variant.pk}")


@require_http_methods(["GET", "HEAD", "POST"])
def work_delete(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Ask, then delete."""
    work = _own(request, pk, "values")
    if request.method != "POST":
        return render(request, "generator/work_delete.html", {"work": work})
    or_not_found(lambda: actions.delete_work(work))
    messages.success(request, _("“%s” was deleted.") % work.title)
    return redirect("generator:gallery")
