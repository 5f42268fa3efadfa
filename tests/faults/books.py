"""What must hold when a fault has passed: nothing lost, nothing live, nothing charged twice."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any
from urllib.request import urlopen

from chat.models import Message
from runs.models import Attempt, Run
from runs.states import LIVE, State
from tests.faults.readers import Overheard, Reader
from usage.models import UsageRecord


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
            reported = (usage["prompt_tokens"], usage["completion_tokens"])
            assert (record.input_tokens, record.output_tokens) == reported
        elif record.is_reported:  # cut just behind the last byte of the usage
            assert not by_id[record_id]["complete"]
        elif record.state == UsageRecord.State.SETTLED:
            assert record.input_tokens <= record.held_input_tokens
            assert record.output_tokens <= record.held_output_tokens
    retried = [n for i, n in Counter(c["request_id"] for c in calls).items() if n > 1]
    assert not retried, "two calls under one hold"


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
