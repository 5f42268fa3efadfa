"""Single fields of a request's body. All raise `Refused` for what does not fit."""

from typing import Any

from api.v1.refusals import Refused, invalid

_CAPS = ("max_completion_tokens", "max_tokens")
MOST_CHOICES = 128


def flag(body: dict[str, Any], name: str) -> bool:
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise wrong_type(name, "a boolean")
    return bool(value)


def whole_number(body: dict[str, Any], name: str, most: int, least: int = 1) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if type(value) is not int:
        raise wrong_type(name, "an integer")
    if not least <= value <= most:
        message = f"Invalid '{name}': expected a value from {least} to {most}."
        raise invalid(message, name, "integer_out_of_range")
    return value


def cap_of(body: dict[str, Any], least: int = 1) -> int | None:
    """Return the program's cap on the tokens of a choice, by whichever of its names."""
    given = [whole_number(body, name, 2**31 - 1, least) for name in _CAPS]
    return min((cap for cap in given if cap is not None), default=None)


def missing(name: str) -> Refused:
    return invalid(f"Missing required parameter: '{name}'.", name, "missing_required_parameter")


def wrong_type(name: str, expected: str) -> Refused:
    return invalid(f"Invalid type for '{name}': expected {expected}.", name, "invalid_type")


def empty_array(name: str) -> Refused:
    message = f"Invalid '{name}': empty array. Expected an array with minimum length 1."
    return invalid(message, name, "empty_array")
