"""The built-in recipes, in the order in which the gallery shows them."""

from generator.recipes.base import Recipe
from generator.recipes.story import Story

_ALL: tuple[Recipe, ...] = (Story(),)

built_in: dict[str, Recipe] = {recipe.slug: recipe for recipe in _ALL}
