"""How the administration's pages write how a limit stands."""

from typing import Any

from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from usage.models import Limit
from usage.numbers import count, dollars
from usage.shares import NEAR, Share, shares_of
from usage.standing import Moment, Standing, Window

HEADERS = (_("what"), _("now"), _("of the limit"), _("starts anew"))
_SPENT = {
    Window.DAY: _("Spent today"),
    Window.MONTH: _("Spent this month"),
    Window.TOTAL: _("Spent in total"),
}


def standing_of(limit: Any) -> Standing:
    """Return how a limit of `LimitQuerySet.standing` stands."""
    return Standing(limit, Moment(limit.now))


def state(limit: Limit) -> tuple[str, str]:
    """Return how near the end is of what is used most, and the words for it."""
    shares = shares_of(standing_of(limit)).values()
    most = max(shares, key=lambda share: (share.of_all, share.is_money))
    level = _level(most)
    if level == "full":
        return level, gettext("used up") if most.is_money else gettext("full for now")
    return level, f"{_percent(most)} %" if level == "near" else gettext("in order")


def bar(share: Share) -> str | None:
    """Draw how much of a limit is used; nothing, where there is none."""
    if share.most is None:
        return None
    write: Any = dollars if share.is_money else count
    return format_html(
        '<span class="share">{}<progress data-level="{}" max="100" value="{}" aria-label="{}">'
        "</progress></span>",
        gettext("%(used)s of %(most)s") % {"used": write(share.used), "most": write(share.most)},
        _level(share),
        min(_percent(share), 100),
        gettext("%s %% used") % _percent(share),
    )


def table(standing: Standing) -> dict[str, Any]:
    """Return all that there is to say, for Unfold's table."""
    shares = shares_of(standing)
    rows: list[tuple[Any, ...]] = []
    for window in Window:
        anew = standing.at.end_of(window)
        when = date_format(localtime(anew), "DATETIME_FORMAT") if anew else gettext("never")
        share = bar(shares[f"{window}_budget"]) or "–"
        rows.append((_SPENT[window], dollars(standing.spent(window)), share, when))
    held = dollars(standing.limit.held)
    rows.append((gettext("Held by answers under way"), held, "–", gettext("as they end")))
    passes = gettext("a minute after each call")
    for setting, name, anew_ in (
        ("max_streams", gettext("Answers under way"), gettext("as they end")),
        ("requests_per_minute", gettext("Requests in the last minute"), passes),
        ("tokens_per_minute", gettext("Tokens in the last minute"), passes),
    ):
        share_ = shares[setting]
        rows.append((name, count(int(share_.used)), bar(share_) or "–", anew_))
    return {"headers": HEADERS, "rows": rows}


def _level(share: Share) -> str:
    if share.of_all >= 1:
        return "full"
    return "near" if share.of_all >= NEAR else "fine"


def _percent(share: Share) -> int:
    """Return whole per cent, never rounded up to what is not reached."""
    return int(share.of_all * 100)
