"""What is used of each limit and budget that is set, as pages show it."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from usage.standing import Standing, Window


@dataclass(frozen=True)
class Share:
    """How much of one setting of a limit is used: tokens, calls, or US dollars with what is held.

    `most` is `None` where there is no limit.
    """

    setting: str
    used: Decimal | int
    most: Decimal | int | None

    @property
    def is_money(self) -> bool:
        return self.setting.endswith("_budget")

    @property
    def of_all(self) -> float:
        """Return 0 for nothing, 1 for all; of a limit of 0 everything is used."""
        if self.most is None:
            return 0.0
        return float(self.used) / float(self.most) if self.most else 1.0


def shares_of(standing: Standing) -> dict[str, Share]:
    """Return the shares by the names of their settings, in the order of the page."""
    return {share.setting: share for share in _each(standing)}


def _each(standing: Standing) -> Iterator[Share]:
    limit = standing.limit
    yield Share("requests_per_minute", standing.requests, limit.requests_per_minute)
    yield Share("tokens_per_minute", standing.tokens, limit.tokens_per_minute)
    yield Share("max_streams", limit.open_calls, limit.max_streams)
    for window in Window:
        used = standing.spent(window) + limit.held
        yield Share(f"{window}_budget", used, standing.budget(window))
