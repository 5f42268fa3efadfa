"""What the generator's pages show."""

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse

from accounts.models import User
from generator.forms import OrderForm, lead_to_first_error
from generator.models import MOST_VARIANTS, OwnRecipe, Work
from generator.own import recipe_of, version_of
from generator.own_pages import groups
from generator.recipes import built_in
from generator.recipes.base import Recipe, RecipeForm, Task, Values
from generator.results import Result, can_have_more, results_of
from providers.models import ModelSpec
from usage.nearing import Note

RECENT = 6  # works on the gallery's page


def address_of(recipe: Recipe) -> str:
    if version := version_of(recipe):
        return reverse("generator:own-recipe", args=[version.recipe_id])
    return reverse("generator:recipe-view", args=[recipe.slug])


@dataclass(frozen=True)
class Card:
    """A recipe in the gallery."""

    recipe: Recipe

    @property
    def url(self) -> str:
        return address_of(self.recipe)


@dataclass(frozen=True)
class Shelf:
    """The recipes for one task."""

    task: Task
    cards: list[Card]


def shelves(query: str = "") -> list[Shelf]:
    """Return the built-in recipes by task: those that are described with each word."""
    words = query.casefold().split()
    found = []
    for task in Task:
        cards = [
            Card(recipe)
            for recipe in built_in.values()
            if recipe.task is task and all(word in _described(recipe) for word in words)
        ]
        if cards:
            found.append(Shelf(task, cards))
    return found


def _described(recipe: Recipe) -> str:
    return f"{recipe.name} {recipe.summary} {recipe.words} {recipe.task.label}".casefold()


@dataclass(frozen=True)
class Row:
    """A work in a list."""

    work: Work

    @property
    def recipe(self) -> Recipe:
        return recipe_of(self.work)


@dataclass(frozen=True)
class Made:
    """A work and its results, as they are when the page is made."""

    work: Work
    results: list[Result]
    made_at: float = field(default_factory=time.time)
    client_id: uuid.UUID = field(default_factory=uuid.uuid4)

    @classmethod
    def of(cls, work: Work) -> "Made":
        made_at = time.time()
        return cls(work, results_of(work), made_at)

    @property
    def recipe(self) -> Recipe:
        return recipe_of(self.work)

    @property
    def source(self) -> str:
        """The file's name or the address that the material was read from."""
        return str(self.work.values.get("source") or "")

    @property
    def is_address(self) -> bool:
        return self.source.startswith(("http://", "https://"))

    @property
    def can_have_more(self) -> bool:
        return can_have_more(self.results)

    @property
    def is_live(self) -> bool:
        return any(result.is_live for result in self.results)


@dataclass(frozen=True)
class Bench:
    """A recipe's form with the choice of a model. `error` is a sentence about what was sent.

    `of_people` is the recipe as somebody here made it, which the reader may change or not.
    """

    recipe: Recipe
    form: RecipeForm
    models: Sequence[ModelSpec]
    model: ModelSpec | None
    variants: int = 1
    error: str = ""
    note: Note | None = None
    of_people: OwnRecipe | None = None
    can_change: bool = False
    most_variants: int = MOST_VARIANTS
    client_id: uuid.UUID = field(default_factory=uuid.uuid4)

    @property
    def url(self) -> str:
        return address_of(self.recipe)

    @property
    def check_url(self) -> str:
        return f"{self.url}check/"

    @classmethod
    def of(
        cls,
        user: User,
        recipe: Recipe,
        form: RecipeForm | None = None,
        *,
        values: Values | None = None,
        last: ModelSpec | None = None,
        variants: int = 1,
        order: OrderForm | None = None,
        error: str = "",
    ) -> "Bench":
        """Make the page's form: empty, with the `values` of a work and as many results, or as it
        was sent.
        """
        if form is not None:
            lead_to_first_error(form)
        models = list(ModelSpec.objects.usable_by(user).able_to(*recipe.abilities))
        chosen = _chosen(models, last, order)
        return cls(
            recipe=recipe,
            form=form or recipe.Form(initial=dict(values or {})),
            models=models,
            model=chosen,
            variants=_variants(order) if order is not None else variants,
            error=error,
            note=Note.to(user, chosen),
            **_of_people(user, recipe),
        )


def _of_people(user: User, recipe: Recipe) -> dict[str, Any]:
    """Return the recipe's own row, and whether `user` may change it; nothing of a built-in one."""
    version = version_of(recipe)
    if version is None:
        return {}
    may = OwnRecipe.objects.changeable_by(user).filter(pk=version.recipe_id).exists()
    return {"of_people": version.recipe, "can_change": may}


def _chosen(
    models: Sequence[ModelSpec], last: ModelSpec | None, order: OrderForm | None
) -> ModelSpec | None:
    wanted = order.data.get("model", "") if order is not None else str(last.pk) if last else ""
    return next(
        (model for model in models if str(model.pk) == wanted), models[0] if models else None
    )


def _variants(order: OrderForm) -> int:
    return order.cleaned_data.get("variants", 1)


def gallery(user: User, query: str) -> dict[str, Any]:
    """Return the context of `generator/gallery.html`."""
    recent = Work.objects.visible_to(user).recent()[:RECENT]
    return {
        "shelves": shelves(query),
        "own": groups(user, query),
        "query": query,
        "recent": [] if query else [Row(work) for work in recent],
    }
