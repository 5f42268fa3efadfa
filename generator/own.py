"""The recipe that a work was made with."""

from django.utils.translation import gettext_lazy as _

from generator.models import Work
from generator.recipes import built_in
from generator.recipes.base import Ask, Recipe, Values
from providers.errors import BadRequest


class Gone(Recipe):
    """In the place of one that a later release no longer has: what was made stays readable."""

    name = _("A recipe that is no more")
    can_be_used = False

    def ask(self, values: Values, material: str = "", *, is_notes: bool = False) -> Ask:
        raise BadRequest("the recipe is no more")


def recipe_of(work: Work) -> Recipe:
    return built_in.get(work.recipe, Gone())
