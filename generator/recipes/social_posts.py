"""Posts for social networks."""

from django.utils.translation import gettext_lazy as _

from generator.recipes import fields
from generator.recipes.base import Ask, RecipeForm, Task, Values
from generator.recipes.prompting import fenced, lines
from generator.recipes.written import Written

# What a post may hold, in characters.
_LIMITS = {
    "Mastodon": 500,
    "X": 280,
    "Bluesky": 300,
    "LinkedIn": 3000,
    "Facebook": 2000,
    "Instagram": 2200,
    "Xiaohongshu": 1000,
}
NETWORKS = tuple((name, name) for name in _LIMITS)


class SocialPostsForm(RecipeForm):
    message = fields.text(_("What to tell"), rows=5)
    network = fields.choice(_("Network"), NETWORKS, initial="Mastodon")
    count = fields.count(_("How many posts"), initial=3, most=10)
    tone = fields.tone("friendly")
    hashtags = fields.yes_no(_("With hashtags"), initial=True)
    emoji = fields.yes_no(_("With emoji"))
    language = fields.language()


class SocialPosts(Written):
    slug = "social-posts"
    task = Task.MARKETING
    name = _("Social posts")
    summary = _("Several posts on one thing, each within the limit of its network.")
    words = _("tweet, Twitter, thread, Facebook, Instagram, LinkedIn, Mastodon, write")
    Form = SocialPostsForm

    def ask(self, values: Values, material: str = "", *, is_notes: bool = False) -> Ask:
        limit = _LIMITS[values["network"]]
        facts = lines(
            [
                ("Network", f"{values['network']}, at most {limit} characters a post"),
                ("Tone", values["tone"]),
                ("Hashtags", "two or three a post" if values["hashtags"] else "none"),
                ("Emoji", "one or two a post" if values["emoji"] else "none"),
                ("Language", values["language"]),
            ]
        )
        return Ask(
            system=(
                "You write posts for social networks, as a numbered list (1. …). Each is complete "
                "in itself and begins differently. You write nothing else."
            ),
            user=(
                f"Write {values['count']} posts about this. Invent no facts.\n"
                f"{fenced(values['message'], 'notes')}\n{facts}\n\n"
                f"Write a list of {values['count']} posts now."
            ),
        )
