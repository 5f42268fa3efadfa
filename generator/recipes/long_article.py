"""The outline of an article, which is then edited and written section by section."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from generator.material import MaterialForm
from generator.recipes import fields, outlines
from generator.recipes.article import VIEWS
from generator.recipes.base import Ask, Recipe, Task, Values
from generator.recipes.prompting import IS_MATERIAL, fenced, lines
from generator.recipes.structured import misread

_WORDS_A_SECTION = 250
_LEAST_SECTIONS, _MOST_SECTIONS = 2, 20


def brief(values: Values) -> str:
    """Return what was filled in of an article, one fact a line."""
    return lines(
        [
            ("Topic", values["topic"]),
            ("Readers", values["audience"]),
            ("Keywords to use", values["keywords"]),
            ("Tone", values["tone"]),
            ("Point of view", values["view"]),
            ("Language", values["language"]),
        ]
    )


def sections_for(values: Values) -> int:
    """Return how many sections an article gets: as many as were asked for, or as fit its length."""
    if values.get("sections"):
        return int(values["sections"])
    fitting = round(values["words"] / _WORDS_A_SECTION)
    return min(max(fitting, _LEAST_SECTIONS), _MOST_SECTIONS)


# Small models follow an example where they do not follow a description.
_EXAMPLE = (
    "Topic: Baking bread at home\n\n"
    "Write the outline of an article on this topic: 3 sections, a numbered list, one line each, a "
    "heading and what it covers.\n\n"
    "1. **Flour and yeast**: which kinds there are, and what each is good for\n"
    "2. **Kneading and rising**: how long it takes, and how to tell that the dough is ready\n"
    "3. **In the oven**: heat, steam and time"
)


class LongArticleForm(MaterialForm):
    one_of = ()

    topic = fields.line(_("Topic"), example=_("How bees find their way home"))
    audience = fields.line(_("Who reads it"), required=False, example=_("curious beginners"))
    keywords = fields.line(
        _("Keywords"), required=False, help_text=_("words that must appear, between commas")
    )
    view = fields.choice(_("Point of view"), VIEWS, initial="third person")
    tone = fields.tone()
    words = fields.words(1500, most=15_000)
    sections = forms.IntegerField(
        label=_("Sections"),
        required=False,
        min_value=_LEAST_SECTIONS,
        max_value=outlines.MOST_SECTIONS,
        help_text=_("empty: as fits the length"),
    )
    language = fields.language()

    field_order = ("topic", "audience", "keywords", "text")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["text"].label = _("Material")
        self.fields["text"].help_text = _("what the article is to rest on, if there is something")


class LongArticle(Recipe):
    slug = "long-article"
    task = Task.WRITE
    name = _("Article with an outline")
    summary = _("An outline to edit first; then each section is written, and can be rewritten.")
    words = _("long, essay, paper, chapters, sections, guide, write")
    Form = LongArticleForm
    material = "text"
    is_outline = True

    def title(self, values: Values) -> str:
        return str(values["topic"])

    def ask(self, values: Values, material: str = "", *, is_notes: bool = False) -> Ask:
        said = f"\nRest on this material only.\n{fenced(material, 'notes')}" if material else ""
        return Ask(
            system=(
                "You plan articles. You write a numbered list of sections and nothing else. "
                + IS_MATERIAL
            ),
            user=(
                f"{_EXAMPLE}\n\n{brief(values)}{said}\n\n"
                f"Write the outline of an article on “{values['topic']}” in the same way: "
                f"{sections_for(values)} sections."
            ),
        )

    def ask_part(self, values: Values, part: str, number: int, count: int) -> Ask:
        return Ask(
            system=f"You take notes for an article. {IS_MATERIAL}",
            user=(
                f"Note all facts, figures, names and quotations of this text that an article on "
                f"“{values['topic']}” could use, one a line. This is part {number} of {count}.\n"
                f"{fenced(part)}"
            ),
        )

    def read(self, values: Values, text: str) -> str:
        found = outlines.parse(text)
        if len(found) < _LEAST_SECTIONS:
            raise misread("it is no list of sections")
        return outlines.written(found[: values.get("sections") or None])
