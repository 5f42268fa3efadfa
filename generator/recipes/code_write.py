"""Code from a description."""

from django.utils.translation import gettext_lazy as _

from generator.recipes import coding, fields
from generator.recipes.base import Ask, Recipe, RecipeForm, Task, Values
from generator.recipes.prompting import fenced


class CodeWriteForm(RecipeForm):
    suggestions = coding.SUGGESTIONS
    purpose = fields.text(
        _("What it is to do"), example=_("a function that says whether a year is a leap year")
    )
    language = coding.programming_language()
    wishes = fields.line(
        _("Anything else"), required=False, example=_("no libraries, with type hints")
    )
    explained = fields.yes_no(_("Explain it afterwards"), initial=True)


class CodeWrite(Recipe):
    slug = "code-write"
    task = Task.CODE
    name = _("Write code")
    summary = _("Code from a description, ready to paste.")
    words = _("program, script, function, programming, develop, SQL")
    Form = CodeWriteForm

    def ask(self, values: Values, material: str = "", *, is_notes: bool = False) -> Ask:
        after = "then explain it in a few sentences" if values["explained"] else "nothing else"
        wishes = f"\nWishes: {values['wishes']}" if values["wishes"] else ""
        return Ask(
            system=(
                f"You are a programmer. You write complete, correct {values['language']} in one "
                f"fenced code block, {after}."
            ),
            user=f"Write {values['language']} code for this.{wishes}\n"
            f"{fenced(values['purpose'], 'notes')}",
            temperature=0.2,
        )
