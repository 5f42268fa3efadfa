"""Who acts, by what and from where, as far as this task or thread knows."""

from contextvars import ContextVar
from dataclasses import dataclass

from django.http import HttpRequest


@dataclass(frozen=True)
class Acting:
    """A request with the address of its client, or a command by its name, or the house itself."""

    request: HttpRequest | None = None
    address: str | None = None
    command: str = ""


_HOUSE = Acting()
_acting: ContextVar[Acting] = ContextVar("acting", default=_HOUSE)


def acting() -> Acting:
    return _acting.get()


def acts_by(who: Acting) -> None:
    """Say who does what is done from here on."""
    _acting.set(who)


def acts_no_more() -> None:
    """What follows is done by the house."""
    _acting.set(_HOUSE)
