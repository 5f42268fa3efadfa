"""Rows that are there once in an installation."""

from django.db import models
from django.utils.crypto import get_random_string


def _link_seed() -> str:
    return get_random_string(32)


class FirstAdministrator(models.Model):
    """One row: has the first account, which becomes the administrator, been made?

    Whoever sets `made_at` from null within the transaction that makes their account is it; the
    row's lock lets one at a time try. It stays set for ever, so that the place does not open
    again when that person leaves.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    link_seed = models.CharField(max_length=32, default=_link_seed, editable=False)
    made_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(id=1), name="there_is_one_first_administrator"
            ),
        )

    def __str__(self) -> str:
        return f"made at {self.made_at}" if self.made_at else "not made yet"


class RightsVersion(models.Model):
    """One row: a number that changes with every right taken away. See `accounts.rights`."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    version = models.BigIntegerField(default=0)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=models.Q(id=1), name="there_is_one_rights_version"),
        )

    def __str__(self) -> str:
        return str(self.version)
