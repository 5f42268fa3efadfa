"""Minutes of a meeting, from a transcript or notes."""

from django.utils.translation import gettext_lazy as _

from generator.material import MaterialForm
from generator.recipes import fields
from generator.recipes.base import Ask, Task, Values
from generator.recipes.prompting import IS_MATERIAL, fenced, lines
from generator.recipes.written import Written


class MinutesForm(MaterialForm):
    meeting = fields.line(_("Meeting"), required=False, example=_("Weekly planning, 30 November"))
    participants = fields.line(_("Who took part"), required=False)
    language = fields.language()


class Minutes(Written):
    slug = "minutes"
    task = Task.UNDERSTAND
    name = _("Meeting minutes")
    summary = _("Decisions, tasks with their owners and dates, and what was left open.")
    words = _("protocol, transcript, notes, action items, to-do, PDF, Word")
    Form = MinutesForm
    material = "text"

    def ask(self, values: Values, material: str = "", *, is_notes: bool = False) -> Ask:
        facts = lines(
            [
                ("Meeting", values["meeting"]),
                ("Took part", values["participants"]),
                ("Language", values["language"]),
            ]
        )
        source = "list of notes on its parts" if is_notes else "transcript"
        return Ask(
            system=(
                "You write minutes of meetings in Markdown: a title (# …), ## Participants, "
                "## Decisions as a list, ## Tasks as a table with the columns task, owner and due "
                "date, ## Open questions. You write only what was said; where an owner or a date "
                f"was not said, you write “–”. You write the minutes only. {IS_MATERIAL}"
            ),
            user=(
                f"Write the minutes of a meeting from this {source}.\n{fenced(material)}\n"
                f"{facts}\n\nWrite the minutes now. Begin with the title."
            ),
            temperature=0.2,
        )

    def ask_part(self, values: Values, part: str, number: int, count: int) -> Ask:
        return Ask(
            system=(
                "You take notes of meetings. You write short bullet points and nothing else. "
                f"{IS_MATERIAL}"
            ),
            user=(
                f"This is part {number} of {count} of a meeting's transcript. Note in "
                f"{values['language']} who spoke, what was decided, who does what until when, and "
                f"what was left open.\n\n{fenced(part)}"
            ),
            temperature=0.2,
            max_tokens=400,
        )
