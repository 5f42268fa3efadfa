"""Text as the database can keep it."""

from typing import Any


def storable(text: str) -> str:
    """Return `text` without NUL and half surrogate pairs, which are in place of what they were."""
    if has_surrogates(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text.replace("\0", "\ufffd")


def all_storable(value: Any) -> Any:
    """Return `value`, what JSON can hold, with each text in it made storable."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [all_storable(each) for each in value]
    if isinstance(value, dict):
        return {storable(key): all_storable(each) for key, each in value.items()}
    return value


def has_surrogates(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
