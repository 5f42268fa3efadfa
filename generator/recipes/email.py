"""An e-mail, new or in reply."""

from django.utils.translation import gettext_lazy as _

from generator.recipes import fields
from generator.recipes.base import Ask, Recipe, RecipeForm, Task, Values
from generator.recipes.prompting import fenced, lines


class EmailForm(RecipeForm):
    purpose = fields.text(
        _("What it is to say"),
        rows=4,
        example=_("I cannot come on Friday; ask for Monday morning instead"),
    )
    recipient = fields.line(_("To whom"), required=False, example=_("Ms Okafor, our landlady"))
    sender = fields.line(_("From"), required=False)
    received = fields.text(
        _("The mail it answers"), required=False, rows=5, help_text=_("empty for a new one")
    )
    tone = fields.tone("friendly")
    words = fields.words(120, most=1000)
    language = fields.language()


class Email(Recipe):
    slug = "email"
    task = Task.MARKETING
    name = _("E-mail")
    summary = _("Written from a few words, or in answer to a mail you paste.")
    Form = EmailForm

    def ask(self, values: Values, material: str = "", *, is_notes: bool = False) -> Ask:
        facts = lines(
            [
                ("To", values["recipient"]),
                ("From", values["sender"]),
                ("Tone", values["tone"]),
                ("Length", f"about {values['words']} words"),
                ("Language", values["language"]),
            ]
        )
        received = values["received"]
        answers = f"\nIt answers this mail:\n{fenced(received)}" if received else ""
        kind = "a reply" if received else "an e-mail"
        return Ask(
            system=(
                "You write e-mails. The first line is “Subject: …”, then come an empty line, a "
                "greeting, the text and a closing. You invent no facts, dates or promises. You "
                "write the e-mail only."
            ),
            user=(
                f"Write {kind}.\n{facts}\nWhat it is to say:\n"
                f"{fenced(values['purpose'], 'notes')}{answers}"
            ),
            temperature=0.6,
        )
