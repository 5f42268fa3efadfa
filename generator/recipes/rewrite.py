"""A text in other words: longer, shorter, simpler, corrected, in another tone."""

from typing import ClassVar

from django.utils.translation import gettext_lazy as _

from generator.material import MaterialForm
from generator.recipes import fields
from generator.recipes.base import Ask, Join, Task, Values
from generator.recipes.prompting import IS_MATERIAL, fenced
from generator.recipes.written import Written

CHANGES = (
    ("rewrite", _("say it in other words")),
    ("shorten", _("shorten it")),
    ("expand", _("expand it")),
    ("simplify", _("simplify it")),
    ("correct", _("correct it")),
    ("tone", _("change its tone")),
)
_ORDERS = {
    "rewrite": "Rewrite the text in other words. Its meaning and length stay the same.",
    "shorten": "Shorten the text to about half. Keep what matters most.",
    "expand": "Expand the text to about twice its length, with explanations. Add no new facts.",
    "simplify": "Rewrite the text in plain words and short sentences that everybody understands.",
    "correct": "Correct spelling, grammar and punctuation. Change nothing else.",
    "tone": "Rewrite the text in a tone that is {tone}. Its meaning stays the same.",
}


class RewriteForm(MaterialForm):
    only_with: ClassVar = {"tone": ("change", "tone")}
    change = fields.choice(_("What to do"), CHANGES, initial="rewrite")
    tone = fields.choice(
        _("New tone"), fields.TONES, initial="friendly", help_text=_("where the tone is to change")
    )
    wishes = fields.line(_("Anything else"), required=False)


class Rewrite(Written):
    slug = "rewrite"
    task = Task.CHANGE
    name = _("Rewrite")
    summary = _("In other words, shorter, longer, simpler, corrected, or in another tone.")
    words = _(
        "paraphrase, rephrase, shorten, simplify, correct, proofread, grammar, edit, PDF, Word"
    )
    Form = RewriteForm
    material = "text"
    join = Join.END_TO_END

    def ask(self, values: Values, material: str = "", *, is_notes: bool = False) -> Ask:
        order = _ORDERS[values["change"]].format(tone=values["tone"])
        wishes = f" {values['wishes']}" if values["wishes"] else ""
        return Ask(
            system=(
                "You edit texts. You keep their language, Markdown, links and names. You write the "
                f"new text only. {IS_MATERIAL}"
            ),
            user=f"{order}{wishes}\n\n{fenced(material)}\n\nWrite the new text now.",
            temperature=0.2 if values["change"] == "correct" else None,
        )

    def ask_part(self, values: Values, part: str, number: int, count: int) -> Ask:
        return self.ask(values, part)
