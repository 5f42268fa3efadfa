"""What sums over many calls consist of."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Summed(models.Model):
    """Sums over calls that were alike. None of these is held any more."""

    door = models.CharField(_("door"), max_length=20)
    model_name = models.CharField(_("model"), max_length=200)
    provider_name = models.CharField(_("provider"), max_length=100)

    calls = models.PositiveIntegerField()
    errors = models.PositiveIntegerField()
    estimated = models.PositiveIntegerField()  # settled by our own count
    unpriced = models.PositiveIntegerField()  # settled without a known price
    input_tokens = models.PositiveBigIntegerField()
    cached_tokens = models.PositiveBigIntegerField()
    output_tokens = models.PositiveBigIntegerField()
    reasoning_tokens = models.PositiveBigIntegerField()
    cost = models.DecimalField(max_digits=20, decimal_places=10)  # US dollars
    # Sums in milliseconds over the calls that have such a time, and how many those are.
    latency_ms = models.PositiveBigIntegerField()
    timed = models.PositiveIntegerField()
    first_token_ms = models.PositiveBigIntegerField()
    first_tokens = models.PositiveIntegerField()

    class Meta:
        abstract = True


def named(model: str, *, db_index: bool = True) -> models.ForeignKey:
    """Return a column for an id that stays when what it names is deleted, as in the ledger."""
    return models.ForeignKey(
        model,
        models.DO_NOTHING,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=db_index,
    )
