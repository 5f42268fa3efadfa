"""Recipes of one's own, as tests make them."""

from typing import Any

from accounts.models import Team, User
from generator.models import OwnRecipe
from generator.own_actions import create_recipe, share_recipe
from generator.own_content import Content
from generator.own_variables import Variable

PROMPT = "Write {{what}} in a {{tone}} way."


def content(**fields: Any) -> Content:
    """A letter with something to write about and a tone to choose."""
    given: dict[str, Any] = {
        "name": "Polite mail",
        "summary": "A mail that nobody minds.",
        "prompt": PROMPT,
        "instructions": "You write mails.",
        "variables": (
            Variable("what", label="What it is about", example="a late parcel"),
            Variable("tone", asks="choice", options=("warm", "formal"), default="warm"),
        ),
    }
    return Content(**{**given, **fields})


def make_recipe(owner: User, **fields: Any) -> OwnRecipe:
    return create_recipe(owner, content(**fields))


def make_team(*members: User, name: str = "Kitchen") -> Team:
    team = Team.objects.create(name=name)
    team.members.set(members)
    return team


def shared_with_team(owner: User, *others: User, team: str = "Kitchen", **fields: Any) -> OwnRecipe:
    recipe = make_recipe(owner, **fields)
    share_recipe(recipe, owner, team=make_team(owner, *others, name=team))
    recipe.refresh_from_db()
    return recipe


def for_everybody(admin: User, **fields: Any) -> OwnRecipe:
    recipe = make_recipe(admin, **fields)
    share_recipe(recipe, admin, is_for_everybody=True)
    recipe.refresh_from_db()
    return recipe


def typed(rows: list[dict[str, Any]] | None = None, **fields: Any) -> dict[str, Any]:
    """What the page of a recipe posts."""
    first = {"name": "what", "asks": "line", "is_required": "on", "example": "a late parcel"}
    rows = [first] if rows is None else rows
    sent = {
        "name": "Polite mail",
        "summary": "",
        "task": "write",
        "prompt": "Write {{what}}.",
        "instructions": "",
        "kind": "markdown",
        "temperature": "",
        "variables-TOTAL_FORMS": len(rows),
        "variables-INITIAL_FORMS": 0,
    }
    for number, row in enumerate(rows):
        sent |= {f"variables-{number}-{name}": value for name, value in row.items()}
    return sent | fields
