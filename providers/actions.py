"""Changes to the catalogue. Each is one transaction."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from providers.models import Credential, ModelSpec, Provider

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
    if chosen is None or not chosen.is_enabled:
        raise ValidationError(_("Only an enabled model can be the default."), code="disabled")
    ModelSpec.objects.filter(is_default=True).exclude(pk=spec.pk).update(is_default=False)
    ModelSpec.objects.filter(pk=spec.pk).update(is_default=True)
    spec.is_default = True
