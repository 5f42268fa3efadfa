"""What must hold when a fault has passed: nothing lost, nothing live, nothing charged twice."""

import json
from collections import Counter
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from urllib.request import urlopen

from django.db import connection, transaction
from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Now

from chat.models import Message
from runs.models import Attempt, Run
from runs.states import LIVE, State
from tests.faults.readers import Overheard, Reader
from usage.models import HourlyUsage, Limit, UsageRecord
from usage.standing import MINUTE, Moment


def calls_of(fake_url: str) -> list[dict[str, Any]]:
    """Return the fake's own log."""
    with urlopen(f"{fake_url}/control/log", timeout=5) as answer:
        return json.load(answer)["calls"]


def check_closed() -> None:
    """No Run is live, no attempt open and no hold held."""
    assert not Run.objects.filter(state__in=LIVE).exists()
    assert not Attempt.objects.filter(ended_at=None).exists()
    assert not UsageRecord.objects.filter(state=UsageRecord.State.HELD).exists()


def check_ledger(calls: Sequence[dict[str, Any]]) -> None:
    """The ledger is the fake's log: a row a call, and the tokens it reported."""
    by_id = {call["request_id"]: call for call in calls}
    assert None not in by_id, "a call without a request id"
    records = {str(r.id): r for r in UsageRecord.objects.filter(id__in=by_id)}
    assert records.keys() == by_id.keys(), "a call that the ledger does not know"
    for record_id, record in records.items():
        usage = by_id[record_id]["usage"]
        if record.is_reported and usage is not None:
            assert (record.input_tokens, record.output_tokens) == tokens_in(usage)
        elif record.is_reported:  # cut just behind the last byte of the usage
            assert not by_id[record_id]["complete"]
        elif record.state == UsageRecord.State.SETTLED:
            assert record.input_tokens <= record.held_input_tokens
            assert record.output_tokens <= record.held_output_tokens
    retried = [n for i, n in Counter(c["request_id"] for c in calls).items() if n > 1]
    assert not retried, "two calls under one hold"


def check_sums(rows: QuerySet[UsageRecord], calls: Sequence[dict[str, Any]]) -> None:
    """All that was reported comes to what the fake's log says; what was estimated was held."""
    by_id = {call["request_id"]: call["usage"] for call in calls}
    reported = rows.filter(is_reported=True)
    read = written = 0
    cost = Decimal(0)
    for row in reported:
        usage = by_id[str(row.pk)]
        assert (row.input_tokens, row.output_tokens) == tokens_in(usage)
        read, written = read + row.input_tokens, written + row.output_tokens
        exact = (row.input_tokens * row.input_price + row.output_tokens * row.output_price) / 10**6
        cost += exact.quantize(Decimal("1e-10"), ROUND_HALF_UP)
    sums = reported.aggregate(read=Sum("input_tokens"), written=Sum("output_tokens"), c=Sum("cost"))
    assert sums == {"read": read, "written": written, "c": cost}
    estimated = rows.filter(state=UsageRecord.State.SETTLED, is_reported=False)
    held = Q(
        input_tokens__lte=F("held_input_tokens"),
        output_tokens__lte=F("held_output_tokens"),
        cost__lte=F("held_cost"),
    )
    print(f"{reported.count()} reported, {estimated.count()} estimated, {cost} dollars reported")
    assert reported.exists()
    assert estimated.exists()
    assert estimated.filter(held).count() == estimated.count()


def tokens_in(usage: dict[str, Any]) -> tuple[int, int]:
    return usage["prompt_tokens"], usage["completion_tokens"]


def sums_of_rows(rows: QuerySet[UsageRecord]) -> dict[tuple[object, ...], tuple[object, ...]]:
    """Return calls, estimates, tokens and cost for each of the keys that hours are kept by."""
    found = rows.values_list("account", "door", "model", "deployment_name").annotate(
        calls=Count("pk"),
        estimated=Count("pk", filter=Q(state=UsageRecord.State.SETTLED, is_reported=False)),
        read=Sum("input_tokens", default=0),
        written=Sum("output_tokens", default=0),
        dollars=Sum("cost", default=Decimal(0)),
    )
    return {row[:4]: row[4:] for row in found}


