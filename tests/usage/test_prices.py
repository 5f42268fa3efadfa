from decimal import Decimal

import pytest

from providers.values import Usage
from usage.models import UsageRecord


@pytest.mark.parametrize(
    ("prices", "usage", "cost"),
    [
        (("2", None, "8"), Usage(1_000_000, 500_000), Decimal(6)),
        (("2", "0.5", "8"), Usage(1_000_000, 0, cached_tokens=400_000), Decimal("1.4")),
        (("2", None, "8"), Usage(1_000_000, 0, cached_tokens=400_000), Decimal(2)),
        (("0", "0", "0"), Usage(1000, 1000), Decimal(0)),
        ((None, None, "8"), Usage(1, 1), None),
        (("2", None, None), Usage(1, 1), None),
    ],
)
def test_a_call_costs_what_its_snapshot_says(prices, usage, cost):
    given = [Decimal(price) if price is not None else None for price in prices]
    record = UsageRecord(input_price=given[0], cached_input_price=given[1], output_price=given[2])
    assert record.price(usage) == cost
