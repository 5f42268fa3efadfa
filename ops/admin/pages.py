"""What the administration's pages of several rooms share."""

import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import AutocompleteSelect, AutocompleteSelectMultiple
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.paginator import InfinitePaginator
from unfold.views import ChangeList

from ops.models import AuditEntry

MOST_OWNERS = 100  # people that a search may mean
MOST_ROWS = 10_000  # as far as a list goes: a page further on would read all before it


class _ReadOnly:
    """Nothing can be added, changed or deleted, by whatever right."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class NewestRows(InfinitePaginator):
    """Pages through the first rows of a list; how many there are is not asked."""

    template_name = "ops/pagination.html"
    count = MOST_ROWS


class FilteredList(ChangeList):
    """Is narrowed by its filters and its search alone.

    Django takes any column of the table from the address. So a column that no page shows could be
    guessed letter by letter, as what people wrote, and what is no value of it breaks the page.
    """

    def get_filters(self, request: HttpRequest) -> Any:
        found = super().get_filters(request)
        if others := found[2]:
            raise IncorrectLookupParameters(list(others))
        return found


class UncountedList(FilteredList):
    """Counts the rows of its page alone: the paginator's number is a bound, not to be told."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_count = self.full_result_count = len(self.result_list)


class SelectingAdmin(ModelAdmin):
    """Its actions take nonsense among the chosen rows without breaking.

    The history of a row is what the audit trail says of it. Django's own log keeps what a row was
    called for ever: where `tells_of_people`, who can be erased, nothing is written there.
    """

    tells_of_people = False

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        return None if self.tells_of_people else super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        return None if self.tells_of_people else super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        return None if self.tells_of_people else super().log_deletions(request, queryset)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return FilteredList

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to the audit trail; whoever may not see that has Django's log, if anything."""
        if not self.admin_site.get_model_admin(AuditEntry).has_view_permission(request):
            return super().history_view(request, object_id, extra_context)
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        named = self.in_trail(obj)
        query = urlencode({"object": f"{named._meta.label_lower}/{named.pk}"})
        return redirect(f"{reverse('admin:ops_auditentry_changelist')}?{query}")

    def in_trail(self, obj: Any) -> Any:
        """Return what entries about a row name as their object."""
        return obj

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """Act on the chosen rows; what is no key chooses none."""
        given = request.POST.copy()
        chosen = [each for each in given.getlist(ACTION_CHECKBOX_NAME) if self._is_key(each)]
        given.setlist(ACTION_CHECKBOX_NAME, chosen)
        request.POST = given  # type: ignore[assignment]  # Django reads them from here
        return super().response_action(request, queryset)

    def _is_key(self, text: str) -> bool:
        try:
            self.opts.pk.clean(text, None)
        except ValidationError:
            return False
        return True


class ReadOnlyAdmin(_ReadOnly, SelectingAdmin):
    """Pages to look at tables that grow without end: rows are never counted, only read.

    A row is found by the e-mail address of whose it is; `whose` is a foreign key with an index.
    """

    paginator = NewestRows
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    list_disable_select_all = True
    list_filter_submit = True
    ordering: tuple[str, ...] = ("-created_at", "-pk")
    sortable_by: tuple[str, ...] = ("created_at", "updated_at")
    whose = "user"
    whose_email = "email"
    hidden: tuple[str, ...] = ()  # columns that hold what people wrote: never read from the table

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer(*self.hidden)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[UncountedList]:
        return UncountedList

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Show the list, whose statements are planned for what is asked each time.

        Whose rows are asked for and how far down the list decide how they are found best: a plan
        made for anybody's would sort the millions of one as it does the few of another.
        """
        if request.method == "POST":
            return super().changelist_view(request, extra_context)
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL plan_cache_mode = force_custom_plan")
            return super().changelist_view(request, extra_context)

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.hidden

    def owners(self, search_term: str) -> list[Any] | None:
        """Return the keys of those whose rows a search means; `None` where nothing is searched."""
        term = search_term.replace("\x00", "").strip()
        if not term:
            return None
        return list(self.meant_by(term).values_list("pk", flat=True)[:MOST_OWNERS])

    def meant_by(self, term: str) -> QuerySet[Any]:
        """Return those whose rows a term means."""
        owners: Any = self.model._meta.get_field(self.whose).related_model
        return owners._default_manager.filter(**{f"{self.whose_email}__icontains": term})

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find by person: first whose it can be, then their rows by index."""
        owners = self.owners(search_term)
        if owners is None:
            return queryset, False
        return queryset.filter(**{f"{self.whose}__in": owners}), False


class ReadOnlyInline(_ReadOnly, TabularInline):
    extra = 0
    can_delete = False
    per_page = 50


class SearchedOne(AutocompleteSelect):
    """A row, found by a search. Shows a refused form again whatever key it was sent."""

    def optgroups(self, name: str, value: Sequence[str], attrs: Any = None) -> Any:
        return super().optgroups(name, [each for each in value if is_key(each)], attrs)


class Searched(AutocompleteSelectMultiple):
    """Several rows, likewise."""

    def optgroups(self, name: str, value: Sequence[str], attrs: Any = None) -> Any:
        return super().optgroups(name, [each for each in value if is_key(each)], attrs)


class SearchingAdmin(SelectingAdmin):
    """Its `autocomplete_fields` take nonsense without breaking; keys are UUIDs."""

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            options["widget"] = SearchedOne(db_field, self.admin_site)
        return super().formfield_for_foreignkey(db_field, request, **options)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            options["widget"] = Searched(db_field, self.admin_site)
        return super().formfield_for_manytomany(db_field, request, **options)


class ContestedAdmin(SelectingAdmin):
    """Two who save at once, or save what somebody deletes: the second has the form again.

    Nothing of the first try is left, and the form's fields say what is in the way.
    """

    def changeform_view(self, request: HttpRequest, *given: Any, **options: Any) -> Any:
        try:
            return super().changeform_view(request, *given, **options)
        except IntegrityError:
            return super().changeform_view(request, *given, **options)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        connection.check_constraints()  # before anybody is told that it was saved


def limit_link(subject: Any) -> str:
    """Write what limits a person, team, key or model, and lead to where that is changed.

    Limits are rows of a room above that of their subject: known here by the relation alone.
    """
    relation = subject._meta.get_field("limit")
    of = relation.related_model._meta
    name = f"admin:{of.app_label}_{of.model_name}"
    limit = getattr(subject, "limit", None)
    if limit is None:
        text, action = _("None."), _("Set limits")
        url = f"{reverse(f'{name}_add')}?{relation.field.name}={subject.pk}"
    else:
        text, action = limit.summary, _("Change")
        url = reverse(f"{name}_change", args=[limit.pk])
    return format_html('{} <a class="text-link underline" href="{}">{}</a>', text, url, action)


def is_key(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
