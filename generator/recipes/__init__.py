"""The built-in recipes, in the order in which the gallery shows them."""

from generator.recipes.base import Recipe
from generator.recipes.classification import Classification
from generator.recipes.extraction import Extraction
from generator.recipes.questions import Questions
from generator.recipes.story import Story
from generator.recipes.summary import Summary
from generator.recipes.table_extraction import TableExtraction
from generator.recipes.translation import Translation

_ALL: tuple[Recipe, ...] = (
    Story(),
    Translation(),
    Summary(),
    Questions(),
    Classification(),
    Extraction(),
    TableExtraction(),
)

built_in: dict[str, Recipe] = {recipe.slug: recipe for recipe in _ALL}
