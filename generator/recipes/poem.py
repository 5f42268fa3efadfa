"""Poems and lyrics."""

from django.utils.translation import gettext_lazy as _

from generator.recipes import fields
from generator.recipes.base import Ask, RecipeForm, Task, Values
from generator.recipes.prompting import lines, unfenced
from generator.recipes.written import Written

FORMS = (
    ("free verse", _("free verse")),
    ("rhyming quatrains", _("rhyming verses")),
    ("sonnet", _("sonnet")),
    ("haiku", _("haiku")),
    ("limerick", _("limerick")),
    ("ballad", _("ballad")),
    ("acrostic", _("acrostic")),
    ("song lyrics", _("song lyrics")),
    ("rap lyrics", _("rap lyrics")),
)
_RULES = {
    "free verse": "No rhyme is needed.",
    "rhyming quatrains": "Four lines a verse; the second and fourth rhyme.",
    "sonnet": "Fourteen lines; the last two rhyme.",
    "haiku": "Three lines of five, seven and five syllables.",
    "limerick": "Five lines; the first, second and fifth rhyme, the third and fourth too.",
    "ballad": "Verses of four lines that tell what happened.",
    "acrostic": "The first letters of the lines spell the subject.",
    "song lyrics": "Label the parts [Verse 1], [Chorus], [Verse 2], [Bridge], [Chorus].",
    "rap lyrics": "Label the parts [Verse 1], [Hook], [Verse 2], [Hook]. Rhyme within lines, too.",
}


class PoemForm(RecipeForm):
    subject = fields.line(_("About"), example=_("the last bus on a rainy night"))
    # Not "form": a page's form would be known by it instead of by its own.
    verse = fields.choice(_("Form"), FORMS, initial="rhyming quatrains")
    mood = fields.line(_("Mood"), required=False, example=_("gentle, a little funny"))
    words = fields.line(_("Words that must appear"), required=False, help_text=_("between commas"))
    language = fields.language()


class Poem(Written):
    slug = "poem"
    task = Task.WRITE
    name = _("Poem or lyrics")
    summary = _("From haiku to song lyrics with a chorus, on anything you like.")
    words = _("song, verse, rhyme, poetry, haiku, lyrics, write")
    Form = PoemForm

    def ask(self, values: Values, material: str = "", *, is_notes: bool = False) -> Ask:
        facts = lines(
            [
                ("About", values["subject"]),
                ("Form", values["verse"]),
                ("Rules", _RULES[values["verse"]]),
                ("Mood", values["mood"]),
                ("Words that must appear", values["words"]),
                ("Language", values["language"]),
            ]
        )
        return Ask(
            system=(
                "You are a poet. You write a title (# …), then the poem line by line, each line "
                "ending with two spaces. You write nothing about the poem."
            ),
            user=f"Write a poem.\n{facts}\n\nWrite it now. Begin with its title.",
        )

    def read(self, values: Values, text: str) -> str:
        """Return it in Markdown whose lines stay lines, and none of which is code."""
        lines = [line.strip() for line in unfenced(text).strip().splitlines()]
        following = [*lines[1:], ""]
        return "\n".join(
            f"{line}  " if line and after and not line.startswith("#") else line
            for line, after in zip(lines, following, strict=True)
        )
