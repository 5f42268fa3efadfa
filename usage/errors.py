"""Why limits could not be set. Each error's text is a sentence safe to show."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class LimitsNotSet(Exception):
    """Limits stay as they were."""

    sentence: str | Promise = ""

    def __str__(self) -> str:
        return str(self.sentence)


class SubjectGone(LimitsNotSet):
    """The person, team, key or model was deleted meanwhile."""

    sentence = _("What these limits are for is not there any more.")


class LimitsBind(LimitsNotSet):
    """An administrator set them, and the owner of the key wants to change them."""

    sentence = _("An administrator set these limits. Only administrators can change them.")
