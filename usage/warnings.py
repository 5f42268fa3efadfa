"""Mail to those whose budget nears its end: once at 80 per cent, and once when it is used up."""

import logging
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils import timezone, translation

from accounts.models import User
from providers.models import ModelSpec
from usage.fitting import is_useful
from usage.models import Limit
from usage.nearing import Nearing, nearing, standings_of
from usage.numbers import dollars
from usage.standing import Window

logger = logging.getLogger(__name__)

NEARLY, WHOLLY = 80, 100  # per cent, as `Limit.*_warned` keeps them


def warn_of_budgets() -> int:
    """Tell of each budget that came to a share nobody was told of yet; returns how many.

    It is marked first and mailed then: what is lost between is seen on the pages, while a mail that
    comes twice, or each minute, would be worse.
    """
    limits = Limit.objects.near_their_end().select_related("user", "team", "key__owner", "model")
    marked = [(each, share) for each in nearing(standings_of(limits)) if (share := _mark(each))]
    if settings.HAS_MAIL_SERVER:
        for each, share in marked:
            _mail(each, is_used_up=share == WHOLLY)
    return len(marked)


def _mark(each: Nearing) -> int:
    """Note what is to be told of a budget, by compare and set: of many workers one tells it.

    Returns the share, 0 where there is nothing new.
    """
    limit, window = each.standing.limit, each.window
    field = f"{window}_warned"
    told = getattr(limit, field)
    if told == WHOLLY:
        return 0
    share = WHOLLY if _is_used_up(each) else NEARLY
    if told == share:
        return 0
    seen = {field: told, f"{window}_budget": each.budget}
    if window is not Window.TOTAL:
        seen[window] = getattr(limit, window)
    return share if Limit.objects.filter(pk=limit.pk, **seen).update(**{field: share}) else 0


def _is_used_up(each: Nearing) -> bool:
    """Say whether what is left pays for no answer of any model that costs something."""
    if each.left <= 0:
        return True
    priced = _models_of(each.standing.limit).filter(output_price__gt=0, input_price__isnull=False)
    cheapest = priced.order_by("output_price").first()
    return cheapest is not None and not is_useful(each.left, cheapest)


def _models_of(limit: Limit) -> "QuerySet[ModelSpec]":
    """Return the models that are asked under the limit; for a team all there are."""
    if limit.user is not None:
        return ModelSpec.objects.usable_by(limit.user)
    if limit.key is not None:
        return ModelSpec.objects.usable_by(limit.key.owner)
    models = ModelSpec.objects.answering()
    return models.filter(pk=limit.model_id) if limit.model_id else models


def _people_of(limit: Limit) -> Iterable[User]:
    """Return who is told: the person themselves, or those who gave a team or model its budget."""
    if limit.user is not None:
        return [limit.user]
    if limit.key is not None:
        return [limit.key.owner]
    return User.objects.administrators()


def _mail(each: Nearing, *, is_used_up: bool) -> None:
    for person in _people_of(each.standing.limit):
        if not person.is_active:
            continue
        with translation.override(person.language or settings.LANGUAGE_CODE):
            context = _context(each, is_used_up)
            subject = render_to_string("usage/mail/budget_subject.txt", context)
            text = render_to_string("usage/mail/budget_message.txt", context)
        try:
            send_mail(f"[Causerie] {' '.join(subject.split())}", text, None, [person.email])
        except OSError as error:  # as all that smtplib raises; it may hold addresses
            logger.warning("a warning could not be mailed: %s", type(error).__name__)


def _context(each: Nearing, is_used_up: bool) -> dict[str, Any]:
    until = each.standing.at.end_of(each.window)
    return {
        "whose": each.standing.limit.named,
        "window": str(each.window),
        "percent": each.percent,
        "spent": dollars(each.spent),
        "budget": dollars(each.budget),
        "until": until and timezone.localtime(until, timezone.get_default_timezone()),
        "is_used_up": is_used_up,
        "url": settings.PUBLIC_URL,
    }
