"""What a program says to use a key: examples to copy."""

from dataclasses import dataclass

from django.conf import settings

from accounts.models import ApiKey, Endpoint
from api.reference.calls import Call, calls_of
from api.reference.operations import OPERATIONS
from providers.models import Ability, ModelSpec

_OF = {operation.endpoint: operation for operation in OPERATIONS}


@dataclass(frozen=True)
class Samples:
    """The address of the API, and the same call from a shell and by the official packages."""

    base_url: str
    calls: list[Call]


def base_url() -> str:
    """Return the address that programs are given."""
    return f"{settings.PUBLIC_URL}/v1"


def samples_for(key: ApiKey) -> Samples:
    """Return a first call that `key` can make: a chat where it can, else the list of models."""
    chats = ModelSpec.objects.open_to(key).able_to(Ability.CHAT)
    name = chats.values_list("public_name", flat=True).first()
    can_chat = name is not None and key.opens(Endpoint.CHAT)
    operation = _OF[Endpoint.CHAT if can_chat else Endpoint.MODELS]
    return Samples(base_url(), calls_of(operation, base_url(), name or ""))
