"""Articles in the house's database: one that is planned, and one with a section of many versions.

    python -m bench.articles_made < plan.json

The plan: `upstream`, `model`, `sections`, `words` (of each section) and `versions`. Prints what a
client needs to write the one and to look at the other.
"""

import json
import sys
import uuid
from typing import Any

from bench.people import PARAGRAPH, model_of, signed_in  # it sets Django up

# isort: split
from django.db import transaction
from django.utils.crypto import get_random_string

from accounts.models import User
from generator.articles.keeping import add_version
from generator.models import Act, Article, Section, Work
from providers.models import ModelSpec

VALUES = {
    "topic": "Measured",
    "audience": "",
    "keywords": "",
    "tone": "neutral",
    "view": "third person",
    "language": "English",
    "text": "",
    "source": "",
    "sections": None,
}


def article_of(user: User, model: ModelSpec, sections: int, words: int) -> Article:
    work = Work.objects.create(
        owner=user,
        recipe="long-article",
        title="Measured",
        values={**VALUES, "words": sections * words},
        client_id=uuid.uuid4(),
    )
    article = Article.objects.create(work=work, model=model)
    Section.objects.bulk_create(
        Section(article=article, position=n, heading=f"Section {n}", notes=f"Of {n}.", words=words)
        for n in range(sections)
    )
    return article


def with_versions(article: Article, count: int) -> Section:
    """Return the article's first section with so many versions of about 1,000 words each."""
    section = article.sections.get(position=0)
    for number in range(count):
        section.current = add_version(section, f"{number}. {PARAGRAPH * 6}", Act.EDIT)
    section.save(update_fields=["current"])
    return section


@transaction.atomic
def make(plan: dict[str, Any]) -> dict[str, Any]:
    model = model_of(plan["upstream"], plan["model"])
    user, session = signed_in(0)
    article = article_of(user, model, plan["sections"], plan["words"])
    kept = article_of(user, model, 1, 1000)
    section = with_versions(kept, plan["versions"])
    return {
        "session": session,
        "csrf": get_random_string(32),
        "model": str(model.pk),
        "client_id": str(uuid.uuid4()),
        "article": str(article.pk),
        "section": str(section.pk),
    }


if __name__ == "__main__":
    json.dump(make(json.load(sys.stdin)), sys.stdout)
