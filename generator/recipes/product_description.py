"""A text that sells a product without making things up."""

from django.utils.translation import gettext_lazy as _

from generator.recipes import fields
from generator.recipes.base import Ask, RecipeForm, Task, Values
from generator.recipes.prompting import fenced, lines
from generator.recipes.written import Written

CHANNELS = (
    ("an online shop", _("online shop")),
    ("a marketplace listing", _("marketplace")),
    ("a printed catalogue", _("catalogue")),
    ("an app store", _("app store")),
)


class ProductDescriptionForm(RecipeForm):
    product = fields.line(_("Product"), example=_("Linen apron “Marta”"))
    features = fields.text(
        _("What it is and can"),
        rows=5,
        example=_("washed linen, two pockets, ties at the back, made in Porto"),
    )
    audience = fields.line(_("Who buys it"), required=False)
    channel = fields.choice(_("Where it appears"), CHANNELS, initial="an online shop")
    tone = fields.tone("friendly")
    words = fields.words(120, most=800)
    bullets = fields.yes_no(_("End with a list of the main points"), initial=True)
    language = fields.language()


class ProductDescription(Written):
    slug = "product-description"
    task = Task.MARKETING
    name = _("Product description")
    summary = _("Says what a product does for its buyers, with nothing made up.")
    words = _("shop, sell, advertisement, listing, marketing, write")
    Form = ProductDescriptionForm

    def ask(self, values: Values, material: str = "", *, is_notes: bool = False) -> Ask:
        facts = lines(
            [
                ("Product", values["product"]),
                ("Buyers", values["audience"]),
                ("Appears in", values["channel"]),
                ("Tone", values["tone"]),
                ("Length", f"about {values['words']} words"),
                ("Language", values["language"]),
            ]
        )
        end = " End with a bullet list of the main points." if values["bullets"] else ""
        return Ask(
            system=(
                "You write product descriptions that say in concrete words what a product does for "
                "its buyers. You write the description only."
            ),
            user=(
                "Describe this product. Claim nothing that is not said here: no prices, awards or "
                f"guarantees.\n{fenced(values['features'], 'notes')}\n{facts}\n\n"
                f"Write the description now.{end}"
            ),
        )
