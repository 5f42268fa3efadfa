"""How amounts are written."""

from decimal import ROUND_HALF_UP, Decimal

from django.utils.formats import number_format
from django.utils.translation import gettext as _

_SMALLEST = Decimal("0.0001")
_TRIFLE = 0.001
_LARGE = ((Decimal(10**9), "B"), (Decimal(10**6), "M"), (Decimal(10**3), "k"))


def dollars(amount: Decimal, decimals: int | None = None) -> str:
    """Write US dollars with two to four decimals, or that many; a trifle is not nothing."""
    smallest = _SMALLEST if decimals is None else Decimal(1).scaleb(-decimals)
    if 0 < amount < smallest:
        return f"<{dollars(smallest, decimals)}"
    rounded = amount.quantize(smallest, ROUND_HALF_UP)
    if decimals is None:
        decimals = max(2, -int(rounded.normalize().as_tuple().exponent))
    return f"${number_format(rounded, decimals, force_grouping=True)}"


def count(number: int) -> str:
    return number_format(number, force_grouping=True)


def seconds(milliseconds: float) -> str:
    return _("%s s") % number_format(round(milliseconds / 1000, 2), 2)


def percent(share: float) -> str:
    """Write a share of 1 in percent; a trifle is not nothing."""
    if 0 < share < _TRIFLE:
        return f"<{percent(_TRIFLE)}"
    decimals = 1 if 0 < share < 0.00995 else 0
    return _("%s %%") % number_format(round(100 * share, decimals), decimals, force_grouping=True)


def short(number: Decimal) -> str:
    """Write a round number in few characters, as beside the lines of a chart: 1.5k, 20M."""
    for size, letter in _LARGE:
        if number >= size:
            return _plain(number / size) + letter
    return _plain(number)


def _plain(number: Decimal) -> str:
    return number_format(number, max(0, -int(number.normalize().as_tuple().exponent)))
