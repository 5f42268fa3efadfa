"""What a version of a recipe holds, and what is refused in it."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from generator.models import LONGEST_NAME, LONGEST_SUMMARY, RecipeVersion
from generator.own_variables import Variable, checked, is_text, used_in
from generator.recipes.base import Kind, Task

LONGEST_PROMPT = 200_000  # code points
LONGEST_INSTRUCTIONS = 50_000
MOST_VARIABLES = 40
HOTTEST = 2.0
KINDS = (Kind.MARKDOWN, Kind.PLAIN)


@dataclass(frozen=True, slots=True)
class Content:
    """All that a version holds but its number and author."""

    name: str = ""
    prompt: str = ""
    summary: str = ""
    task: str = Task.WRITE
    instructions: str = ""
    kind: str = Kind.MARKDOWN
    temperature: float | None = None
    variables: tuple[Variable, ...] = ()

    @classmethod
    def of(cls, version: RecipeVersion) -> Self:
        return cls(
            name=version.name,
            prompt=version.prompt,
            summary=version.summary,
            task=version.task,
            instructions=version.instructions,
            kind=version.kind,
            temperature=version.temperature,
            variables=tuple(Variable.read(kept) for kept in version.variables),
        )

    def columns(self) -> dict[str, Any]:
        """Return it as the columns of a version."""
        columns = {name: getattr(self, name) for name in self.__slots__ if name != "variables"}
        return columns | {"variables": [variable.kept() for variable in self.variables]}

    def unsaved(self) -> RecipeVersion:
        """Return a version of no recipe, to look at."""
        return RecipeVersion(**self.columns())


def place(number: int, name: str) -> str:
    """Return what errors call a variable's field: `number` counts from 0."""
    return f"variables-{number}-{name}"


def checked_content(content: Content) -> Content:
    """Return it as it is kept.

    Raises one `ValidationError` with all that is wrong, keyed by field; for those of a variable see
    `place`.
    """
    errors: dict[str, Any] = {}
    prompt, instructions = _lines(content.prompt), _lines(content.instructions)
    errors |= dict(_wrong_texts(content, prompt, instructions))
    errors |= _wrong_choices(content)
    clean = []
    for number, variable in enumerate(content.variables):
        try:
            clean.append(checked(variable))
        except ValidationError as error:
            errors |= {place(number, name): each for name, each in error.error_dict.items()}
    if "prompt" not in errors and len(clean) == len(content.variables):
        errors |= _wrong_names(clean, prompt, instructions)
    if errors:
        raise ValidationError(errors)
    return Content(
        name=" ".join(content.name.split()),
        prompt=prompt,
        summary=" ".join(content.summary.split()),
        task=content.task,
        instructions=instructions,
        kind=content.kind,
        temperature=content.temperature,
        variables=tuple(clean),
    )


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _wrong_texts(
    content: Content, prompt: str, instructions: str
) -> Iterator[tuple[str, ValidationError]]:
    if not content.name.strip():
        yield "name", ValidationError(_("Give the recipe a name."), code="empty")
    if not prompt:
        yield "prompt", ValidationError(_("Write the prompt."), code="empty")
    for field, text, most in (
        ("name", content.name, LONGEST_NAME),
        ("summary", content.summary, LONGEST_SUMMARY),
        ("instructions", instructions, LONGEST_INSTRUCTIONS),
        ("prompt", prompt, LONGEST_PROMPT),
    ):
        if not is_text(text):
            no_text = _("This holds characters that are no text.")
            yield field, ValidationError(no_text, code="no_text")
        elif len(text) > most:
            yield (
                field,
                ValidationError(
                    _("This is too long: %(length)d of at most %(most)d characters."),
                    code="too_long",
                    params={"length": len(text), "most": most},
                ),
            )


def _wrong_choices(content: Content) -> dict[str, str]:
    errors: dict[str, str] = {}
    if content.task not in Task:
        errors["task"] = _("Choose what the recipe is for.")
    if content.kind not in KINDS:
        errors["kind"] = _("Choose what the result is.")
    heat = content.temperature
    if heat is not None and not (math.isfinite(heat) and 0 <= heat <= HOTTEST):
        errors["temperature"] = _("A temperature is between 0 and 2.")
    if len(content.variables) > MOST_VARIABLES:
        errors["variables"] = _("A recipe has at most %d variables.") % MOST_VARIABLES
    return errors


def _wrong_names(clean: Sequence[Variable], prompt: str, instructions: str) -> dict[str, Any]:
    """Return which names stand twice, are asked for and not used, or used and not asked for."""
    errors: dict[str, Any] = {}
    used = [each.name for each in used_in(prompt, instructions)]
    if len(used) > MOST_VARIABLES:
        return {"prompt": _("A recipe has at most %d variables.") % MOST_VARIABLES}
    seen: set[str] = set()
    for number, variable in enumerate(clean):
        if variable.name in seen:
            errors[place(number, "name")] = _("Another variable has this name.")
        elif variable.name not in used:
            errors[place(number, "name")] = _(
                "Neither prompt nor instructions use {{%s}}. Write it there, or remove it here."
            ) % (variable.name)
        seen.add(variable.name)
    if unknown := [f"{{{{{name}}}}}" for name in used if name not in seen]:
        errors["prompt"] = _(
            "Nothing asks for %s. Add a variable of this name, or find the variables in the prompt."
        ) % ", ".join(unknown)
    return errors
