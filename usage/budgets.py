"""How the budgets of a key, or of a person, stand: to be looked at by whose they are."""

from dataclasses import dataclass
from decimal import Decimal

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiKey, User
from providers.models import ModelSpec
from usage.limits import limit_of
from usage.numbers import dollars
from usage.standing import Moment, Standing, Window

_NAMES: dict[Window, Promise] = {
    Window.DAY: _("Today"),
    Window.MONTH: _("This month"),
    Window.TOTAL: _("In total"),
}


@dataclass(frozen=True)
class Budget:
    """One budget, in US dollars. `held` is what the calls under way may come to."""

    name: Promise
    most: Decimal
    spent: Decimal
    held: Decimal

    @property
    def percent(self) -> int:
        """How much of it is spent or held, 100 at most."""
        used = self.spent + self.held
        return 100 if used >= self.most else int(100 * used / self.most)

    @property
    def amounts(self) -> str:
        """Write what is spent, of how much, and what may be added just now."""
        words = {"used": dollars(self.spent), "most": dollars(self.most)}
        spent = gettext("%(used)s of %(most)s") % words
        if not self.held:
            return spent
        return gettext("%(spent)s, up to %(held)s more under way") % {
            "spent": spent,
            "held": dollars(self.held),
        }


def unpriced_for(key: ApiKey) -> int:
    """Return how many of its models the key cannot use while it has a budget: for want of a price.

    One query.
    """
    return ModelSpec.objects.open_to(key).unpriced().count()


def budgets_of(subject: ApiKey | User) -> list[Budget]:
    limit = limit_of(subject)
    if limit is None:
        return []
    now = Standing(limit, Moment(timezone.now()))
    return [
        Budget(_NAMES[window], most, now.spent(window), limit.held)
        for window, most in now.budgets()
    ]
