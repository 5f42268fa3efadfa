"""Changes to the catalogue. Each is one transaction."""

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from providers import catalogue
from providers.models import Ability, Credential, ModelSpec, Provider

_SHOWN_FROM = 12  # a shorter key would be given away by its last four


@transaction.atomic
def add_provider(
    name: str, base_url: str, *, secret: str = "", allow_private: bool = False, **fields: Any
) -> Provider:
    """Add a server, with its key where it has one. Raises `ValidationError`."""
    provider = Provider(
        name=name, base_url=base_url.rstrip("/"), allow_private=allow_private, **fields
    )
    provider.full_clean()
    provider.save(force_insert=True)
    if secret:
        store_credential(provider, secret)
    return provider


@transaction.atomic
def store_credential(provider: Provider, secret: str, *, name: str = "default") -> Credential:
    """Keep `secret` as the provider's credential `name`, in place of the one it had.

    It is sent to the provider's present origin only; after a move it has to be stored again. Calls
    already running go on with the old one. Raises `ValidationError`.
    """
    secret = secret.strip()
    if not secret or not secret.isascii() or not secret.isprintable() or len(secret) > 4096:
        raise ValidationError(_("A key is one line of plain characters."), code="secret")
    provider = Provider.objects.select_for_update().get(pk=provider.pk)
    credential = Credential.objects.filter(provider=provider, name=name).first()
    if credential is None:
        credential = Credential(provider=provider, name=name)
    else:
        credential.replaced_at = timezone.now()
    credential.secret = secret
    credential.origin = provider.origin()
    credential.last_four = secret[-4:] if len(secret) >= _SHOWN_FROM else ""
    credential.save()
    return credential


@transaction.atomic
def add_model(provider: Provider, name: str, **fields: Any) -> ModelSpec:
    """Add a model to the catalogue, as an ordinary choice. Raises `ValidationError`."""
    given = {"label": name[:100], "public_name": _free_name(provider, name), **fields}
    spec = ModelSpec(provider=provider, name=name, **given)
    spec.full_clean()
    spec.save(force_insert=True)
    return spec


def _free_name(provider: Provider, name: str) -> str | None:
    """Return what programs may call a new model: its name, where that is free."""
    names = [name, f"{slugify(provider.name) or 'provider'}/{name}"]
    taken = ModelSpec.objects.filter(public_name__in=names).values_list("public_name", flat=True)
    return next((each for each in names if len(each) <= 200 and each not in set(taken)), None)


@transaction.atomic
def set_default_model(spec: ModelSpec) -> None:
    """Make `spec` the model that new conversations begin with. Raises `ValidationError`."""
    # In one order for everybody, so that two at once wait instead of locking each other out.
    rows = {row.pk: row for row in ModelSpec.objects.select_for_update().order_by("pk")}
    chosen = rows.get(spec.pk)
    if chosen is None:
        raise ValidationError(_("This model was deleted."), code="deleted")
    refuse_as_default(
        is_enabled=chosen.is_enabled,
        is_listed=chosen.is_listed,
        abilities=chosen.abilities,
        has_teams=chosen.teams.exists(),
    )
    ModelSpec.objects.filter(is_default=True).exclude(pk=spec.pk).update(is_default=False)
    ModelSpec.objects.filter(pk=spec.pk).update(is_default=True)
    spec.is_default = True


def refuse_as_default(
    *, is_enabled: bool, is_listed: bool, abilities: Collection[str], has_teams: bool
) -> None:
    """Say why a model cannot be what everybody's new conversations begin with, where it cannot.

    Raises `ValidationError` with a sentence for each field that is in the way.
    """
    found = {}
    if not is_enabled:
        found["is_enabled"] = _("The default model has to be enabled.")
    if not is_listed:
        found["is_listed"] = _("The default model has to be offered.")
    if Ability.CHAT not in abilities:
        found["abilities"] = _("The default model has to be able to chat.")
    if has_teams:
        found["teams"] = _("The default model has to be for everybody.")
    if found:
        raise ValidationError(found)


@dataclass
class LookedUp:
    """What came of looking up prices: models whose price changed, is unknown, was left alone."""

    changed: list[ModelSpec] = field(default_factory=list)
    unknown: list[ModelSpec] = field(default_factory=list)
    by_hand: list[ModelSpec] = field(default_factory=list)


@transaction.atomic
def look_up_prices(specs: Iterable[ModelSpec], *, even_by_hand: bool) -> LookedUp:
    """Write the snapshot's prices into these models, where it knows them.

    Prices that an administrator wrote stay unless `even_by_hand`.
    """
    done = LookedUp()
    chosen = ModelSpec.objects.filter(pk__in=[spec.pk for spec in specs])
    for spec in chosen.select_related("provider").select_for_update(of=("self",)).order_by("pk"):
        prices = catalogue.prices(spec.name, spec.provider.base_url)
        if prices is None:
            done.unknown.append(spec)
        elif spec.price_source == catalogue.BY_HAND and not even_by_hand:
            done.by_hand.append(spec)
        else:
            if any(getattr(spec, each) != getattr(prices, each) for each in catalogue.PRICES):
                done.changed.append(spec)
            ModelSpec.objects.filter(pk=spec.pk).update(**asdict(prices))
    return done


def wake_model(spec: ModelSpec) -> None:
    """End a model's rest: the next call goes to it again."""
    ModelSpec.objects.filter(pk=spec.pk).update(rests_until=None, rest_reason="")
