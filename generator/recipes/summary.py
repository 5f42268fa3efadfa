"""A text in few words."""

from typing import ClassVar

from django.utils.translation import gettext_lazy as _

from generator.material import MaterialForm
from generator.recipes import fields
from generator.recipes.base import Ask, Recipe, Task, Values
from generator.recipes.prompting import IS_MATERIAL, fenced

LENGTHS = (
    ("sentence", _("one sentence")),
    ("paragraph", _("one paragraph")),
    ("words", _("about so many words")),
    ("bullets", _("bullet points")),
)
STYLES = (
    ("neutral", _("neutral")),
    ("experts", _("for experts")),
    ("plain", _("in plain words")),
)
_FORMS = {
    "sentence": "one single sentence",
    "paragraph": "one paragraph of about five sentences",
    "bullets": "three to eight bullet points, each a line that begins with “- ”",
}
_MANNERS = {
    "neutral": "Write neutrally.",
    "experts": "Write for experts: keep technical terms, methods and figures.",
    "plain": "Write in plain words and short sentences, for readers who know nothing of it.",
}


class SummaryForm(MaterialForm):
    only_with: ClassVar = {"words": ("length", "words")}
    length = fields.choice(_("Length"), LENGTHS, initial="paragraph")
    words = fields.words(150, label=_("So many words"))
    style = fields.choice(_("Style"), STYLES, initial="neutral")
    focus = fields.line(
        _("What matters most"),
        required=False,
        help_text=_("Leave it empty for what matters most to the text itself."),
    )
    language = fields.language_of_text()


class Summary(Recipe):
    slug = "summary"
    task = Task.UNDERSTAND
    name = _("Summary")
    summary = _("What a text of any length says, as short as you want it.")
    words = _("summarize, summarise, shorten, abstract, digest, key points, tl;dr, PDF, Word")
    Form = SummaryForm
    material = "text"

    def ask(self, values: Values, material: str = "", *, is_notes: bool = False) -> Ask:
        length = _FORMS.get(values["length"], f"about {values['words']} words")
        what = (
            "the notes, which were taken of the parts of one long text in their order; write of "
            "that text, not of the notes"
            if is_notes
            else "the text"
        )
        return Ask(
            system=(
                "You summarise texts faithfully. You add nothing that is not in them, you give no "
                "opinion, and you write the summary only, with nothing before or after it. "
                f"{IS_MATERIAL}"
            ),
            user=(
                f"Summarise {what}.\nLength: {length}.\n{_MANNERS[values['style']]}\n"
                f"Write in {values['language']}.{_focus(values)}\n\n{fenced(material)}"
            ),
            temperature=0.3,
        )

    def ask_part(self, values: Values, part: str, number: int, count: int) -> Ask:
        return Ask(
            system=(
                "You take notes of parts of a long text, from which somebody else will write its "
                "summary without seeing it. You keep facts, numbers, dates, names and conclusions "
                f"exactly as they are, and you add nothing. {IS_MATERIAL}"
            ),
            user=(
                f"This is part {number} of {count}. Note what it says as short bullet points, in "
                f"its order and its own language, in at most a quarter of its length."
                f"{_focus(values)}\n\n{fenced(part)}"
            ),
            temperature=0.2,
        )


def _focus(values: Values) -> str:
    return f"\nPay attention above all to: {values['focus']}" if values["focus"] else ""
