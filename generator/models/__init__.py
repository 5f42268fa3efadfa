from generator.models.article import Act, Article, Asks, Section, SectionVersion, Writing
from generator.models.own import LONGEST_NAME, LONGEST_SUMMARY, OwnRecipe, RecipeVersion
from generator.models.work import (
    LONGEST_TITLE,
    MOST_VARIANTS,
    Step,
    Variant,
    Work,
)

__all__ = [
    "LONGEST_NAME",
    "LONGEST_SUMMARY",
    "LONGEST_TITLE",
    "MOST_VARIANTS",
    "Act",
    "Article",
    "Asks",
    "OwnRecipe",
    "RecipeVersion",
    "Section",
    "SectionVersion",
    "Step",
    "Variant",
    "Work",
    "Writing",
]
