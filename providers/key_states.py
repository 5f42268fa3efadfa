"""In which state a provider's key is, as its administrators are told."""

import datetime as dt
from dataclasses import dataclass

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timesince import timeuntil
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from providers import errors
from providers.models import Credential

# Why a key rests, in fewer words than people are told who only wanted an answer.
REASONS = {
    errors.AuthenticationFailed.kind: gettext_lazy("key refused"),
    errors.QuotaExceeded.kind: gettext_lazy("quota used up"),
    errors.RateLimited.kind: gettext_lazy("too many calls"),
}


@dataclass(frozen=True)
class KeyState:
    """`slug` is for code, `label` a word or two, `detail` what more there is to say, or empty."""

    slug: str
    label: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.label}: {self.detail}" if self.detail else self.label


def state_of(credential: Credential) -> KeyState:
    """Return the first that is true of a key, from what keeps it out of use to what does not."""
    if credential.is_retired:
        return KeyState("retired", _("retired"), _("never sent again"))
    if not credential.is_enabled:
        return KeyState("off", _("switched off"))
    if credential.origin != credential.provider.origin():
        return KeyState("moved", _("other origin"), _("the provider moved: enter the key anew"))
    if credential.is_resting and credential.rests_until:
        why = _("%(reason)s; until %(time)s (%(left)s)") % {
            "reason": REASONS.get(credential.rest_reason, credential.rest_reason),
            "time": _time(credential.rests_until),
            "left": timeuntil(credential.rests_until),
        }
        return KeyState("resting", _("resting"), why)
    if credential.retires_at:
        why = _("a fallback until %s") % _time(credential.retires_at)
        return KeyState("retires", _("retires"), why)
    return KeyState("used", _("in use"))


def days_of(credential: Credential) -> int:
    """Return how many days ago this key was stored."""
    return (timezone.now() - (credential.replaced_at or credential.created_at)).days


def is_old(credential: Credential) -> bool:
    """Say whether it is time for a new key, as CREDENTIAL_MAX_AGE_DAYS has it."""
    most: int = settings.CREDENTIAL_MAX_AGE_DAYS
    return 0 < most < days_of(credential) and not credential.retires_at


def _time(moment: dt.datetime) -> str:
    here = timezone.localtime(moment)
    short = here.date() == timezone.localdate()
    return date_format(here, "TIME_FORMAT" if short else "SHORT_DATETIME_FORMAT")