def sums_of_hours(hours: QuerySet[HourlyUsage]) -> dict[tuple[object, ...], tuple[object, ...]]:
    found = hours.values_list("account", "door", "model", "deployment_name").annotate(
        all_calls=Sum("calls"),
        all_estimated=Sum("estimated"),
        read=Sum("input_tokens"),
        written=Sum("output_tokens"),
        dollars=Sum("cost"),
    )
    return {row[:4]: row[4:] for row in found}


def check_limits(limits: QuerySet[Limit]) -> None:
    """At one moment, whichever it is, each limit's counters are the sums of its ledger's rows."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        for limit in limits.annotate(now=Now()):
            check_limit(limit, Moment(limit.now))


def check_limit(limit: Limit, at: Moment) -> None:
    rows = UsageRecord.objects.filter(_rows_of(limit))
    held = [row for row in rows if row.state == UsageRecord.State.HELD]
    assert all(limit.pk in row.limits for row in held), f"{limit}: a hold that will not be noticed"
    assert limit.open_calls == len(held), limit
    assert limit.held == sum((row.held_cost or 0 for row in held), Decimal(0)), limit
    costs = [(Moment(row.created_at), row.cost or Decimal(0)) for row in rows]
    assert limit.total_spent == sum(cost for _, cost in costs), limit
    assert limit.day_spent == sum(cost for began, cost in costs if began.day == limit.day), limit
    month = sum(cost for began, cost in costs if began.month == limit.month)
    assert limit.month_spent == month, limit
    requests, tokens = Counter[int](), Counter[int]()
    for row, (began, _) in zip(rows, costs, strict=True):
        requests[began.second] += 1
        tokens[began.second] += _size(row)
    recent = at.second - MINUTE
    for counts, told in ((requests, limit.requests), (tokens, limit.tokens)):
        noted = dict(zip(limit.seconds, told, strict=True))
        newest = {second: n for second, n in counts.items() if second >= recent}
        assert newest == {second: n for second, n in noted.items() if second >= recent}, limit


def _rows_of(limit: Limit) -> Q:
    if limit.user_id is not None:
        return Q(account__user=limit.user_id)
    if limit.team_id is not None:
        return Q(account__user__teams=limit.team_id)
    return Q(key=limit.key_id) if limit.key_id is not None else Q(model=limit.model_id)


def _size(row: UsageRecord) -> int:
    """Return the tokens that the row counts for in its minute."""
    if row.state == UsageRecord.State.HELD:
        return row.held_input_tokens + row.held_output_tokens
    return (row.input_tokens or 0) + (row.output_tokens or 0)


FILLER = "x" * 3500 + "\n\n"  # follows each word where a text is to be large
CUT_OFF = ("worker_lost", "handed_over")  # estimates of calls that came to no answer


def check_charges(runs: Sequence[Run], calls: Sequence[dict[str, Any]]) -> None:
    """A finished answer has one charge for what its one call wrote, as reported where it was."""
    counted = {call["request_id"] for call in calls if call["usage"]}
    for run in Run.objects.filter(pk__in=[r.pk for r in runs]).prefetch_related("attempts__usage"):
        usages = [attempt.usage for attempt in run.attempts.all()]
        settled = [u for u in usages if u.state == u.State.SETTLED and u.outcome not in CUT_OFF]
        story = f"{run}: {[(u.state, u.outcome, u.is_reported) for u in usages]}"
        assert len(settled) <= 1, story
        if run.state == State.DONE:
            assert len(settled) == 1, story
            assert settled[0].is_reported or str(settled[0].id) not in counted, story


def check_texts(runs: Sequence[Run], overheard: Overheard, readers: Sequence[Reader]) -> None:
    """Each final text starts with all that was shown of it, on every socket and in every frame."""
    finals = dict(Message.objects.filter(run__in=runs).values_list("run_id", "text"))
    assert not overheard.wrongs, overheard.wrongs[:3]
    for run_id, text in finals.items():
        words = text.replace(FILLER, "")
        count = words.count("w")
        assert words == "".join(f"w{n} " for n in range(count)), f"run {run_id}: {words[:200]!r}"
        assert text.startswith(overheard.texts[str(run_id)])
    for reader in readers:
        assert reader.failure is None, repr(reader.failure)
        assert not reader.page.wrongs, reader.page.wrongs[:3]
        for run_id, shown in reader.page.most.items():
            text = next(t for r, t in finals.items() if str(r) == run_id)
            assert shown <= text.count("w"), f"run {run_id} lost words that were shown"
