"""What is left alone for a while after it failed."""

import datetime as dt

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


def is_ahead(moment: dt.datetime | None) -> bool:
    """Say whether a rest until `moment` goes on."""
    return moment is not None and moment > timezone.now()


class Resting(models.Model):
    """Passed over until `rests_until`, unless nothing else is left; says why."""

    rests_until = models.DateTimeField(_("rests until"), null=True, blank=True, editable=False)
    rest_reason = models.CharField(
        _("reason of the rest"), max_length=40, blank=True, editable=False,
        help_text="The `kind` of the error (`providers.errors`).",
    )  # fmt: skip

    class Meta:
        abstract = True

    @property
    def is_resting(self) -> bool:
        return is_ahead(self.rests_until)
