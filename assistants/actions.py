"""What a person does with their saved prompts. Each verb is one transaction.

All raise `ValidationError` with sentences safe to show, keyed by field where one is to blame.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.models import User
from assistants.models import LONGEST_COMMAND, LONGEST_NAME, SavedPrompt
from assistants.variables import fill, filled_length, variables

LONGEST_TEXT = 100_000  # code points
LONGEST_FILLED = 200_000
MOST_VARIABLES = 20
MOST_PROMPTS = 1000

_COMMAND = re.compile(r"[\w-]+")


def save_prompt(owner: User, *, name: str, text: str, command: str = "") -> SavedPrompt:
    """Keep a prompt; without a `command` one is made from the name."""
    fields = _clean(name=name, text=text, command=command)
    with _command_told_if_taken():
        User.objects.select_for_update(no_key=True).get(pk=owner.pk)
        if SavedPrompt.objects.visible_to(owner).count() >= MOST_PROMPTS:
            raise ValidationError(
                _("You have %(most)d prompts. Delete one before you save another."),
                code="too_many",
                params={"most": MOST_PROMPTS},
            )
        fields["command"] = fields["command"] or _free_command(owner, fields["name"])
        return SavedPrompt.objects.create(owner=owner, **fields)


def change_prompt(prompt: SavedPrompt, *, name: str, text: str, command: str) -> None:
    """Change a prompt; an empty `command` leaves the one it has."""
    fields = _clean(name=name, text=text, command=command or prompt.command)
    with _command_told_if_taken():
        SavedPrompt.objects.filter(pk=prompt.pk).update(**fields, updated_at=Now())


def delete_prompt(prompt: SavedPrompt) -> None:
    """Forget a prompt; what was made from it stays."""
    prompt.delete()


def fill_prompt(prompt: SavedPrompt, values: Mapping[str, str]) -> str:
    """Return the prompt's text with `values` in it, ready for the composer."""
    missing = {
        variable.name: ValidationError(
            _("Fill in “%(name)s”."), code="required", params={"name": variable.name}
        )
        for variable in prompt.variables
        if variable.is_required and not values.get(variable.name, "").strip()
    }
    if missing:
        raise ValidationError(missing)
    if filled_length(prompt.text, values) > LONGEST_FILLED:
        raise ValidationError(
            _("Filled in, the prompt is longer than %(most)d characters."),
            code="too_long",
            params={"most": LONGEST_FILLED},
        )
    return _text(fill(prompt.text, values))


def _clean(*, name: str, text: str, command: str) -> dict[str, str]:
    """Return the fields as they are kept, or raise one error with all that is wrong."""
    errors: dict[str, ValidationError] = {}
    fields = {}
    for field, clean, value in (
        ("name", _name, name),
        ("command", _command, command),
        ("text", _prompt_text, text),
    ):
        try:
            fields[field] = clean(value)
        except ValidationError as error:
            errors[field] = error
    if errors:
        raise ValidationError(errors)
    return fields


def _name(name: str) -> str:
    name = " ".join(_text(name).split())
    if not name:
        raise ValidationError(_("Give the prompt a name."), code="empty")
    if len(name) > LONGEST_NAME:
        raise ValidationError(
            _("A name has at most %(most)d characters."),
            code="too_long",
            params={"most": LONGEST_NAME},
        )
    return name


def _command(command: str) -> str:
    command = _text(command).strip().removeprefix("/").lower()
    if command and (len(command) > LONGEST_COMMAND or not _COMMAND.fullmatch(command)):
        raise ValidationError(
            _("A command is at most %(most)d letters, digits, hyphens and underscores."),
            code="no_command",
            params={"most": LONGEST_COMMAND},
        )
    return command


def _prompt_text(text: str) -> str:
    text = _text(text).strip()
    if not text:
        raise ValidationError(_("Write the prompt."), code="empty")
    if len(text) > LONGEST_TEXT:
        raise ValidationError(
            _("The prompt is too long: %(length)d of at most %(most)d characters."),
            code="too_long",
            params={"length": len(text), "most": LONGEST_TEXT},
        )
    if len(variables(text)) > MOST_VARIABLES:
        raise ValidationError(
            _("A prompt has at most %(most)d variables."),
            code="too_many_variables",
            params={"most": MOST_VARIABLES},
        )
    return text


def _text(text: str) -> str:
    """Refuse what Postgres and the wire cannot carry: NUL and lone surrogates."""
    no_text = ValidationError(_("This holds characters that are no text."), code="no_text")
    if "\x00" in text:
        raise no_text
    try:
        text.encode()
    except UnicodeEncodeError:
        raise no_text from None
    return text.replace("\r\n", "\n")


def _free_command(owner: User, name: str) -> str:
    """Make a command of a name; a number follows where the person has it already."""
    base = "-".join(re.findall(r"\w+", name.lower()))[: LONGEST_COMMAND - 5].strip("-") or "prompt"
    taken = set(
        SavedPrompt.objects.visible_to(owner)
        .filter(command__startswith=base)
        .values_list("command", flat=True)
    )
    numbered = (f"{base}-{number}" for number in range(2, MOST_PROMPTS + 2))
    return next(command for command in (base, *numbered) if command not in taken)


@contextmanager
def _command_told_if_taken() -> Iterator[None]:
    """One transaction, whose breach of "one prompt per command" is told at the command's field."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError:
        taken = ValidationError(_("You have another prompt under this command."), code="taken")
        raise ValidationError({"command": taken}) from None
