"""Titles for a text or a topic."""

from django.utils.translation import gettext_lazy as _

from generator.recipes import fields
from generator.recipes.base import Ask, Recipe, RecipeForm, Task, Values
from generator.recipes.prompting import fenced, lines

STYLES = (
    ("clear and factual", _("clear and factual")),
    ("curious questions", _("questions")),
    ("playful", _("playful")),
    ("how-to", _("how to …")),
    ("for search engines", _("for search engines")),
)


class TitlesForm(RecipeForm):
    about = fields.text(_("The text, or what it is about"), rows=6)
    count = fields.count(_("How many titles"), initial=8, most=30)
    style = fields.choice(_("Style"), STYLES, initial="clear and factual")
    keywords = fields.line(_("Keywords"), required=False)
    longest = fields.count(_("Longest, in characters"), initial=70, least=20, most=200)
    language = fields.language()


class Titles(Recipe):
    slug = "titles"
    task = Task.MARKETING
    name = _("Titles")
    summary = _("A list of titles to choose from, for a text or an idea.")
    Form = TitlesForm

    def ask(self, values: Values, material: str = "", *, is_notes: bool = False) -> Ask:
        facts = lines(
            [
                ("Style", values["style"]),
                ("Keywords", values["keywords"]),
                ("Longest", f"{values['longest']} characters"),
                ("Language", values["language"]),
            ]
        )
        return Ask(
            system="You find titles. You write a numbered list of titles and nothing else.",
            user=(
                f"Find {values['count']} different titles for this.\n{facts}\n"
                f"{fenced(values['about'])}"
            ),
            temperature=0.9,
        )
