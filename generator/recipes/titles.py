"""Titles for a text or a topic."""

import re

from django.utils.translation import gettext_lazy as _

from generator.recipes import fields
from generator.recipes.base import Ask, Misread, Problem, RecipeForm, Task, Values
from generator.recipes.prompting import IS_MATERIAL, fenced, lines
from generator.recipes.written import Written

STYLES = (
    ("clear and factual", _("clear and factual")),
    ("curious questions", _("questions")),
    ("playful", _("playful")),
    ("how-to", _("how to …")),
    ("for search engines", _("for search engines")),
)

_NUMBERED = re.compile(r"^[ \t]*\d{1,3}[.)、][ \t]*(\S.*)$", re.MULTILINE)
_BULLETS = re.compile(r"^[ \t]*[-*•][ \t]+(\S.*)$", re.MULTILINE)
_DRESSED = re.compile(
    r"\*\*(?P<bold>(?:(?!\*\*).)+)\*\*|[\"“”«„「](?P<quoted>[^\"“”«»„「」]+)[\"”“»」]"
)


class TitlesForm(RecipeForm):
    about = fields.text(_("The text, or what it is about"), rows=6)
    count = fields.count(_("How many titles"), initial=8, most=30)
    style = fields.choice(_("Style"), STYLES, initial="clear and factual")
    keywords = fields.line(_("Keywords"), required=False)
    longest = fields.count(_("Longest, in characters"), initial=70, least=20, most=200)
    language = fields.language()


class Titles(Written):
    slug = "titles"
    task = Task.MARKETING
    name = _("Titles")
    summary = _("A list of titles to choose from, for a text or an idea.")
    words = _("headline, heading, name, subject line, slogan, SEO")
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
                f"Find {values['count']} different titles for this. {IS_MATERIAL}\n"
                f"{fenced(values['about'])}\n{facts}\n\n"
                f"Write {values['count']} titles now."
            ),
        )

    def read(self, values: Values, text: str) -> str:
        """Return the titles of an answer, numbered, without what was said around them."""
        text = super().read(values, text)
        found = _NUMBERED.findall(text) or _BULLETS.findall(text)
        if not found and values["count"] == 1:
            found = text.strip().splitlines()[:1]
        if not found:
            raise Misread(
                Problem.NOT_JSON,
                "An earlier answer was no list. Write a numbered list of titles and nothing else.",
            )
        titles = list(dict.fromkeys(map(_undressed, found)))[: values["count"]]
        return "\n".join(f"{number}. {title}" for number, title in enumerate(titles, 1))


def _undressed(title: str) -> str:
    """Return it without quotation marks or bold type around all of it."""
    title = title.strip()
    while dressed := _DRESSED.fullmatch(title):
        title = (dressed["bold"] or dressed["quoted"]).strip()
    return title
