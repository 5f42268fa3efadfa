"""The pages of recipes that people make. Each works as a plain form post; htmx gets only the part
that changes.
"""

import uuid
from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from generator import own_actions as actions
from generator import own_rows
from generator.models import OwnRecipe, RecipeVersion
from generator.own_content import Content, checked_content
from generator.own_forms import Editor, ShareForm
from generator.own_pages import Preview, differences, parts, saved
from generator.requests import Request, or_not_found

PAGE = 50


def _found(recipes: QuerySet[OwnRecipe], pk: uuid.UUID) -> OwnRecipe:
    return get_object_or_404(recipes.select_related("current", "team"), pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
def recipe_create(request: Request) -> HttpResponse:
    if request.method != "POST":
        return _edit(request, Editor.of(Content()))
    return _posted(request, lambda content: actions.create_recipe(request.user, content))


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
def recipe_change(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Show the newest version to change; posted, save it as the next one."""
    recipe = _found(OwnRecipe.objects.changeable_by(request.user), pk)
    if request.method != "POST":
        return _edit(request, Editor.of(Content.of(recipe.current)), recipe)
    given = request.POST.get("based_on", "")
    based_on = int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0

    def change(content: Content) -> OwnRecipe:
        actions.change_recipe(recipe, request.user, content, based_on=based_on)
        return recipe

    return _posted(request, change, recipe, based_on)


def _posted(
    request: Request,
    save: Callable[[Content], OwnRecipe],
    recipe: OwnRecipe | None = None,
    based_on: int = 0,
) -> HttpResponse:
    """Do what the button says that was pressed: change the rows, show the preview, or save."""
    editor, pressed = Editor.posted(request.POST), request.POST.get("do", "")
    if own_rows.is_button(pressed):
        return _edit(request, own_rows.after(editor, pressed), recipe, based_on=based_on)
    if pressed == "preview":
        return _edit(request, editor.with_rows(editor.typed()), recipe, based_on=based_on)
    editor, new = own_rows.with_new(editor)
    content = editor.content()
    try:
        if new:
            editor.tell_new(new)
            checked_content(content)
        elif editor.is_valid():
            saved = or_not_found(lambda: save(content))
            messages.success(request, _("The recipe was saved."))
            return redirect("generator:own-recipe", saved.pk)
    except ValidationError as error:
        editor.add(error)
        if getattr(error, "code", "") == "changed_meanwhile" and recipe is not None:
            recipe.refresh_from_db()
            based_on = recipe.current.number
    editor.lead_to_first_error()
    return _edit(request, editor, recipe, based_on=based_on, status=422)


def _edit(
    request: Request,
    editor: Editor,
    recipe: OwnRecipe | None = None,
    *,
    based_on: int = 0,
    status: int = 200,
) -> HttpResponse:
    context = {
        "editor": editor,
        "recipe": recipe,
        "based_on": based_on or (recipe.current.number if recipe else 0),
        "preview": Preview.of(editor),
    }
    template = "generator/_variables_now.html" if request.htmx else "generator/recipe_edit.html"
    return render(request, template, context, status=status)


@require_POST
def recipe_preview(request: Request) -> HttpResponse:
    """Show what is being written as it will be. Writes nothing."""
    context = {"preview": Preview.of(Editor.posted(request.POST))}
    return render(request, "generator/_preview.html", context)


@require_safe
def recipe_versions(request: Request, pk: uuid.UUID) -> HttpResponse:
    recipe = _found(OwnRecipe.objects.changeable_by(request.user), pk)
    versions = recipe.versions.listed().order_by("-number")
    page = Paginator(versions, PAGE).get_page(request.GET.get("page"))
    context = {"recipe": recipe, "page": page, "saved": saved(page)}
    return render(request, "generator/recipe_versions.html", context)


def _version(request: Request, pk: uuid.UUID) -> RecipeVersion:
    visible = RecipeVersion.objects.visible_to(request.user)
    return get_object_or_404(visible.select_related("recipe__current", "author"), pk=pk)


@require_safe
def recipe_version(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Show a version, and what became of it."""
    version = _version(request, pk)
    changeable = OwnRecipe.objects.changeable_by(request.user)
    context = {
        "version": version,
        "recipe": version.recipe,
        "parts": parts(version),
        "differences": differences(version, version.recipe.current),
        "can_change": changeable.filter(pk=version.recipe_id).exists(),
    }
    return render(request, "generator/recipe_version.html", context)


@require_POST
def recipe_restore(request: Request, pk: uuid.UUID) -> HttpResponse:
    version = _version(request, pk)
    try:
        restored = or_not_found(lambda: actions.restore_version(version, request.user))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("generator:recipe-version", version.pk)
    told = {"number": version.number, "newest": restored.number}
    messages.success(request, _("Version %(newest)d is as version %(number)d was.") % told)
    return redirect("generator:recipe-versions", version.recipe_id)


@require_http_methods(["GET", "HEAD", "POST"])
def recipe_share(request: Request, pk: uuid.UUID) -> HttpResponse:
    recipe = _found(OwnRecipe.objects.manageable_by(request.user), pk)
    form = ShareForm(request.user, recipe, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            or_not_found(lambda: actions.share_recipe(recipe, request.user, **form.chosen))
        except ValidationError as error:
            form.add_error("whom", error)
        else:
            messages.success(request, form.told())
            return redirect("generator:gallery")
    status = 422 if form.errors else 200
    context = {"recipe": recipe, "form": form}
    return render(request, "generator/recipe_share.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def recipe_delete(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Ask, then delete."""
    recipe = _found(OwnRecipe.objects.manageable_by(request.user), pk)
    if request.method != "POST":
        return render(request, "generator/recipe_delete.html", {"recipe": recipe})
    or_not_found(lambda: actions.delete_recipe(recipe, request.user))
    messages.success(request, _("“%s” was deleted.") % recipe.current.name)
    return redirect("generator:gallery")
