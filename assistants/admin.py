"""Saved prompts, by their measures alone: what they say is their owners' own."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.db.models.functions import Length
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from assistants.models import SavedPrompt
from ops.admin import ReadOnlyAdmin
from ops.filters import DayFilter


@admin.register(SavedPrompt)
class SavedPromptAdmin(ReadOnlyAdmin):
    list_display = ("updated_at", "owner", "characters", "created_at", "id")
    list_select_related = ("owner",)
    list_filter = (("updated_at", DayFilter),)
    ordering = ("-updated_at", "-pk")
    search_fields = ("owner__email",)
    search_help_text = _("by a person's e-mail address")
    whose = "owner"
    hidden = ("name", "command", "text")
    fields = ("id", "owner", "characters", "created_at", "updated_at")
    readonly_fields = ("characters",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[SavedPrompt]:
        return super().get_queryset(request).annotate(text_length=Length("text"))

    @display(description=_("characters"))
    def characters(self, prompt: Any) -> int:
        return prompt.text_length
