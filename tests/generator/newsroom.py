"""Articles without a worker: an outline, and a model whose answers the test gives."""

import uuid
from collections.abc import Callable, Sequence

from accounts.models import User
from generator.actions import make_work
from generator.articles.actions import write_article
from generator.articles.door import ArticleDoor
from generator.articles.planning import begin_article
from generator.models import Article, Section, Variant, Writing
from generator.recipes import built_in
from generator.recipes.outlines import written
from providers.models import ModelSpec
from runs.actions import finish
from runs.claims import claim
from runs.models import Run
from runs.states import State
from tests.generator.readers import answer, filled, queued

PLAN = [
    ("The sun as a compass", "How bees read the angle of the sun."),
    ("The dance", "What the waggle dance tells the others."),
    ("Home by heart", "Landmarks and smells near the hive."),
]
DETAILS = (
    '{"title": "How bees find home", "summary": "Bees use the sun.", "seo_title": "Bees and the '
    'sun", "seo_description": "How a bee finds its way.", "keywords": ["bees", "navigation"]}'
)


def words(count: int, word: str = "word") -> str:
    """Return a text of so many words, in sentences."""
    return " ".join(
        f"{word}{n}." if n % 12 == 0 or n == count else f"{word}{n}" for n in range(1, count + 1)
    )


def outline_of(
    owner: User, model: ModelSpec, plan: Sequence[tuple[str, str]] = PLAN, **fields: object
) -> Variant:
    """Return an outline that the model made."""
    brief = {"topic": "How bees find their way home", "words": 300, **fields}
    values = filled("long-article", **brief)
    work = make_work(owner, built_in["long-article"], values, model, uuid.uuid4())
    variant = work.variants.get()
    while steps := queued(variant):
        for step in steps:
            answer(step, written(plan) if step.is_last else f"Noted {step.position}.")
    variant.refresh_from_db()
    return variant


def article_of(owner: User, model: ModelSpec, **options) -> Article:
    return begin_article(outline_of(owner, model, **options))


def begun(owner: User, model: ModelSpec, **options) -> Article:
    """Return an article whose sections are all asked for."""
    article = article_of(owner, model, **options)
    write_article(article, model)
    return article


def asked(article: Article) -> list[Writing]:
    """Return what waits for the model, in the order of the article."""
    waiting = article.writings.filter(run__state=State.QUEUED).select_related("run", "section")
    return list(waiting.order_by("section__position", "created_at"))


def prompt_of(run: Run, model: ModelSpec) -> str:
    return "\n".join(turn.text for turn in ArticleDoor().build(run, model).turns)


def reply(writing: Writing, text: str, state: State = State.DONE, reason: str = "stop") -> None:
    """End the Run of a writing; as the engine does it, `text` follows what it goes on from."""
    run = claim(writing.run_id, "test")
    assert run is not None
    is_done = state is State.DONE
    error = "" if is_done or state is State.STOPPED else "cut_stream"
    whole = f"{run.prefix}{text}"
    assert finish(run, state, text=whole, finish_reason=reason if is_done else "", error_kind=error)


def reply_all(article: Article, with_text: Callable[[Writing], str]) -> int:
    """Answer until nothing is asked any more; return how often the model was."""
    calls = 0
    while waiting := asked(article):
        for writing in waiting:
            reply(writing, with_text(writing))
            calls += 1
    return calls


def obliging(writing: Writing) -> str:
    """Answer with as many words as are asked for."""
    return DETAILS if writing.section is None else words(writing.words or 50)


def whole(owner: User, model: ModelSpec, **options) -> Article:
    """Return an article that is written, with its title."""
    article = begun(owner, model, **options)
    reply_all(article, obliging)
    article.refresh_from_db()
    return article


def sections(article: Article) -> list[Section]:
    return list(article.sections.in_order().select_related("current", "proposed"))
