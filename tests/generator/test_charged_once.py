"""A worker's engine makes results with a scripted model: each call is in the ledger once."""

import time
from collections.abc import Callable, Iterator

import pytest

from generator.actions import resume_variant
from generator.models import Variant
from generator.results import results_of
from providers.errors import BadRequest, ModelWithdrawn
from providers.models import ModelSpec
from runs.engine import Engine
from runs.models import Run
from runs.states import State
from tests.generator.readers import filled, queued, variant_of
from tests.generator.test_long_material import pages
from tests.runs.scripted import END, REPORTED, ScriptedBackend
from usage.models import UsageRecord

pytestmark = pytest.mark.django_db(transaction=True)
NOTE = ["A note.", END]


@pytest.fixture
def engine(transactional_db: None) -> Iterator[Engine]:
    engine = Engine()
    yield engine
    engine.drain(0.1)
    engine.close()


@pytest.fixture
def play(owner, model, engine, monkeypatch) -> Callable[..., Variant]:
    """Make a result that the engine writes at once, of the scripts in their order."""

    def make(slug: str, *scripts: list, **fields) -> Variant:
        backend = ScriptedBackend(*scripts)
        monkeypatch.setattr("usage.metered.backend_for", lambda spec, credential: backend)
        monkeypatch.setattr("runs.actions.hint_worker", engine.submit)
        return variant_of(owner, model, slug, filled(slug, **fields))

    return make


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def settled(variant: Variant) -> Variant:
    """Wait until nothing of it is under way, and return it as it is then."""
    wait_for(lambda: not Run.objects.live().exists())
    variant.refresh_from_db()
    return variant


def check_ledger(calls: int) -> None:
    """There are so many rows, none is open, and those of whole answers are what was reported."""
    rows = UsageRecord.objects.all()
    assert rows.count() == calls
    assert not rows.filter(state=UsageRecord.State.HELD).exists()
    done = Run.objects.filter(state=State.DONE)
    whole = rows.filter(attempt__run__in=done, is_reported=True)
    assert whole.count() == done.count()
    assert set(whole.values_list("input_tokens", "output_tokens")) <= {
        (REPORTED.input_tokens, REPORTED.output_tokens)
    }


def test_each_part_and_the_result_once(play):
    variant = settled(play("summary", *[NOTE] * 5, ["All of it.", END], text=pages(5)))
    assert (variant.text, variant.steps.count()) == ("All of it.", 6)
    check_ledger(6)


def test_a_second_try_is_a_call_of_its_own(play):
    variant = settled(play("story", [END], ["A story.", END], idea="A cat finds a boat."))
    assert (variant.text, variant.problem) == ("A story.", "")
    check_ledger(2)


def test_going_on_pays_for_what_was_missing_only(play, model):
    scripts = [NOTE, NOTE, [BadRequest()], NOTE, NOTE, NOTE, ["All of it.", END]]
    variant = settled(play("summary", *scripts, text=pages(5)))
    assert variant.paused_by == BadRequest.kind
    asked = UsageRecord.objects.count()
    assert asked == 5
    resume_variant(variant, model)
    assert settled(variant).text == "All of it."
    check_ledger(asked + 2)


def test_a_model_that_is_switched_off_in_the_middle_costs_nothing_more(
    owner, model, engine, monkeypatch
):
    backend = ScriptedBackend(NOTE)
    monkeypatch.setattr("usage.metered.backend_for", lambda spec, credential: backend)
    variant = variant_of(owner, model, "summary", filled("summary", text=pages(5)))
    first, *others = [step.run_id for step in queued(variant)]
    engine.submit(first)
    wait_for(lambda: Run.objects.get(pk=first).state == State.DONE)
    ModelSpec.objects.filter(pk=model.pk).update(is_default=False, is_enabled=False)
    for run_id in others:
        engine.submit(run_id)
    result = results_of(settled(variant).work, [variant.pk])[0]
    assert (result.state, result.progress.done, result.can_resume) == ("paused", 1, True)
    assert variant.paused_by == ModelWithdrawn.kind
    check_ledger(1)
