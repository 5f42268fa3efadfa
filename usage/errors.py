"""Why limits could not be set. Each error's text is a sentence safe to show."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class SubjectGone(Exception):
    """The person, team, key or model was deleted meanwhile."""

    sentence: str | Promise = _("What these limits are for is not there any more.")

    def __str__(self) -> str:
        return str(self.sentence)
