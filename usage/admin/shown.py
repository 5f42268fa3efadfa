"""How the administration's pages write how a limit stands."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from usage.models import NEAR, Limit
from usage.numbers import count, dollars
from usage.shares import Share, shares_of
from usage.standing import Moment, Standing, Window

_SPENT = {
    Window.DAY: _("Spent today"),
    Window.MONTH: _("Spent this month"),
    Window.TOTAL: _("Spent in total"),
}
_PLAIN = _("%(used)s of %(most)s")
_USED = {
    "requests_per_minute": _("%(used)s of %(most)s requests a minute"),
    "tokens_per_minute": _("%(used)s of %(most)s tokens a minute"),
    "max_streams": _("%(used)s of %(most)s answers at once"),
    "day_budget": _("%(used)s of %(most)s today"),
    "month_budget": _("%(used)s of %(most)s this month"),
    "total_budget": _("%(used)s of %(most)s in total"),
}


class Line(NamedTuple):
    """What is used of one thing, for a table."""

    what: Any
    now: str
    share: str
    anew: str


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


def bars(limit: Limit, settings: Sequence[str]) -> str | None:
    """Draw how much is used of each of the settings that there are."""
    shares = shares_of(standing_of(limit))
    there = [name for name in settings if shares[name].most is not None]
    if not there:
        return None
    drawn = ((_bar(shares[name], _USED[name]),) for name in there)
    return format_html('<div class="shares">{}</div>', format_html_join("", "{}", drawn))


def lines(standing: Standing) -> Iterator[Line]:
    """Yield all that there is to say about how a limit stands."""
    shares = shares_of(standing)
    for window in Window:
        anew = standing.at.end_of(window)
        yield Line(
            _SPENT[window],
            dollars(standing.spent(window)),
            _bar(shares[f"{window}_budget"]),
            date_format(localtime(anew), "DATETIME_FORMAT") if anew else gettext("never"),
        )
    as_they_end, a_minute_later = gettext("as they end"), gettext("a minute after each call")
    held = dollars(standing.limit.held)
    yield Line(gettext("Held by answers under way"), held, "", as_they_end)
    for setting, what, anew_ in (
        ("max_streams", gettext("Answers under way"), as_they_end),
        ("requests_per_minute", gettext("Requests in the last minute"), a_minute_later),
        ("tokens_per_minute", gettext("Tokens in the last minute"), a_minute_later),
    ):
        share = shares[setting]
        yield Line(what, count(int(share.used)), _bar(share), anew_)


def _bar(share: Share, words: Any = _PLAIN) -> str:
    """Draw how much of a limit is used; nothing, where there is none."""
    if share.most is None:
        return ""
    write: Any = dollars if share.is_money else count
    return format_html(
        '<span class="share"><progress data-level="{}" max="100" value="{}" aria-label="{}">'
        "</progress>{}</span>",
        _level(share),
        min(_percent(share), 100),
        gettext("%s %% used") % _percent(share),
        words % {"used": write(share.used), "most": write(share.most)},
    )


def _level(share: Share) -> str:
    if share.of_all >= 1:
        return "full"
    return "near" if share.of_all >= NEAR else "fine"


def _percent(share: Share) -> int:
    """Return whole per cent, never rounded up to what is not reached."""
    return int(share.of_all * 100)
