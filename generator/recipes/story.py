"""A short story."""

from django.utils.translation import gettext_lazy as _

from generator.recipes import fields
from generator.recipes.base import Ask, RecipeForm, Task, Values
from generator.recipes.prompting import fenced, lines
from generator.recipes.written import Written

GENRES = (
    ("literary", _("literary")),
    ("fairy tale", _("fairy tale")),
    ("science fiction", _("science fiction")),
    ("fantasy", _("fantasy")),
    ("mystery", _("mystery")),
    ("romance", _("romance")),
    ("horror", _("horror")),
    ("humorous", _("humorous")),
)


class StoryForm(RecipeForm):
    idea = fields.text(
        _("What happens"),
        rows=4,
        example=_("A lighthouse keeper finds a letter that is addressed to the sea."),
    )
    characters = fields.line(_("Who is in it"), required=False)
    genre = fields.choice(_("Genre"), GENRES, initial="literary")
    words = fields.words(400)
    language = fields.language()


class Story(Written):
    slug = "story"
    task = Task.WRITE
    name = _("Story")
    summary = _("A short story from an idea, with a beginning, a turn and an end.")
    words = _("fiction, tale, novel, fairy tale, creative writing, write")
    Form = StoryForm

    def ask(self, values: Values, material: str = "", *, is_notes: bool = False) -> Ask:
        facts = lines(
            [
                ("Characters", values["characters"]),
                ("Length", f"about {values['words']} words"),
                ("Language", values["language"]),
            ]
        )
        return Ask(
            system=(
                "You write short stories in vivid, concrete prose. You begin with a title as a "
                "Markdown heading (# …) and then tell the story. You write nothing about the story."
            ),
            user=(
                f"Write a short story, {values['genre']}, in which this happens:\n"
                f"{fenced(values['idea'], 'notes')}\n{facts}\n\n"
                "Write the story now. Begin with its title."
            ),
        )
