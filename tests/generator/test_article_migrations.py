"""The migrations of articles go back and forth with articles in the house."""

import uuid

import pytest
from django.core.management import call_command

from generator.articles.actions import mend_article, write_article
from generator.articles.planning import begin_article
from generator.models import Article, Step, Variant, Work, Writing
from runs.models import Run
from tests.generator.newsroom import (
    asked,
    begun,
    obliging,
    reply,
    reply_all,
    sections,
    whole,
    words,
)

pytestmark = pytest.mark.django_db(transaction=True)


def migrate(name: str | None = None) -> None:
    words = ["generator", name] if name else []
    call_command("migrate", *words, verbosity=0, interactive=False)


def rows(*tables: type) -> list[list[dict]]:
    return [list(table.objects.order_by("pk").values()) for table in tables]


@pytest.fixture
def articles(owner, model) -> list[Article]:
    """One that is written, with proposals, and one in the middle."""
    first = whole(owner, model)
    mend_article(first, model, uuid.uuid4())
    reply_all(first, lambda writing: f"{words(100)} Mended.")
    second = begun(owner, model)
    reply(asked(second)[0], words(60))
    return [first, second]


def test_without_articles_works_and_outlines_stay_and_become_articles_again(articles, model):
    tables = (Work, Variant, Step)
    before = rows(*tables)
    outlines = [article.outline_id for article in articles]
    try:
        migrate("0001")
    finally:
        migrate()
    assert rows(*tables) == before
    assert not Article.objects.exists()
    again = begin_article(Variant.objects.get(pk=outlines[0]))
    for run in Run.objects.live():  # of what is there no more
        assert not Writing.objects.filter(run=run).exists()
    write_article(again, model)
    reply_all(again, obliging)
    assert all(section.current.is_whole for section in sections(again))
