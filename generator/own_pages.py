"""What the pages of own recipes show."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from generator.models import OwnRecipe, RecipeVersion
from generator.models.own import is_administrator
from generator.own import LONGEST_FILLED, Own
from generator.own_content import Content
from generator.own_forms import Editor
from generator.own_variables import Variable, checked, used_in
from generator.recipes.base import Ask, RecipeForm, Words

SHOWN = 6000  # code points of a filled prompt
MOST_SHOWN = 200  # recipes of a group
MOST_LINES = 300  # that are compared one by one: what it costs grows with their square


@dataclass(frozen=True)
class Group:
    """Recipes that people made, in the gallery."""

    key: str
    name: Words
    recipes: list[OwnRecipe]
    can_change: bool = False


def groups(user: User, query: str = "") -> list[Group]:
    """Return the recipes `user` may use: their own, those of their teams, everybody's."""
    found = OwnRecipe.objects.visible_to(user).matching(query).listed()
    own = found.filter(owner=user, is_for_everybody=False)
    teams = found.exclude(owner=user).filter(is_for_everybody=False)
    everybody = found.filter(is_for_everybody=True)
    named = (
        Group("own", gettext_lazy("Yours"), _some(own), can_change=True),
        Group("teams", gettext_lazy("Of your teams"), _some(teams)),
        Group(
            "everybody",
            gettext_lazy("For everybody here"),
            _some(everybody),
            can_change=is_administrator(user),
        ),
    )
    return [group for group in named if group.recipes]


def _some(recipes: Any) -> list[OwnRecipe]:
    return list(recipes.order_by("current__name", "pk")[:MOST_SHOWN])


@dataclass(frozen=True)
class Preview:
    """A recipe that is being written, as people will see it, and what the example sends."""

    form: RecipeForm
    ask: Ask | None
    unknown: list[str]

    @classmethod
    def of(cls, editor: Editor) -> "Preview":
        """Make it of what can be read; a variable that would be refused is left out."""
        content = editor.content()
        good = {variable.name: variable for variable in _good(content)}
        version = Content(
            name=content.name,
            prompt=content.prompt,
            instructions=content.instructions,
            variables=tuple(good.values()),
        ).unsaved()
        recipe = Own(version)
        examples = recipe.examples()
        is_short = recipe.filled_length(examples) <= LONGEST_FILLED
        used = used_in(version.prompt, version.instructions)
        return cls(
            form=recipe.Form(initial=examples, auto_id="preview_%s"),
            ask=recipe.ask(examples) if is_short else None,
            unknown=[each.name for each in used if each.name not in good],
        )

    @property
    def system(self) -> str:
        return _beginning(self.ask.system) if self.ask else ""

    @property
    def user(self) -> str:
        return _beginning(self.ask.user) if self.ask else ""


def _good(content: Content) -> Iterator[Variable]:
    for variable in content.variables:
        try:
            yield checked(variable)
        except ValidationError:
            continue


def _beginning(text: str) -> str:
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"


@dataclass(frozen=True)
class Difference:
    """What became of a version's part in another: its lines, each with "-", "+" or a space."""

    name: str
    lines: list[tuple[str, str]]


def differences(old: RecipeVersion, new: RecipeVersion) -> list[Difference]:
    """Return the parts that differ."""
    before, after = parts(old), parts(new)
    return [
        Difference(name, list(_compared(before[name].splitlines(), text.splitlines())))
        for name, text in after.items()
        if text != before[name]
    ]


def parts(version: RecipeVersion) -> dict[str, str]:
    """Return all that a version holds as texts, by what they are called."""
    heat = version.temperature
    return {
        _("Name"): version.name,
        _("In one sentence"): version.summary,
        _("What it is for"): version.get_task_display(),
        _("Prompt"): version.prompt,
        _("Instructions"): version.instructions,
        _("The result is"): version.get_kind_display(),
        _("Temperature"): "" if heat is None else f"{heat:g}",
        _("Variables"): "\n".join(map(_described, Own(version).variables)),
    }


def _described(variable: Variable) -> str:
    """Return a variable in one line, all that differs from what variables mostly are."""
    told = {name: value for name, value in variable.kept().items() if value not in ("", [], None)}
    rest = ", ".join(f"{name}: {value}" for name, value in told.items() if name != "name")
    return f"{{{{{variable.name}}}}} {rest}".replace("\n", " ")


def _compared(old: list[str], new: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the lines of both. Those at the beginning and the end that are the same cost nothing,
    and what is left is taken as changed as a whole where it is long.
    """
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    yield from ((" ", line) for line in old[:start])
    yield from _middle(old[start : len(old) - end], new[start : len(new) - end])
    yield from ((" ", line) for line in old[len(old) - end :])


def _middle(old: list[str], new: list[str]) -> Iterator[tuple[str, str]]:
    places: Sequence[tuple[str, int, int, int, int]] = [("replace", 0, len(old), 0, len(new))]
    if max(len(old), len(new)) <= MOST_LINES:
        places = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    for tag, old_start, old_end, new_start, new_end in places:
        if tag == "equal":
            yield from ((" ", line) for line in old[old_start:old_end])
        else:
            yield from (("-", line) for line in old[old_start:old_end])
            yield from (("+", line) for line in new[new_start:new_end])
