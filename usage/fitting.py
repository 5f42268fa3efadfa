"""Whether a call fits into the limits that apply to it, and how long its answer may then be."""

import math
from collections.abc import Sequence
from decimal import ROUND_DOWN, ROUND_UP, Decimal

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from providers import errors
from providers.models import ModelSpec
from providers.values import Prompt, Wire
from usage.orders import SMALLEST
from usage.standing import Standing

# Tokens. A budget that does not pay for so long an answer is used up.
LEAST = 256
# What is left of a budget is shared with calls that come meanwhile, but not below this.
COMFORTABLE = 4096
_NEXT_LOOK = 2.0  # seconds: nobody knows when a call will end
_MILLION = Decimal(1_000_000)
_UNBOUNDED = gettext_lazy("A budget applies, but nobody knows beforehand what a picture costs.")


def cost_of(spec: ModelSpec, input_tokens: int, output_tokens: int) -> Decimal | None:
    """Return an upper bound in US dollars; `None` where no price is known."""
    if spec.input_price is None or (output_tokens and spec.output_price is None):
        return None
    dearest = max(spec.input_price, spec.cached_input_price or Decimal(0))
    cost = (input_tokens * dearest + output_tokens * (spec.output_price or 0)) / _MILLION
    return cost.quantize(SMALLEST, rounding=ROUND_UP)


def fit(
    standings: Sequence[Standing], spec: ModelSpec, ask: Prompt | Wire, input_tokens: int
) -> int:
    """Return how many tokens the answer may have.

    Raises `LimitReached` with how long to wait; without, where no time will help.
    """
    try:
        return _fit(standings, spec, ask, input_tokens)
    except errors.LimitReached as refused:
        refused.headers = headers_of(standings)
        raise


def _fit(
    standings: Sequence[Standing], spec: ModelSpec, ask: Prompt | Wire, input_tokens: int
) -> int:
    output = ask.most_output
    least = min(LEAST, output) if ask.may_be_shorter else output
    for standing in standings:
        if not ask.is_bounded and standing.budgets():
            raise errors.PriceUnknown(sentence=_UNBOUNDED)
        output = min(output, _affordable(standing, spec, input_tokens, output, least))
    for standing in standings:
        output = min(output, _in_a_minute(standing, input_tokens, output, least))
        at_once = standing.limit.max_streams
        if at_once is not None and standing.limit.open_calls >= at_once:
            wait = _NEXT_LOOK if at_once else None  # where none is allowed none will end
            raise errors.StreamsLimited(retry_after=wait)
    return output


def _affordable(
    standing: Standing, spec: ModelSpec, input_tokens: int, output: int, least: int
) -> int:
    left = standing.left()
    if left is None:
        return output
    cost = cost_of(spec, input_tokens, output)
    if cost is None:
        raise errors.PriceUnknown
    if cost == 0 or cost <= left:
        return output
    most = _tokens_for(left, spec, input_tokens)
    if most >= least:
        return max(least, min(output, most, max(most // 2, COMFORTABLE)))
    without_holds = standing.left(unheld=True)
    if without_holds is not None and _tokens_for(without_holds, spec, input_tokens) >= least:
        raise errors.BudgetHeld(retry_after=_NEXT_LOOK)
    raise spent(standing)


def _tokens_for(left: Decimal, spec: ModelSpec, input_tokens: int) -> int:
    """Return how many tokens of output `left` pays for after the input; negative for none."""
    rest = left - (cost_of(spec, input_tokens, 0) or 0)
    if rest < 0:
        return -1
    if not spec.output_price:
        return spec.max_output_tokens
    return int((rest * _MILLION / spec.output_price).to_integral_value(rounding=ROUND_DOWN))


def is_useful(left: Decimal, spec: ModelSpec) -> bool:
    """Say whether `left` pays for the shortest answer of the model that is worth asking for."""
    return _tokens_for(left, spec, 0) >= min(LEAST, spec.max_output_tokens)


def spent(standing: Standing) -> errors.BudgetSpent:
    """Return the error that says whose budget is used up, and until when."""
    window = standing.spent_window()
    until = standing.at.end_of(window)
    subject = standing.limit.named
    if until is None:
        sentence = _("The budget of %s is used up.") % subject
        return errors.BudgetSpent(sentence=sentence)
    when = formats.date_format(timezone.localtime(until), "DATE_FORMAT")
    sentence = _("The budget of %(whose)s is used up. It starts anew on %(when)s.") % {
        "whose": subject,
        "when": when,
    }
    wait = (until - standing.at.time).total_seconds()
    return errors.BudgetSpent(retry_after=wait, sentence=sentence)


def _in_a_minute(standing: Standing, input_tokens: int, output: int, least: int) -> int:
    if wait := standing.until_requests():
        never = standing.limit.requests_per_minute == 0
        raise errors.RequestsLimited(retry_after=None if never else wait)
    most = standing.limit.tokens_per_minute
    if most is None:
        return output
    if input_tokens + least > most:
        raise errors.CallTooLarge
    output = min(output, most - input_tokens)
    if wait := standing.until_tokens(input_tokens + output):
        raise errors.TokensLimited(retry_after=wait)
    return output


def headers_of(standings: Sequence[Standing]) -> dict[str, str]:
    """Return `x-ratelimit-*` as OpenAI sends them, each of the limit that leaves the least.

    A reset is when the whole limit is free again, if nothing else is asked meanwhile. See
    https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers
    """
    headers: dict[str, str] = {}
    for what in ("requests", "tokens"):
        limited = [each for each in standings if _most(each, what) is not None]
        if limited:
            least = min(limited, key=lambda each: _remaining(each, what))
            headers[f"x-ratelimit-limit-{what}"] = str(_most(least, what))
            headers[f"x-ratelimit-remaining-{what}"] = str(_remaining(least, what))
            headers[f"x-ratelimit-reset-{what}"] = _duration(_reset(least, what))
    return headers


def _most(standing: Standing, what: str) -> int | None:
    return getattr(standing.limit, f"{what}_per_minute")


def _remaining(standing: Standing, what: str) -> int:
    return max(0, (_most(standing, what) or 0) - getattr(standing, what))


def _reset(standing: Standing, what: str) -> float:
    return standing.until_no_requests() if what == "requests" else standing.until_no_tokens()


def _duration(seconds: float) -> str:
    """Return it as OpenAI writes durations: 6m0s, 12s, 80ms."""
    if 0 < seconds < 1:
        return f"{math.ceil(seconds * 1000)}ms"
    minutes, rest = divmod(math.ceil(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
