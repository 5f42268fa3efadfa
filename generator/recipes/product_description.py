"""A text that sells a product without making things up."""

from django.utils.translation import gettext_lazy as _

from generator.recipes import fields
from generator.recipes.base import Ask, Recipe, RecipeForm, Task, Values
from generator.recipes.prompting import fenced, lines

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


class ProductDescription(Recipe):
    slug = "product-description"
    task = Task.MARKETING
    name = _("Product description")
    summary = _("Says what a product does for its buyers, with nothing made up.")
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
                "You write product descriptions. You say what the product does for its buyers, in "
                "concrete words, and claim nothing that was not given: no prices, awards or "
                "guarantees. You write the description only."
            ),
            user=(
                f"Write the description of a product.{end}\n{facts}\nWhat it is and can:\n"
                f"{fenced(values['features'], 'notes')}"
            ),
            temperature=0.7,
        )
