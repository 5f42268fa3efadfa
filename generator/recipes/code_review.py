"""What could be better in a piece of code."""

from django.utils.translation import gettext_lazy as _

from generator.recipes import coding, fields
from generator.recipes.base import Ask, Recipe, RecipeForm, Task, Values

FOCUSES = (
    ("everything that matters", _("everything")),
    ("mistakes", _("mistakes")),
    ("security", _("security")),
    ("speed", _("speed")),
    ("readability", _("readability")),
)


class CodeReviewForm(RecipeForm):
    code = coding.code()
    focus = fields.choice(_("Look for"), FOCUSES, initial="everything that matters")
    context = fields.line(_("What it is for"), required=False)
    language = fields.language()


class CodeReview(Recipe):
    slug = "code-review"
    task = Task.CODE
    name = _("Review code")
    summary = _("Mistakes and what could be better, the gravest first, with how to mend them.")
    words = _("bug, debug, fix, error, security, improve, program, programming")
    Form = CodeReviewForm

    def ask(self, values: Values, material: str = "", *, is_notes: bool = False) -> Ask:
        context = f" Its purpose: {values['context']}." if values["context"] else ""
        return Ask(
            system=(
                "You review code. You list what is wrong, the gravest first: for each the line, "
                "why it matters, and how to mend it in a short code block. What is fine you do not "
                "mention; if nothing is wrong, you say so."
            ),
            user=(
                f"Review this code for {values['focus']}, in {values['language']}.{context}\n"
                f"{coding.shown(values['code'])}\n\n"
                "Write the review now, as a list. Speak only of what stands in this code."
            ),
            temperature=0.2,
        )
