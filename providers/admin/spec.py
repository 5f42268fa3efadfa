from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from providers.actions import set_default_model
from providers.models import ModelSpec


@admin.register(ModelSpec)
class ModelSpecAdmin(ModelAdmin):
    list_display = (
        "label",
        "provider",
        "name",
        "is_enabled",
        "is_default",
        "context_window",
        "input_price",
        "output_price",
    )
    list_filter = ("is_enabled", "is_default", "makes_titles", "provider")
    search_fields = ("label", "name", "provider__name")
    list_select_related = ("provider",)
    readonly_fields = ("is_default", "created_at")
    actions = ("make_default",)

    @admin.action(description=_("Make the chosen model the default"), permissions=["change"])
    def make_default(self, request: HttpRequest, chosen: QuerySet[ModelSpec]) -> None:
        if len(chosen) != 1:
            self.message_user(request, _("Choose one model."), messages.ERROR)
            return
        try:
            set_default_model(chosen[0])
        except ValidationError as error:
            self.message_user(request, " ".join(error.messages), messages.ERROR)
        else:
            self.message_user(request, _("New conversations begin with this model."))
