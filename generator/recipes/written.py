"""What the recipes share whose answer is a text to be used as it is."""

from generator.recipes.base import Recipe, Values
from generator.recipes.prompting import unfenced


class Written(Recipe):
    """A recipe of whose answer only what stands around it is taken away."""

    def read(self, values: Values, text: str) -> str:
        return unfenced(text)

    def read_part(self, values: Values, text: str, part: str) -> str:
        return unfenced(text)
