"""What a piece of code does."""

from django.utils.translation import gettext_lazy as _

from generator.recipes import coding, fields
from generator.recipes.base import Ask, Recipe, RecipeForm, Task, Values


class CodeExplainForm(RecipeForm):
    code = coding.code()
    depth = fields.choice(_("How"), coding.DEPTHS, initial="step by step")
    question = fields.line(_("A question about it"), required=False)
    language = fields.language()


class CodeExplain(Recipe):
    slug = "code-explain"
    task = Task.CODE
    name = _("Explain code")
    summary = _("What code does and why, in the depth you need.")
    words = _("understand, comment, document, program, programming")
    Form = CodeExplainForm

    def ask(self, values: Values, material: str = "", *, is_notes: bool = False) -> Ask:
        question = f" Answer this, too: {values['question']}" if values["question"] else ""
        return Ask(
            system="You explain code. You say what it does and why, and do not repeat all of it.",
            user=(
                f"Explain this code {values['depth']}, in {values['language']}.{question}\n"
                f"{coding.shown(values['code'])}"
            ),
            temperature=0.2,
        )
