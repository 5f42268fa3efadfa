"""How amounts are written."""

from decimal import ROUND_HALF_UP, Decimal

from django.utils.formats import number_format

_SMALLEST = Decimal("0.0001")


def dollars(amount: Decimal) -> str:
    """Write US dollars with two to four decimals; a trifle is not nothing."""
    if 0 < amount < _SMALLEST:
        return f"<{dollars(_SMALLEST)}"
    rounded = amount.quantize(_SMALLEST, ROUND_HALF_UP)
    decimals = max(2, -int(rounded.normalize().as_tuple().exponent))
    return f"${number_format(rounded, decimals, force_grouping=True)}"


def count(number: int) -> str:
    return number_format(number, force_grouping=True)
