"""Answers to questions about a text, from that text alone."""

import re

from django.utils.translation import gettext_lazy as _

from generator.material import MaterialForm
from generator.recipes import fields
from generator.recipes.base import Ask, Misread, Problem, Recipe, Task, Values
from generator.recipes.prompting import IS_MATERIAL, fenced
from generator.recipes.quotations import letters

LONGEST_QUESTIONS = 4000  # code points
_QUOTE = re.compile(r"^ {0,3}>[ ]?(.*)$", re.MULTILINE)
_GAP = re.compile(r"\[?(?:\.\.\.|…)\]?")
_MOST_QUOTES = 1000  # lines that are compared with a text of up to a million letters
_SHORTEST_QUOTE = 12  # letters; shorter ones are found or missed by chance


class QuestionsForm(MaterialForm):
    questions = fields.text(
        _("Questions"),
        rows=4,
        longest=LONGEST_QUESTIONS,
        help_text=_("One a line."),
        example=_("Who signed the contract?"),
    )
    language = fields.language_of_text()


class Questions(Recipe):
    slug = "questions"
    task = Task.UNDERSTAND
    name = _("Questions about a text")
    summary = _("Answers from a text alone, each with the passage it comes from.")
    words = _("ask, answer, Q&A, quotation, research, document, PDF, Word")
    Form = QuestionsForm
    material = "text"

    def title(self, values: Values) -> str:
        return " ".join(values["questions"].split())

    def ask(self, values: Values, material: str = "", *, is_notes: bool = False) -> Ask:
        what = "passages of one long text, copied from it" if is_notes else "a text"
        return Ask(
            system=(
                "You answer questions from a given text and from nothing else: not from what you "
                "know, and not from what is likely. Below each answer you quote, word for word, "
                "the shortest passage that proves it, as a Markdown quotation (a line that begins "
                "with “> ”). Where the text does not say it, you answer that the text does not "
                f"say it, and quote nothing. {IS_MATERIAL}"
            ),
            user=(
                f"{_listed(values)}\n\nRepeat each question in bold, then answer it. Answer in "
                f"{values['language']}; quote in the language of the text. Below are {what}."
                f"\n\n{fenced(material)}"
            ),
            temperature=0,
        )

    def ask_part(self, values: Values, part: str, number: int, count: int) -> Ask:
        return Ask(
            system=(
                "You look for passages of a text that help to answer questions. You copy them word "
                f"for word, and you answer nothing yourself. {IS_MATERIAL}"
            ),
            user=(
                f"{_listed(values)}\n\nBelow is part {number} of {count} of a text. Copy each "
                "passage of it that helps to answer, with the sentence around it, one a line. "
                f"Where there is none, write “Nothing.”\n\n{fenced(part)}"
            ),
            temperature=0,
        )

    def read(self, values: Values, text: str) -> str:
        """Raise `Misread` also for a quotation that is not in the text."""
        source = letters(values["text"])
        for line in _QUOTE.findall(text)[:_MOST_QUOTES]:
            for piece in map(letters, _GAP.split(line)):
                if len(piece) >= _SHORTEST_QUOTE and piece not in source:
                    raise Misread(
                        Problem.QUOTE,
                        f"An earlier answer quoted “{piece[:100]}”, which the text does not say. "
                        "Quote word for word, or nothing.",
                    )
        return text


def _listed(values: Values) -> str:
    lines = [line.strip() for line in values["questions"].splitlines() if line.strip()]
    return "Questions:\n" + "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))
