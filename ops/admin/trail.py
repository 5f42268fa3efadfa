"""The audit trail, to look at, to search and to take away."""

from typing import Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.urls import path
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from ops.admin import details
from ops.admin.export import export
from ops.admin.pages import ReadOnlyAdmin
from ops.admin.trail_filters import FILTERS
from ops.admin.trail_list import TrailList, link
from ops.models import AuditEntry


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ("at", "by_whom", "done", "to_what", "address", "way_in")
    list_filter = FILTERS
    ordering = ("-pk",)
    sortable_by = ()
    search_fields = ("subject_name",)  # and people: see `get_search_results`
    search_help_text = _("by person, or by how an object's name begins")
    fieldsets = (
        (None, {"fields": ("at", "by_whom", "done", "to_what", "told")}),
        (_("From where"), {"fields": ("way_in", "address", "browser")}),
    )
    readonly_fields = ("at", "by_whom", "done", "to_what", "told", "way_in")
    list_before_template = "ops/_narrowed.html"
    list_after_template = "ops/_export.html"

    def get_urls(self) -> Any:
        page = self.admin_site.admin_view(self.export_view)
        return [path("export/", page, name="ops_auditentry_export"), *super().get_urls()]

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        return export(request, self)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[TrailList]:
        return TrailList

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        """Return an entry that knows the pages of what it names."""
        entry = super().get_object(request, object_id, from_field)
        return link(request, [entry], self.admin_site)[0] if entry else None

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **options: Any
    ) -> Any:
        """An entry has no history: it never changes."""
        return super().render_change_form(
            request, {**context, "show_history": False}, *args, **options
        )

    @display(description=_("time"))
    def at(self, entry: AuditEntry) -> str:
        here = localtime(entry.created_at)
        return f"{date_format(here, 'SHORT_DATE_FORMAT')} {here:%H:%M:%S}"

    @display(description=_("who"))
    def by_whom(self, entry: Any) -> str:
        return _linked(entry.who, entry.actor_page)

    @display(description=_("act"))
    def done(self, entry: AuditEntry) -> Any:
        return entry.words

    @display(description=_("object"))
    def to_what(self, entry: Any) -> str | None:
        return _linked(entry.what, entry.subject_page) if entry.kind else None

    @display(description=_("door"))  # as its filter is called; "by" are details, too
    def way_in(self, entry: AuditEntry) -> str:
        return entry.get_door_display()

    @display(description=_("details"))
    def told(self, entry: AuditEntry) -> str | None:
        return format_html_join("", "<div>{}: {}</div>", details.lines(entry)) or None

    def meant_by(self, term: str) -> QuerySet[Any]:
        """Return the people that a term means: an entry has no foreign key to them."""
        named = Q(email__icontains=term) | Q(name__icontains=term)
        return get_user_model()._default_manager.filter(named)

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        """Find what people did and what was done to them or theirs, and objects by name."""
        people = self.owners(search_term)
        if people is None:
            return queryset, False
        return queryset.about(people, search_term), False


def _linked(text: Any, page: str | None) -> str:
    if page is None:
        return str(text)
    return format_html('<a class="text-link underline" href="{}">{}</a>', page, text)
