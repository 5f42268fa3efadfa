"""How the administration's pages write what models can and cost, and which is the default."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal

from django.contrib import messages
from django.http import HttpRequest
from django.utils.formats import number_format
from django.utils.translation import gettext

from providers.models import Ability, ModelSpec


def can(abilities: Collection[str]) -> str:
    return ", ".join(str(each.label) for each in Ability if each in abilities) or "–"


def cost(input_price: Decimal | None, output_price: Decimal | None) -> str:
    """Write the prices of a million tokens in and out; what is unknown is no zero."""
    if input_price is None and output_price is None:
        return gettext("unknown")
    return f"{_dollars(input_price)} / {_dollars(output_price)}"


def names(things: Iterable[object]) -> str:
    """Name the first few."""
    found = [str(each) for each in things]
    return ", ".join(found[:5]) + (" …" if len(found) > 5 else "")


@contextmanager
def telling_the_default(request: HttpRequest) -> Iterator[None]:
    """Say with which model new conversations begin, where that changes within."""
    defaults = ModelSpec.objects.filter(is_default=True)
    before = defaults.first()
    yield
    after = defaults.first()
    if after is None and before is not None:
        messages.warning(request, gettext("No model is the default now. Choose one in the list."))
    elif after != before:
        sentence = gettext("New chats begin with %s now.")
        messages.info(request, sentence % after)


def _dollars(price: Decimal | None) -> str:
    return "–" if price is None else f"${number_format(price.normalize())}"
