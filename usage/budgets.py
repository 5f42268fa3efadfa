"""How the budgets of a key, or of a person, stand: to be looked at by whose they are."""

from dataclasses import dataclass
from decimal import Decimal

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiKey, User
from usage.limits import limit_of
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


def budgets_of(subject: ApiKey | User) -> list[Budget]:
    limit = limit_of(subject)
    if limit is None:
        return []
    now = Standing(limit, Moment(timezone.now()))
    return [
        Budget(_NAMES[window], most, now.spent(window), limit.held)
        for window, most in now.budgets()
    ]
