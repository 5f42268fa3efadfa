"""Workers die while a long text is read in parts: each part is read, and the summary comes."""

import re
import signal
import time
import uuid
from functools import partial
from itertools import groupby, pairwise
from operator import attrgetter

from generator.actions import make_work, resume_variant
from generator.models import Step, Variant
from generator.recipes import built_in
from providers.models import ModelSpec
from runs.models import Run
from runs.states import State
from tests.faults.house import WORKERS
from tests.generator.readers import filled

FACT = re.compile(r"FACT-\d+")
PAGES = 30


def text() -> str:
    words = "The committee met on a Tuesday and talked at length about the budget. " * 25
    return "\n\n".join(f"{words}The code is FACT-{page}. {words}" for page in range(PAGES))


def small(scene, name: str) -> ModelSpec:
    """Return a model that reads about two pages at once."""
    spec = scene.model(name)
    ModelSpec.objects.filter(pk=spec.pk).update(context_window=3000, max_output_tokens=400)
    spec.refresh_from_db()
    return spec


def levels(steps: list[Step]) -> list[list[Step]]:
    return [list(found) for _level, found in groupby(steps, key=attrgetter("level"))]


def settled(variant: Variant) -> bool:
    """Say whether nothing of it is under way."""
    return not Run.objects.live().filter(step__variant=variant).exists()


def test_each_part_is_read_whoever_dies(scene, chance, times):
    for round_ in range(times(2, 50)):
        first, pause = chance.randint(20, 200), chance.randint(5, 40)
        spec = small(scene, f"fake-t{first}-d{pause}-n12")
        values = filled("summary", text=text())
        work = make_work(scene.person, built_in["summary"], values, spec, uuid.uuid4())
        variant = work.variants.get()
        kills = 0
        deadline = time.monotonic() + 90
        while not Variant.objects.filter(pk=variant.pk).exclude(text="").exists():
            assert time.monotonic() < deadline
            if kills < 3:
                time.sleep(chance.uniform(0.1, 1.5))
                scene.house.kill(chance.choice(WORKERS), signal.SIGKILL)
                scene.house.ensure()
                kills += 1
            scene.until(partial(settled, variant), 60)
            resume_variant(variant, spec)  # nothing, where it goes on by itself
        scene.runs += Run.objects.filter(topic__startswith=work.topic)
        scene.finals()
        steps = list(variant.steps.select_related("run").order_by("level", "position"))
        assert all(step.run.state == State.DONE for step in steps)
        assert steps[-1].is_last
        material = values["text"]
        read = [FACT.findall(material[s.start : s.end]) for s in steps if s.level == 0]
        assert [fact for part in read for fact in part] == [f"FACT-{n}" for n in range(PAGES)]
        for below, above in pairwise(levels(steps)):  # each answer is read once
            ranges = [range(step.start, step.end) for step in above]
            assert [place for each in ranges for place in each] == list(range(len(below)))
        runs = Run.objects.filter(topic__startswith=work.topic)
        asked_again = runs.count() - len(steps)
        print(f"round {round_}: {len(steps)} steps, {kills} kills, {asked_again} asked again")
