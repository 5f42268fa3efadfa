"""A key with a budget and limits in the house's database, and models that it may ask.

    python -m bench.api_key < plan.json

The plan: `upstream` and `models`. Prints the key's secret as JSON.
"""

import json
import os
import sys
import uuid
from decimal import Decimal

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from accounts.api_keys import issue_key  # noqa: E402
from accounts.models import User  # noqa: E402
from providers.actions import add_model, add_provider  # noqa: E402
from usage.limits import set_limits  # noqa: E402


def make(upstream: str, models: list[str]) -> str:
    provider = add_provider("Fake", upstream, secret="bench", allow_private=True)
    price = Decimal(1)
    for name in models:
        add_model(
            provider,
            name,
            public_name=name,
            context_window=8192,
            max_output_tokens=4096,
            input_price=price,
            output_price=price,
        )
    owner = User(email=f"{uuid.uuid4().hex[:12]}@example.test")
    owner.set_unusable_password()
    owner.save()
    key, secret = issue_key(owner, "measured")
    set_limits(key, total_budget=Decimal(100_000), requests_per_minute=10_000_000)
    return secret


if __name__ == "__main__":
    plan = json.load(sys.stdin)
    json.dump(make(plan["upstream"], plan["models"]), sys.stdout)
