"""People in the administration. Rights change through the same actions as anywhere else."""

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any

from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action
from unfold.forms import AdminPasswordChangeForm, UserCreationForm

from accounts import actions
from accounts.access import person
from accounts.errors import AccountError, LastAdministrator
from accounts.models import ApiKey, User
from ops.admin import ReadOnlyInline, SelectingAdmin, limit_link

# Signing in here is signing in anywhere: with its second factor and its rate limits.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

# Shown with their person instead, without keys and secrets; groups are not used.
for model in (EmailAddress, Authenticator, UserSession, Group):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


class UserForm(ModelForm):
    class Meta:
        model = User
        fields = ("name",)
        help_texts = {"name": ""}  # speaks to the person


class UserAddForm(UserCreationForm):
    class Meta:
        model = User
        fields = ("email", "name")
        help_texts = {"name": ""}

    def clean_email(self) -> str:
        return self.cleaned_data["email"].lower()


class UserPasswordForm(AdminPasswordChangeForm):
    def save(self, commit: bool = True) -> User:
        usable = self.cleaned_data["set_usable_password"]
        actions.change_password(self.user, self.cleaned_data["password1"] if usable else None)
        return self.user


class EmailAddressInline(ReadOnlyInline):
    model = EmailAddress
    tab = True
    fields = ("email", "verified", "primary")
    ordering = ("-primary", "email")


class AuthenticatorInline(ReadOnlyInline):
    """Which second factors there are; `data`, which holds their secrets, is never shown.

    Removing one helps somebody who lost a phone.
    """

    model = Authenticator
    verbose_name = _("second factor")
    verbose_name_plural = _("second factors")
    tab = True
    fields = ("kind", "added", "last_used")
    ordering = ("created_at",)
    readonly_fields = fields
    can_delete = True

    @admin.display(description=_("kind"))
    def kind(self, factor: Authenticator) -> str:
        return factor.get_type_display()

    @admin.display(description=_("created"))
    def added(self, factor: Authenticator) -> dt.datetime:
        return factor.created_at

    @admin.display(description=_("last used"))
    def last_used(self, factor: Authenticator) -> dt.datetime | None:
        return factor.last_used_at

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser


class UserSessionInline(ReadOnlyInline):
    """Where somebody is signed in; the session key, which would let one in, is never shown."""

    model = UserSession
    verbose_name = _("session")
    verbose_name_plural = _("sessions")
    tab = True
    fields = ("address", "browser", "begun", "last_seen")
    ordering = ("-last_seen_at",)
    readonly_fields = fields

    @admin.display(description=_("address"))
    def address(self, session: UserSession) -> str:
        return session.ip

    @admin.display(description=_("browser"))
    def browser(self, session: UserSession) -> str:
        return session.user_agent

    @admin.display(description=_("begun"))
    def begun(self, session: UserSession) -> dt.datetime:
        return session.created_at

    @admin.display(description=_("last seen"))
    def last_seen(self, session: UserSession) -> dt.datetime:
        return session.last_seen_at


