"""Code in another programming language."""

from django.utils.translation import gettext_lazy as _

from generator.recipes import coding
from generator.recipes.base import Ask, Recipe, RecipeForm, Task, Values


class CodeTranslateForm(RecipeForm):
    suggestions = coding.SUGGESTIONS
    code = coding.code()
    source = coding.programming_language(_("From"), required=False)
    target = coding.programming_language(_("Into"))


class CodeTranslate(Recipe):
    slug = "code-translate"
    task = Task.CODE
    name = _("Translate code")
    summary = _("The same program in another programming language, as one writes it there.")
    words = _("convert, port, migrate, program, programming")
    Form = CodeTranslateForm

    def ask(self, values: Values, material: str = "", *, is_notes: bool = False) -> Ask:
        source = f" from {values['source']}" if values["source"] else ""
        return Ask(
            system=(
                f"You translate programs into {values['target']}, as a programmer of that language "
                "would write them. You keep names, comments and behaviour. You write one fenced "
                "code block, then in a line or two what behaves differently, if anything does."
            ),
            user=f"Translate this code{source} into {values['target']}.\n"
            f"{coding.shown(values['code'])}",
            temperature=0.2,
        )
