"""Workers die while the sections of an article are written: each is whole in the end."""

import re
import signal
import time
import uuid
from functools import partial

from generator.actions import make_work
from generator.articles.actions import write_article
from generator.articles.planning import begin_article
from generator.lengths import is_as_long
from generator.models import Article, Section, SectionVersion, Writing
from generator.recipes import built_in
from generator.recipes.outlines import written
from generator.steps import AT_ONCE
from providers.models import ModelSpec
from runs.models import Run
from tests.faults.house import WORKERS
from tests.generator.readers import filled

LENGTH = 100  # words of each section, and of each of the fake's answers
PLAN = [(f"Part {n}", f"What part {n} covers.") for n in range(AT_ONCE)]


def planned(scene, model: ModelSpec) -> Article:
    scene.queue(pieces=[written(PLAN)])
    values = filled("long-article", topic="Bees", words=LENGTH * len(PLAN))
    work = make_work(scene.person, built_in["long-article"], values, model, uuid.uuid4())
    variant = work.variants.get()
    scene.until(lambda: type(variant).objects.exclude(text="").filter(pk=variant.pk).exists(), 30)
    variant.refresh_from_db()
    return begin_article(variant)


def runs_of(article: Article):
    return Run.objects.filter(topic__startswith=article.topic)


def settled(article: Article) -> bool:
    return not runs_of(article).live().exists()


def shown(article: Article) -> dict[uuid.UUID, str]:
    """Return what readers saw for certain of each section that is being written."""
    live = Writing.objects.filter(article=article, section__isnull=False).live()
    begun = live.filter(run__first_text_at__isnull=False).exclude(run__text="")
    return dict(begun.values_list("section", "run__text"))


def answers_in(text: str) -> list[int]:
    """Return how many words there are of each answer in a text; each begins with the word 0."""
    numbers = [int(number) for number in re.findall(r"w(\d+)", text)]
    assert text.split() == [f"w{number}" for number in numbers]
    begins = [place for place, number in enumerate(numbers) if number == 0]
    answers = [numbers[a:b] for a, b in zip(begins, [*begins[1:], len(numbers)], strict=True)]
    assert all(answer == list(range(len(answer))) for answer in answers), text
    return [len(answer) for answer in answers]


def check_kept(section_id: uuid.UUID, text: str) -> None:
    """What was seen of a section is in one of its versions, or in what goes on from it; but where
    it went on with a whole answer, that may have been too long and was asked for in fewer words.
    """
    if len(answers_in(text)) > 1:
        return
    kept = list(SectionVersion.objects.filter(section=section_id).values_list("text", flat=True))
    kept += Writing.objects.filter(section=section_id).values_list("text", flat=True)
    assert any(each.startswith(text.strip()) for each in kept), (text, kept)


def unwritten(article: Article) -> bool:
    return Section.objects.filter(article=article).unwritten().exists()


def test_each_section_is_whole_whoever_dies(scene, chance, times):
    for round_ in range(times(2, 50)):
        first, pause = chance.randint(20, 200), chance.randint(5, 30)
        model = scene.model(f"fake-t{first}-d{pause}-n{LENGTH}")
        article = planned(scene, model)
        write_article(article, model)
        kills, deadline = 0, time.monotonic() + 120
        while unwritten(article):
            assert time.monotonic() < deadline
            seen = {}
            if kills < 3:
                time.sleep(chance.uniform(0.1, 1.5))
                seen = shown(article)
                scene.house.kill(chance.choice(WORKERS), signal.SIGKILL)
                scene.house.ensure()
                kills += 1
            scene.until(partial(settled, article), 60)
            for section_id, text in seen.items():
                check_kept(section_id, text)
            write_article(article, model)  # nothing, where all is written
        scene.until(partial(settled, article), 60)
        scene.runs += runs_of(article)
        sections = list(article.sections.in_order().select_related("current"))
        assert [section.heading for section in sections] == [heading for heading, _notes in PLAN]
        for section in sections:
            assert answers_in(section.current.text)[-1] == LENGTH
            assert is_as_long(section.current.text, LENGTH), section.current.text
            assert section.current.problem == ""
        assert not Writing.objects.filter(article=article, is_open=True).exists()
        print(f"round {round_}: {runs_of(article).count()} answers, {kills} kills")
