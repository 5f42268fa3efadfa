"""Names that nothing else has yet: what new models and keys are called to begin with."""

from collections.abc import Iterable

from django.utils.text import slugify

from providers.models import Credential, ModelSpec, Provider


def free_name(provider: Provider, name: str) -> str | None:
    """Return what programs may call a new model: its name, where that is free."""
    return free_names(provider, [name])[name]


def free_names(provider: Provider, names: Iterable[str]) -> dict[str, str | None]:
    """Return what programs may call each of some new models, as `free_name` has it."""
    beginning = slugify(provider.name) or "provider"
    wanted = {name: (name, f"{beginning}/{name}") for name in names}
    all_wanted = [each for pair in wanted.values() for each in pair]
    found = ModelSpec.objects.filter(public_name__in=all_wanted)
    taken = set(found.values_list("public_name", flat=True))
    free: dict[str, str | None] = {}
    for name, pair in wanted.items():
        free[name] = next((e for e in pair if len(e) <= 200 and e not in taken), None)
        taken.add(free[name])
    return free


def free_key_name(provider: Provider) -> str:
    """Return a name that none of the provider's keys has, to begin with."""
    keys = Credential.objects.filter(provider=provider, retires_at=None)
    taken = set(keys.values_list("name", flat=True))
    names = ("default", *(f"key {number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)
