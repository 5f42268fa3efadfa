"""What is made with recipes, by its measures alone; own recipes by what is shared of them."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import display

from generator.models import OwnRecipe, Work
from generator.recipes import built_in
from ops.admin import ReadOnlyAdmin
from ops.filters import DayFilter


@admin.register(Work)
class WorkAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "owner", "made_with", "id")
    list_select_related = ("owner",)
    list_filter = (("created_at", DayFilter),)
    ordering = ("-created_at", "-pk")
    search_fields = ("owner__email",)
    search_help_text = _("by a person's e-mail address")
    whose = "owner"
    hidden = ("title", "values")
    fields = ("id", "owner", "made_with", "created_at", "updated_at")
    readonly_fields = ("made_with",)

    @display(description=_("recipe"))
    def made_with(self, work: Work) -> Any:
        recipe = built_in.get(work.recipe)
        return recipe.name if recipe else _("somebody's own")


@admin.register(OwnRecipe)
class OwnRecipeAdmin(ReadOnlyAdmin):
    """Names are read of shared ones only: others are their owners' own."""

    list_display = ("updated_at", "shared_name", "owner", "shared_with", "version", "id")
    list_select_related = ("owner", "team")
    list_filter = (
        "is_for_everybody",
        ("team", RelatedDropdownFilter),
        ("updated_at", DayFilter),
    )
    ordering = ("-updated_at", "-pk")
    search_fields = ("owner__email",)
    search_help_text = _("by a person's e-mail address")
    whose = "owner"
    fields = (
        "id", "shared_name", "owner", "shared_with", "version", "created_at", "updated_at", "act",
    )  # fmt: skip
    readonly_fields = ("shared_name", "shared_with", "version", "act")

    def get_queryset(self, request: HttpRequest) -> QuerySet[OwnRecipe]:
        recipes: Any = super().get_queryset(request)
        return recipes.measured()

    @display(description=_("name"))
    def shared_name(self, recipe: Any) -> str | None:
        return recipe.shared_name or None

    @display(description=_("shared with"))
    def shared_with(self, recipe: OwnRecipe) -> Any:
        return _("everybody") if recipe.is_for_everybody else recipe.team

    @display(description=_("version"))
    def version(self, recipe: Any) -> int:
        return recipe.newest

    @display(description=_("sharing"))
    def act(self, recipe: OwnRecipe) -> str | None:
        """Lead to where a shared one is taken back or deleted."""
        if not recipe.is_shared:
            return None
        link = '<a class="text-link underline" href="{}">{}</a>'
        share = reverse("generator:recipe-share", args=[recipe.pk])
        delete = reverse("generator:recipe-delete", args=[recipe.pk])
        links = f"{link} · {link}"
        return format_html(links, share, _("Change who may use it"), delete, _("Delete"))
