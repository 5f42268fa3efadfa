"""Teams in the administration: who is in them, and which models they open."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.actions import delete_selected
from django.contrib.admin.utils import unquote
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts import actions
from accounts.errors import TeamInUse
from accounts.models import Team
from ops.admin import ContestedAdmin, SearchingAdmin, limit_link


@admin.register(Team)
class TeamAdmin(ContestedAdmin, SearchingAdmin):
    list_display = ("name", "member_count", "model_count", "created_at")
    search_fields = ("name", "members__email")
    search_help_text = _("by name, or by a member's e-mail address")
    autocomplete_fields = ("members",)
    readonly_fields = ("opened", "limited_to", "created_at")
    actions = ("delete_selected",)

    def get_fields(self, request: HttpRequest, obj: Team | None = None) -> tuple[str, ...]:
        return ("name", "members", *(self.readonly_fields if obj else ()))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Team]:
        """Return the teams with how many people and models each has, counted apart."""
        return (
            super()
            .get_queryset(request)
            .annotate(members_in=_count(Team.members), models_of=_count(Team.models))
        )

    @display(description=_("members"), ordering="members_in")
    def member_count(self, team: Any) -> str:
        return number_format(team.members_in, force_grouping=True)

    @display(description=_("models"), ordering="models_of")
    def model_count(self, team: Any) -> str:
        return number_format(team.models_of, force_grouping=True)

    @display(description=_("models that only some teams may use, this one among them"))
    def opened(self, team: Any) -> str:
        """Where the models are that name this team. The choice is made on their pages."""
        links = []
        for model in team.models.order_by("label", "pk"):
            name = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
            links.append((reverse(name, args=[model.pk]), str(model)))
        if not links:
            return str(_("None. It is chosen on the page of each model."))
        return format_html_join(" · ", '<a class="text-link" href="{}">{}</a>', links)

    @display(description=_("limits and budgets, for all members together"))
    def limited_to(self, team: Team) -> str:
        return limit_link(team)

    def save_model(self, request: HttpRequest, obj: Team, form: ModelForm, change: bool) -> None:
        actions.save_team(obj, form.cleaned_data["members"])

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The members were saved with their team."""

    @admin.action(description=_("Delete selected %(verbose_name_plural)s"), permissions=["delete"])
    def delete_selected(self, request: HttpRequest, chosen: QuerySet[Team]) -> Any:
        if self._says_in_use(request, chosen):
            return None
        return delete_selected(self, request, chosen)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        team = self.get_object(request, unquote(object_id))
        if team and self.has_delete_permission(request) and self._says_in_use(request, [team]):
            return redirect("admin:accounts_team_change", team.pk)
        return super().delete_view(request, object_id, extra_context)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Nobody goes with a team: its thousand memberships are not listed."""
        names = [str(team) for team in objs]
        return names, {Team._meta.verbose_name_plural: len(names)}, set(), []

    def delete_model(self, request: HttpRequest, obj: Team) -> None:
        self._delete(request, [obj])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Team]) -> None:
        self._delete(request, list(queryset))

    def _delete(self, request: HttpRequest, teams: list[Team]) -> None:
        for team in teams:
            try:
                actions.delete_team(team)
            except TeamInUse as error:  # a model was limited to it just now
                self.message_user(request, f"{team}: {error}", messages.ERROR)

    def _says_in_use(self, request: HttpRequest, teams: Iterable[Team]) -> bool:
        """Name each team that models are limited to; say whether there is one."""
        in_use = [team for team in teams if team.models.exists()]
        for team in in_use:
            self.message_user(request, f"{team}: {TeamInUse.sentence}", messages.ERROR)
        return bool(in_use)


def _count(relation: Any) -> Coalesce:
    """Count a team's rows in the table between: two joins at once would multiply each other."""
    rows = relation.through.objects.filter(team=OuterRef("pk")).order_by().values("team")
    return Coalesce(Subquery(rows.annotate(found=Count("*")).values("found")), 0)
