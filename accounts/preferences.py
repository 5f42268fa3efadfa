"""Language and appearance: kept with the person, and in cookies for whoever is not signed in yet.

Pages are drawn from the cookies alone (Django's `LocaleMiddleware` and `base.html` read them), so
no page waits for the database to know its language; signing in brings the person's choice along.
"""

from django.conf import settings
from django.http import HttpResponseBase

from accounts.models import User

THEME_COOKIE = "theme"
YEAR = 60 * 60 * 24 * 365


def carry_to_browser(user: User, response: HttpResponseBase) -> None:
    """Give the browser that signs in what the person chose elsewhere."""
    if user.language:
        keep_language(response, user.language)
    if user.theme != User.Theme.SYSTEM:
        keep_theme(response, user.theme)


def keep_language(response: HttpResponseBase, language: str) -> None:
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=YEAR,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )


def keep_theme(response: HttpResponseBase, theme: str) -> None:
    """The cookie is read by `theme.js`, too, which shows which choice is pressed."""
    if theme == User.Theme.SYSTEM:
        response.delete_cookie(THEME_COOKIE, samesite="Lax")
        return
    response.set_cookie(
        THEME_COOKIE,
        theme,
        max_age=YEAR,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )
