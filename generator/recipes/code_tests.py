"""Tests for a piece of code."""

from django.utils.translation import gettext_lazy as _

from generator.recipes import coding, fields
from generator.recipes.base import Ask, Recipe, RecipeForm, Task, Values


class CodeTestsForm(RecipeForm):
    suggestions = coding.SUGGESTIONS
    code = coding.code()
    language = coding.programming_language(required=False)
    framework = fields.line(_("Test framework"), required=False, example=_("pytest"))
    cases = fields.text(_("Cases not to forget"), required=False, rows=3)


class CodeTests(Recipe):
    slug = "code-tests"
    task = Task.CODE
    name = _("Write tests")
    summary = _("Tests for your code: the usual, the borders and the errors.")
    words = _("unit test, testing, coverage, program, programming")
    Form = CodeTestsForm

    def ask(self, values: Values, material: str = "", *, is_notes: bool = False) -> Ask:
        kind = " ".join(filter(None, [values["language"], values["framework"]]))
        cases = f"\nCover these, too: {values['cases']}" if values["cases"] else ""
        return Ask(
            system=(
                "You write automated tests: what usually happens, the borders, and what must fail. "
                "Each test has a name that says what it expects. You write one fenced code block "
                "and nothing else."
            ),
            user=(
                f"Write {kind or 'the'} tests for this code.{cases}\n"
                f"{coding.shown(values['code'])}\n\n"
                "Write test functions now. Each calls this code and asserts what comes back."
            ),
            temperature=0.2,
        )
