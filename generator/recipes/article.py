"""An article in one go."""

from django.utils.translation import gettext_lazy as _

from generator.recipes import fields
from generator.recipes.base import Ask, RecipeForm, Task, Values
from generator.recipes.prompting import fenced, lines
from generator.recipes.written import Written

VIEWS = (
    ("third person", _("third person (he, she, they)")),
    ("second person", _("second person (you)")),
    ("first person", _("first person (I)")),
    ("first person plural", _("first person plural (we)")),
)


class ArticleForm(RecipeForm):
    topic = fields.line(_("Topic"), example=_("How bees find their way home"))
    audience = fields.line(_("Who reads it"), required=False, example=_("curious beginners"))
    keywords = fields.line(
        _("Keywords"), required=False, help_text=_("words that must appear, between commas")
    )
    notes = fields.text(
        _("Facts and notes"), required=False, help_text=_("what it must say; the more, the better")
    )
    view = fields.choice(_("Point of view"), VIEWS, initial="third person")
    tone = fields.tone()
    words = fields.words(600)
    language = fields.language()


class Article(Written):
    slug = "article"
    task = Task.WRITE
    name = _("Article")
    summary = _("A whole article with a title and headings, from a topic and your notes.")
    words = _("essay, paper, report, guide, how-to, column, write")
    Form = ArticleForm

    def ask(self, values: Values, material: str = "", *, is_notes: bool = False) -> Ask:
        facts = lines(
            [
                ("Topic", values["topic"]),
                ("Readers", values["audience"]),
                ("Keywords to use", values["keywords"]),
                ("Tone", values["tone"]),
                ("Point of view", values["view"]),
                ("Length", f"about {values['words']} words"),
                ("Language", values["language"]),
            ]
        )
        notes = values["notes"]
        said = f"\nUse these facts and invent no others:\n{fenced(notes, 'notes')}" if notes else ""
        return Ask(
            system=(
                "You write articles in Markdown, with a title (# …), an introduction, sections "
                "with headings (## …) and a short end. You write the article only."
            ),
            user=f"Write an article.\n{facts}{said}\n\nWrite it now. Begin with its title.",
        )
