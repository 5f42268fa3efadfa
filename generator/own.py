"""The recipe that a work was made with, and recipes of what people made themselves."""

from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assistants.variables import fill, filled_length
from generator.models import LONGEST_TITLE, OwnRecipe, RecipeVersion, Work
from generator.own_variables import YES, Asks, NumberField, Variable
from generator.recipes import built_in
from generator.recipes.base import Ask, Kind, Recipe, RecipeForm, Task, Values
from providers.errors import BadRequest

LONGEST_FILLED = 400_000  # code points that are sent
SLUG = "own"


class Gone(Recipe):
    """In the place of one that is no more: what was made with it stays readable."""

    name = gettext_lazy("A recipe that is no more")

    def ask(self, values: Values, material: str = "", *, is_notes: bool = False) -> Ask:
        raise BadRequest("the recipe is no more")


class OwnForm(RecipeForm):
    """The fields of a version's variables."""

    recipe: "Own"

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if self.is_draft or self.errors:
            return values
        if self.recipe.filled_length(values) > LONGEST_FILLED:
            raise ValidationError(
                _("Filled in, the prompt is longer than %(most)d characters."),
                code="too_long",
                params={"most": LONGEST_FILLED},
            )
        return values


class Own(Recipe):
    """A recipe made of a version, which may be one that is not saved.

    A list that only names it reads neither prompt nor variables.
    """

    slug = SLUG
    is_own = True

    def __init__(self, version: RecipeVersion) -> None:
        self.version = version
        self.name = version.name
        self.summary = version.summary
        self.task = Task(version.task)
        self.kind = Kind(version.kind)

    @cached_property
    def variables(self) -> list[Variable]:
        return [Variable.read(kept) for kept in self.version.variables]

    @cached_property
    def Form(self) -> type[RecipeForm]:  # type: ignore[override]
        fields: dict[str, Any] = {each.field_name: each.field() for each in self.variables}
        return type("VersionForm", (OwnForm,), {"recipe": self, **fields})

    def title(self, values: Values) -> str:
        """Return what was written into the fields, a little of each."""
        written = [each for each in self.variables if each.asks in (Asks.LINE, Asks.TEXT)]
        texts = [" ".join(each.said(values.get(each.field_name)).split()) for each in written]
        said = list(filter(None, texts))
        most = max(LONGEST_TITLE // max(len(said), 1) - len(" · "), 12)
        return " · ".join(Truncator(text).chars(most) for text in said) or str(self.name)

    def ask(self, values: Values, material: str = "", *, is_notes: bool = False) -> Ask:
        said = self._said(values)
        return Ask(
            system=fill(self.version.instructions, said),
            user=fill(self.version.prompt, said),
            temperature=self.version.temperature,
        )

    def filled_length(self, values: Values) -> int:
        """Return how long what is sent would be, without making it."""
        said, version = self._said(values), self.version
        return sum(filled_length(text, said) for text in (version.instructions, version.prompt))

    def examples(self) -> dict[str, Any]:
        """Return the example values by the names of the form's fields; else the defaults."""
        found: dict[str, Any] = {}
        for each in self.variables:
            text = each.example or each.default
            if each.asks == Asks.YES_NO:
                found[each.field_name] = text == YES
            elif each.asks == Asks.NUMBER:
                found[each.field_name] = NumberField(required=False).clean(text)
            else:
                found[each.field_name] = text
        return found

    def gaps(self) -> dict[str, Any]:
        """Return the example values; where there are none, the names of what is asked for."""
        found = self.examples()
        for each in self.variables:
            if found[each.field_name] in ("", None):
                found[each.field_name] = each.options[0] if each.options else f"[{each.name}]"
        return found

    def _said(self, values: Values) -> dict[str, str]:
        return {each.name: each.said(values.get(each.field_name)) for each in self.variables}


def recipe_of_version(version: RecipeVersion) -> Recipe:
    return Own(version)


def recipe_of(work: Work) -> Recipe:
    """Return what made the work. Of a recipe somebody made that is the version it was made with."""
    if work.recipe != SLUG:
        return built_in.get(work.recipe, Gone())
    return Own(work.version) if work.version is not None else Gone()


def version_of(recipe: Recipe) -> RecipeVersion | None:
    """Return the version a recipe was made of; a built-in one has none."""
    return recipe.version if isinstance(recipe, Own) else None


def is_open(work: Work) -> bool:
    """Say whether the work's owner may still use its recipe: nobody took it away or deleted it."""
    if work.recipe != SLUG:
        return work.recipe in built_in
    recipes = OwnRecipe.objects.visible_to(work.owner)
    return work.version_id is not None and recipes.filter(versions=work.version_id).exists()
