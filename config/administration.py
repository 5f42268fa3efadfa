"""How the administration looks and what its sidebar holds (django-unfold's settings)."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _

# Group → (app label and model, icon). A model nobody registered, or may not see, is left out.
GROUPS: tuple[tuple[Any, tuple[tuple[str, str], ...]], ...] = (
    (
        _("People"),
        (
            ("accounts.User", "person"),
            ("accounts.Team", "group"),
            ("accounts.ApiKey", "vpn_key"),
        ),
    ),
    (
        _("Models"),
        (
            ("providers.Provider", "dns"),
            ("providers.ModelSpec", "psychology"),
            ("providers.Credential", "key"),
        ),
    ),
    (
        _("Usage"),
        (
            ("usage.Limit", "speed"),
            ("usage.UsageRecord", "receipt_long"),
            ("usage.Account", "account_balance_wallet"),
        ),
    ),
    (
        _("Work"),
        (
            ("runs.Run", "bolt"),
            ("chat.Conversation", "forum"),
            ("assistants.SavedPrompt", "bookmark"),
            ("generator.Work", "edit_note"),
            ("generator.OwnRecipe", "menu_book"),
        ),
    ),
    (_("This house"), (("ops.AuditEntry", "policy"),)),
)


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the sidebar: the overview, the groups, and the way back."""
    from django.apps import apps
    from django.contrib import admin
    from django.urls import reverse
    from django.utils.text import capfirst

    overview: dict[str, Any] = {
        "title": _("Overview"),
        "icon": "home",
        "link": reverse("admin:index"),
    }
    dashboard = {
        "title": _("Dashboard"),
        "icon": "bar_chart",
        "link": reverse("usage:dashboard"),
    }
    groups: list[dict[str, Any]] = [{"title": None, "items": [overview]}]
    for title, models in GROUPS:
        items = []
        for label, icon in models:
            model = apps.get_model(label)
            if not admin.site.is_registered(model):
                continue
            if admin.site.get_model_admin(model).has_view_permission(request):
                name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
                caption = capfirst(model._meta.verbose_name_plural)
                items.append({"title": caption, "icon": icon, "link": reverse(name)})
                if label == "usage.UsageRecord":  # who may see the ledger may see its sums
                    items.insert(0, dashboard)
        groups.append({"title": title, "items": items})
    if request.user.is_superuser:
        secrets = {"title": _("Encryption"), "icon": "lock", "link": reverse("encryption")}
        groups[-1]["items"].append(secrets)
    back = {"title": _("Back to the chats"), "icon": "arrow_back", "link": "/", "active": False}
    groups.append({"title": None, "separator": True, "items": [back]})
    return groups


def theme(request: HttpRequest) -> str | None:
    """Return what the person chose in the chat; else the administration follows the system."""
    chosen = request.COOKIES.get("theme")
    return chosen if chosen in ("light", "dark") else None


def mark(request: HttpRequest) -> str:
    return static("icons/mark.svg")


def landmarks(request: HttpRequest) -> str:
    return static("js/administration.js")


def colours(request: HttpRequest) -> str:
    return static("css/administration.css")


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Causerie",
    "SITE_HEADER": "Causerie",
    "SITE_SUBHEADER": _("Administration"),
    "SITE_URL": "/",
    "SITE_ICON": mark,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": mark}],
    "SCRIPTS": [landmarks],
    "STYLES": [colours],
    "DASHBOARD_CALLBACK": "config.overview.overview",
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "THEME": theme,
    "BORDER_RADIUS": "10px",
    "SIDEBAR": {"show_search": False, "navigation": navigation},
    "ACCOUNT": {"navigation": [{"title": _("Back to the chats"), "link": "/"}]},
    # The tokens of static/css/base.css, spread over the steps Unfold asks for.
    "COLORS": {
        "base": {
            "50": "#fcfbf9",
            "100": "#f4f2ed",
            "200": "#e4e0d8",
            "300": "#cfc9bd",
            "400": "#a19b90",
            "500": "#69645b",
            "600": "#55514a",
            "700": "#37342e",
            "800": "#292723",
            "900": "#181715",
            "950": "#121110",
        },
        "primary": {
            "50": "#eef7f4",
            "100": "#e3f0ec",
            "200": "#c2e2d9",
            "300": "#93dccb",
            "400": "#74cbb7",
            "500": "#45a893",
            "600": "#0e6758",
            "700": "#0a5346",
            "800": "#09443a",
            "900": "#1b332d",
            "950": "#07231d",
        },
    },
}
