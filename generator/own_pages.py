"""What the pages of own recipes show."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

from django.core.exceptions import ValidationError
from django.core.paginator import Page
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from generator.models import OwnRecipe, RecipeVersion
from generator.models.own import is_administrator
from generator.own import LONGEST_FILLED, Own
from generator.own_content import Content
from generator.own_forms import Editor, VariableForm
from generator.own_variables import Asks, Variable, checked, used_in
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
        """Make it of what can be read. A variable that would be refused is not in the form; in what
        is sent it stands by its name.
        """
        content = editor.content()
        good = {variable.name: variable for variable in _good(content)}
        used = used_in(content.prompt, content.instructions)
        others = [each for each in used if each.name not in good]
        written = {" ".join(each.name.split()) for each in content.variables}
        asked = Own(_version(content, good.values()))
        sent = Own(_version(content, [*good.values(), *others]))
        filled = sent.gaps()
        is_short = sent.filled_length(filled) <= LONGEST_FILLED
        return cls(
            form=asked.Form(initial=asked.examples(), auto_id="preview_%s"),
            ask=sent.ask(filled) if is_short else None,
            unknown=[each.name for each in others if each.name not in written],
        )

    @property
    def system(self) -> str:
        return _beginning(self.ask.system) if self.ask else ""

    @property
    def user(self) -> str:
        return _beginning(self.ask.user) if self.ask else ""


def _version(content: Content, variables: Iterable[Variable]) -> RecipeVersion:
    """Return what a preview is made of: nothing else could be wrong in it."""
    return Content(
        name=content.name,
        prompt=content.prompt,
        instructions=content.instructions,
        variables=tuple(variables),
    ).unsaved()


def _good(content: Content) -> Iterator[Variable]:
    for variable in content.variables:
        try:
            yield checked(variable)
        except ValidationError:
            continue


def _beginning(text: str) -> str:
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"


@dataclass(frozen=True)
class Saved:
    """A version in a list; `changed` are the parts in which it differs from the one before it."""

    version: RecipeVersion
    changed: list[str]


def saved(page: Page[RecipeVersion]) -> list[Saved]:
    """Return a page of listed versions, the newest first."""
    start, end = page.start_index() - 1, page.end_index()
    found = list(page.paginator.object_list[start : end + 1])
    pairs = zip_longest(found[: end - start], found[1:])
    return [Saved(new, _changed(old, new) if old else []) for new, old in pairs]


def _changed(old: RecipeVersion, new: RecipeVersion) -> list[str]:
    told = {
        "name": _("Name"),
        "summary": _("In one sentence"),
        "task": _("What it is for"),
        "prompt_print": _("Prompt"),
        "instructions_print": _("Instructions"),
        "kind": _("The result is"),
        "temperature": _("Temperature"),
        "variables_print": _("Variables"),
    }
    return [words for name, words in told.items() if getattr(old, name) != getattr(new, name)]


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
    """Return a variable in one line, in the words of its row in the editor."""
    told = [str(Asks(variable.asks).label)]
    if variable.is_required:
        told.append(_("must be filled in"))
    for name in ("label", "help", "default", "example"):
        if value := getattr(variable, name):
            told.append(f"{VariableForm.base_fields[name].label}: {value}")
    if variable.options:
        told.append(_("Choices: %s") % " / ".join(variable.options))
    for name, number in (("least", variable.least), ("most", variable.most)):
        if number is not None:
            told.append(f"{VariableForm.base_fields[name].label}: {number:g}")
    return " ".join(f"{{{{{variable.name}}}}}: {'; '.join(told)}".split())


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
