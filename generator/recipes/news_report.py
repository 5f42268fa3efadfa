"""A news report: nothing in it but what was given."""

from django.utils.translation import gettext_lazy as _

from generator.recipes import fields
from generator.recipes.base import Ask, Misread, Problem, RecipeForm, Task, Values
from generator.recipes.prompting import fenced, lines
from generator.recipes.quotations import letters, quoted
from generator.recipes.written import Written

_SHORTEST_QUOTE = 16  # letters; what is shorter may be a name or an expression


class NewsReportForm(RecipeForm):
    facts = fields.text(
        _("What happened"),
        rows=8,
        help_text=_("who, what, when, where, why; one fact a line is best"),
    )
    quotes = fields.text(
        _("Quotations"), required=False, rows=4, help_text=_("who said it, and the exact words")
    )
    outlet = fields.line(_("Where it appears"), required=False, example=_("a local paper"))
    words = fields.words(300)
    language = fields.language()


class NewsReport(Written):
    slug = "news-report"
    task = Task.WRITE
    name = _("News report")
    summary = _("The facts you give, the most important first. No fact or quotation is made up.")
    words = _("press release, journalism, newspaper, article, write")
    Form = NewsReportForm

    def ask(self, values: Values, material: str = "", *, is_notes: bool = False) -> Ask:
        facts = lines(
            [
                ("Appears in", values["outlet"]),
                ("Length", f"about {values['words']} words"),
                ("Language", values["language"]),
            ]
        )
        quotes = values["quotes"]
        said = f"\nQuotations, to be used word for word:\n{fenced(quotes)}" if quotes else ""
        no_quotes = "" if quotes else " There are no quotations."
        return Ask(
            system=(
                "You write news reports: a headline (# …), a first paragraph that says who did "
                "what, when and where, then the rest in falling importance. You add no fact, name, "
                "number, quotation or opinion. You write the report only."
            ),
            user=(
                f"Write a news report from these facts alone.{no_quotes}\n"
                f"{fenced(values['facts'], 'notes')}{said}\n{facts}\n\n"
                "Write the report now. Begin with the headline."
            ),
            temperature=0.2,
        )

    def read(self, values: Values, text: str) -> str:
        """Raise `Misread` where somebody is quoted although nobody was.

        Quotations that were given are not compared: the report may be in another language.
        """
        text = super().read(values, text)
        if values["quotes"] or quoted(values["facts"]):
            return text
        facts = letters(values["facts"])
        for said in quoted(text):
            if len(letters(said)) >= _SHORTEST_QUOTE and letters(said) not in facts:
                raise Misread(
                    Problem.QUOTE,
                    f"An earlier answer quoted “{said[:100]}”, which is not among the facts. Quote "
                    "nobody.",
                )
        return text
