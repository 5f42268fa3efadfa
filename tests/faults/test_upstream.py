"""The provider refuses, breaks off, falls silent or talks nonsense."""

import pytest

from providers.actions import add_model, add_provider
from providers.models import Provider, Route
from runs.models import Attempt
from tests.faults import books
from tests.faults.scene import PRICES

# model's behaviour, final state, error, words kept, calls made
CASES = [
    ("fake-n5-e429", "failed", "rate_limit", 0, 3),
    ("fake-n5-e500", "failed", "server", 0, 3),
    ("fake-n5-e401", "failed", "authentication", 0, 1),
    ("fake-n9-cut4", "interrupted", "cut_stream", 4, 1),
    ("fake-n9-cut0", "failed", "cut_stream", 0, 3),
    ("fake-n9-stall4", "interrupted", "timeout_idle", 4, 1),
    ("fake-n9-never", "failed", "timeout_first_token", 0, 3),
    ("fake-n9-badjson", "interrupted", "bad_response", 3, 1),
    ("fake-n9-err4", "interrupted", "server", 4, 1),
    ("fake-n9-nofinish", "interrupted", "cut_stream", 9, 1),
    ("fake-n9-nousage", "done", "", 9, 1),
    ("fake-n9-slow500", "done", "", 9, 1),
]


def test_each_misbehaviour_has_its_stated_end(scene):
    Provider.objects.filter(pk=scene.provider.pk).update(first_token_seconds=1.5)
    exchanges = [scene.ask(model) for model, *_ in CASES]
    for exchange in exchanges:
        scene.watch(exchange)
    found = []
    for run, (model, *_) in zip(scene.finals(), CASES, strict=True):
        words = run.message.text.count("w")
        calls = Attempt.objects.filter(run=run).count()
        found.append((model, run.state, run.error_kind, words, calls))
    assert found == CASES


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_error_that_passes_is_not_seen(scene, status):
    scene.queue(status=status, headers={"Retry-After": "0"})
    exchange = scene.ask("fake-n5")
    scene.watch(exchange)
    assert scene.finals()[0].message.text == "w0 w1 w2 w3 w4 "
    attempts = Attempt.objects.filter(run=exchange.answer.run).order_by("number")
    assert [a.usage.state for a in attempts] == ["released", "settled"]


def test_a_stand_in_answers_what_failed_before_its_first_text(scene):
    Provider.objects.filter(pk=scene.provider.pk).update(first_token_seconds=1.5)
    other = add_provider(
        "Other", f"{scene.house.fake_url}/v1", secret="another", allow_private=True
    )
    # a title is a call that no Run closes: the books would have to wait for it
    stand_in = add_model(other, "fake-n6", makes_titles=False, **PRICES)
    silent = [model for model, _state, _error, words, _calls in CASES if not words]
    for model in silent:
        Route.objects.create(model=scene.model(model), to=stand_in)
    for model in silent:
        scene.watch(scene.ask(model))
    for run in scene.finals():
        assert (run.state, run.served_by) == ("done", stand_in), run.model.name
        assert run.message.text == "w0 w1 w2 w3 w4 w5 "
        assert [a.usage.deployment_name for a in run.attempts.order_by("number")][-1] == "fake-n6"


def test_cut_at_every_byte_of_a_short_stream(scene, chance, times):
    whole = length_of_a_stream(scene)
    cuts = range(whole + 1) if times(0, 1) else sorted(chance.sample(range(whole + 1), 30))
    print(f"{len(cuts)} cuts of a stream of {whole} bytes")
    exchanges = []
    for first in range(0, len(cuts), 30):
        batch = cuts[first : first + 30]
        for cut in batch:
            scene.queue(
                pieces=["w0 ", "w1 ", "w2 "], cut_bytes=cut, framing=chance.choice(FRAMINGS)
            )
        asked = [scene.ask("fake-n3") for _ in batch]
        scene.watch(chance.choice(asked))
        exchanges += asked
        scene.finals([exchange.answer.run for exchange in asked])
    ends = {(run.state, run.error_kind) for run in scene.finals()}
    for run in scene.finals():
        if run.state == "done":
            assert run.message.text == "w0 w1 w2 "
        elif run.state == "interrupted":
            assert "w0 w1 w2 ".startswith(run.message.text)
            assert run.message.text
        else:
            assert run.message.text == ""
    assert ends <= {
        ("done", ""),
        *[(state, kind) for state in ("interrupted", "failed") for kind in ("cut_stream",)],
    }, ends


FRAMINGS = ["chunked", "close"]


def length_of_a_stream(scene) -> int:
    """Return the bytes of the fake's body of three words, by asking for one that is not cut."""
    from tests.fake_backend import wire

    chunks = wire.Chunks("chatcmpl-00000001", "fake-n3")
    usage = {"prompt_tokens": 1, "completion_tokens": 3, "total_tokens": 4}
    parts = [chunks.role(), *[chunks.text(f"w{n} ") for n in range(3)], chunks.finish("stop")]
    return sum(map(len, [*parts, chunks.usage(usage), b"data: [DONE]\n\n"]))


def test_the_fakes_own_log_has_every_call(scene):
    scene.ask("fake-n5-e429")
    scene.ask("fake-n5")
    scene.finals()
    assert len(books.calls_of(scene.house.fake_url)) == 4