@admin.register(User)
class UserAdmin(DjangoUserAdmin, SelectingAdmin):
    tells_of_people = True
    form = UserForm
    add_form = UserAddForm
    change_password_form = UserPasswordForm
    inlines = (EmailAddressInline, AuthenticatorInline, UserSessionInline)
    ordering = ("email",)
    list_per_page = 50
    list_display = ("email", "name", "active", "administrator", "date_joined", "last_login")
    list_filter = ("is_active", "is_superuser", "language", "date_joined")
    search_fields = ("email", "name")
    filter_horizontal = ()
    # Rights change by the buttons; an address by its owner, who proves it by mail.
    readonly_fields = (
        "email",
        "password_page",
        "active",
        "administrator",
        "in_teams",
        "limited_to",
        "keys",
        "date_joined",
        "last_login",
    )
    fieldsets = (
        (None, {"fields": ("email", "name", "password_page")}),
        (_("Rights"), {"fields": ("active", "administrator", "in_teams", "limited_to", "keys")}),
        (_("Dates"), {"fields": ("date_joined", "last_login")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "name", "password1", "password2")}),)
    actions = ("deactivate_all", "reactivate_all", "sign_out_all")
    actions_submit_line = ("deactivate", "reactivate", "grant", "withdraw")

    @admin.display(description=_("password"))
    def password_page(self, user: User) -> str:
        """Not even a part of its hash is shown."""
        url = reverse("admin:auth_user_password_change", args=[user.pk])
        link = '<a class="text-link underline" href="{}">{}</a>'
        return format_html(link, url, _("Set a new password"))

    @admin.display(description=_("active"), boolean=True, ordering="is_active")
    def active(self, user: User) -> bool:
        return user.is_active

    @admin.display(description=_("administrator"), boolean=True, ordering="is_superuser")
    def administrator(self, user: User) -> bool:
        return user.is_superuser

    @admin.display(description=_("teams"))
    def in_teams(self, user: User) -> str:
        change = "admin:accounts_team_change"
        links = [(reverse(change, args=[team.pk]), str(team)) for team in user.teams.all()]
        return format_html_join(" · ", '<a class="text-link" href="{}">{}</a>', links)

    @admin.display(description=_("limits and budgets"))
    def limited_to(self, user: User) -> str:
        return limit_link(user)

    @admin.display(description=_("API keys"))
    def keys(self, user: User) -> str:
        url = f"{reverse('admin:accounts_apikey_changelist')}?owner__id__exact={user.pk}"
        working = ApiKey.objects.of(user).working().count()
        text = ngettext("%s works", "%s work", working) % working
        return format_html(
            '{} <a class="text-link underline" href="{}">{}</a>', text, url, _("Show")
        )

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        return self.readonly_fields if obj else ()

    def get_inlines(self, request: HttpRequest, obj: User | None) -> Any:
        return self.inlines if obj else ()

    def save_model(self, request: HttpRequest, obj: User, form: ModelForm, change: bool) -> None:
        if change:
            actions.change_name(obj, obj.name)
            super().save_model(request, obj, form, change)  # which does what a button says
        else:
            actions.add_user(obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What is theirs goes with them; it is not listed, since it is nobody else's to read."""
        names = [str(user) for user in objs]
        return names, {User._meta.verbose_name_plural: len(names)}, set(), []

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        self._do(request, actions.erase_user, [obj])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._do(request, actions.erase_user, queryset)

    def get_actions_submit_line(self, request: HttpRequest, object_id: str) -> list[Any]:
        """Only the buttons that change something for this person."""
        user = self.get_object(request, object_id)
        if user is None:
            return []
        fit = {
            "deactivate": user.is_active,
            "reactivate": not user.is_active,
            "grant": user.is_active and not user.is_superuser,
            "withdraw": user.is_superuser,
        }
        buttons = super().get_actions_submit_line(request, object_id)
        return [button for button in buttons if fit[button.path]]

    @action(description=_("Deactivate"))
    def deactivate(self, request: HttpRequest, obj: User) -> None:
        self._do(request, actions.deactivate_user, [obj])

    @action(description=_("Reactivate"))
    def reactivate(self, request: HttpRequest, obj: User) -> None:
        self._do(request, actions.reactivate_user, [obj])

    @action(description=_("Make an administrator"))
    def grant(self, request: HttpRequest, obj: User) -> None:
        self._do(request, actions.grant_administration, [obj])

    @action(description=_("No longer an administrator"))
    def withdraw(self, request: HttpRequest, obj: User) -> None:
        self._do(request, actions.withdraw_administration, [obj])

    @admin.action(description=_("Deactivate and sign out"))
    def deactivate_all(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        chosen = list(queryset)
        left = actions.deactivate_users(chosen, by=person(request))
        for user in set(chosen) - set(left):
            self.message_user(request, f"{user}: {LastAdministrator.sentence}", messages.ERROR)

    @admin.action(description=_("Reactivate"))
    def reactivate_all(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._do(request, actions.reactivate_user, queryset)

    @admin.action(description=_("Sign out everywhere"))
    def sign_out_all(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        actions.end_sessions(UserSession.objects.filter(user__in=queryset))

    def _do(
        self, request: HttpRequest, verb: Callable[[User], None], users: Iterable[User]
    ) -> None:
        """Do one thing to each; whoever refuses is named, and the others go on."""
        for user in users:
            try:
                verb(user)
            except AccountError as error:
                self.message_user(request, f"{user}: {error}", messages.ERROR)
