"""An e-mail, new or in reply."""

import re

from django.utils.translation import gettext_lazy as _

from generator.recipes import fields
from generator.recipes.base import Ask, Kind, RecipeForm, Task, Values
from generator.recipes.prompting import IS_MATERIAL, fenced, lines, unfenced
from generator.recipes.written import Written

# Whatever a model says before it, in a line or two.
_SUBJECT = re.compile(r"\A\s*(?:[^\n]*\n+){0,2}?[ \t]*\*{0,2}Subject:[ \t*]*", re.IGNORECASE)


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


class Email(Written):
    slug = "email"
    task = Task.MARKETING
    name = _("E-mail")
    summary = _("Written from a few words, or in answer to a mail you paste.")
    words = _("email, mail, letter, reply, message, write")
    kind = Kind.PLAIN
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
        answers = f"It answers this mail. {IS_MATERIAL}\n{fenced(received)}\n" if received else ""
        kind = "reply" if received else "e-mail"
        return Ask(
            system=(
                "You write e-mails in plain text. You begin with “Subject:”, then come a greeting, "
                "the text and a closing. You write the e-mail only."
            ),
            user=(
                f"{answers}Write an e-mail that says this. Invent no facts, dates or promises.\n"
                f"{fenced(values['purpose'], 'notes')}\n{facts}\n\n"
                f"Write the {kind} now. Begin with “Subject:”."
            ),
        )

    def read(self, values: Values, text: str) -> str:
        return _SUBJECT.sub("Subject: ", unfenced(text), count=1)
