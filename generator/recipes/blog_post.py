"""A blog post out of notes."""

from django.utils.translation import gettext_lazy as _

from generator.recipes import fields
from generator.recipes.base import Ask, RecipeForm, Task, Values
from generator.recipes.prompting import fenced, lines
from generator.recipes.written import Written


class BlogPostForm(RecipeForm):
    notes = fields.text(
        _("Your notes"),
        rows=8,
        example=_("moved the shop to Linux · took two weekends · the printer was the worst part"),
    )
    angle = fields.line(_("What it is to say"), required=False)
    audience = fields.line(_("Who reads it"), required=False)
    call = fields.line(
        _("What readers should do"), required=False, example=_("sign up for the newsletter")
    )
    tone = fields.tone("friendly")
    words = fields.words(500)
    language = fields.language()


class BlogPost(Written):
    slug = "blog-post"
    task = Task.WRITE
    name = _("Blog post from notes")
    summary = _("Turns loose notes into a post that reads well from the first line.")
    words = _("blog, website, newsletter, column, write")
    Form = BlogPostForm

    def ask(self, values: Values, material: str = "", *, is_notes: bool = False) -> Ask:
        facts = lines(
            [
                ("Message", values["angle"]),
                ("Readers", values["audience"]),
                ("End by asking readers to", values["call"]),
                ("Tone", values["tone"]),
                ("Length", f"about {values['words']} words"),
                ("Language", values["language"]),
            ]
        )
        return Ask(
            system=(
                "You write blog posts in Markdown, with a title (# …), a first paragraph that "
                "draws readers in and short sections with headings (## …). You write the post only."
            ),
            user=(
                "Write a blog post from these notes. Say nothing that is not in them.\n"
                f"{fenced(values['notes'], 'notes')}\n{facts}\n\n"
                "Write the post now. Begin with its title."
            ),
        )
