"""Changes to the catalogue. Each is one transaction."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.db.models.functions import Greatest, Now
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Team
from accounts.rights import bump_rights
from boundary.encryption import UnreadableSecretError
from ops.audit.acts import Act
from ops.audit.changes import changes
from ops.audit.trail import record, record_each
from providers import catalogue
from providers.errors import ProviderError
from providers.models import Ability, Credential, ModelSpec, Provider
from providers.models.credential import ERASED
from providers.models.resting import Resting
from providers.names import free_name, free_names
from providers.rests import rest_of_key, rests_the_model

LONGEST_OVERLAP = dt.timedelta(days=30)
_USE_IS_NOTED_EVERY = dt.timedelta(minutes=1)
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
    record(Act.PROVIDER_ADDED, provider)
    if secret:
        store_credential(provider, secret)
    return provider


@transaction.atomic
def store_credential(
    provider: Provider, secret: str, *, name: str = "default", **settings: Any
) -> Credential:
    """Keep `secret` as the provider's credential `name`, in place of the one it had.

    It is sent to the provider's present origin only; after a move it has to be stored again. Calls
    already running go on with the old one. `settings` are those of `change_credential`. Raises
    `ValidationError`.
    """
    secret = _checked(secret)
    provider = Provider.objects.select_for_update().get(pk=provider.pk)
    credential = Credential.objects.filter(provider=provider, name=name, retires_at=None).first()
    if credential is None:
        credential = Credential(provider=provider, name=name)
    else:
        credential.replaced_at = timezone.now()
    changed = {} if credential.replaced_at is None else changes(credential, settings)
    for setting, value in settings.items():
        setattr(credential, setting, value)
    credential.rests_until, credential.rest_reason = None, ""
    _keep(credential, secret, provider)
    record(Act.CREDENTIAL_STORED, credential, provider=provider.name, **changed)
    return credential


@transaction.atomic
def change_credential(credential: Credential, **settings: Any) -> None:
    """Set what an administrator decides about a key: is_enabled, priority, weight, its limits."""
    stored = Credential.objects.select_for_update(no_key=True).filter(pk=credential.pk)
    for before in stored:
        if changed := changes(before, settings):
            stored.update(**settings)
            record(Act.CREDENTIAL_CHANGED, before, **changed)


@transaction.atomic
def delete_credentials(credentials: QuerySet[Credential]) -> None:
    """Delete keys; what they were used for stays in the ledger."""
    keys = list(credentials.select_for_update(of=("self",)).order_by("pk"))
    record_each(Act.CREDENTIAL_DELETED, keys)
    Credential.objects.filter(pk__in=[key.pk for key in keys]).delete()


@transaction.atomic
def rotate_credential(credential: Credential, secret: str, overlap: dt.timedelta) -> Credential:
    """Put a new key in the old one's place, which stays a fallback for `overlap`; return the new.

    Then the old one is never sent again, and its secret is erased. `credential` is the row as the
    administrator saw it: whoever comes second is told. Raises `ValidationError`.
    """
    secret = _checked(secret)
    if not dt.timedelta() <= overlap <= LONGEST_OVERLAP:
        raise ValidationError(_("The old key can go on for 30 days at most."), code="overlap")
    # As everybody who writes keys: the provider first, so that nobody waits in a circle.
    provider = Provider.objects.select_for_update().get(pk=credential.provider_id)
    seen = {"pk": credential.pk, "retires_at": None, "replaced_at": credential.replaced_at}
    old = Credential.objects.select_for_update(no_key=True).filter(**seen).first()
    if old is None:
        sentence = _("Somebody replaced this key in the meantime. Look at the list again.")
        raise ValidationError(sentence, code="replaced")
    if _is_same(old, secret):
        raise ValidationError(_("This key is already stored."), code="same")
    Credential.objects.filter(pk=old.pk).update(retires_at=Now() + overlap)
    same = ("name", "is_enabled", "priority", "weight", "max_streams", "requests_per_minute")
    new = Credential(provider=provider, **{field: getattr(old, field) for field in same})
    _keep(new, secret, provider)
    hours = round(overlap / dt.timedelta(hours=1), 1)
    record(Act.CREDENTIAL_ROTATED, new, former=str(old), overlap_hours=hours)
    if not overlap:
        erase_retired_secrets()
    return new


def erase_retired_secrets() -> int:
    """Erase the secrets of keys whose overlap is over; returns how many.

    The rows stay: the ledger's rows name them.
    """
    with transaction.atomic():
        to_erase = Credential.objects.to_erase()
        retired = list(to_erase.select_for_update(no_key=True, skip_locked=True))
        for credential in retired:
            credential.secret, credential.origin = "", ERASED
            credential.save(update_fields=["secret", "origin"])
        record_each(Act.CREDENTIAL_ERASED, retired)
    return len(retired)


def note_use(credential: Credential) -> None:
    """Write down that a key is used, once a minute at most. Joins a transaction."""
    last = credential.last_used_at
    if last is not None and timezone.now() - last < _USE_IS_NOTED_EVERY:
        return
    since = Q(last_used_at=None) | Q(last_used_at__lte=Now() - _USE_IS_NOTED_EVERY)
    Credential.objects.filter(since, pk=credential.pk).update(last_used_at=Now())


def rest_after(error: ProviderError, spec: ModelSpec, credential: Credential | None) -> None:
    """Let the key or the deployment of a failed call rest; a longer rest is never shortened.

    What runs on this computer never does, since nothing else could take its place.
    """
    if spec.provider.is_embedded:
        return
    if credential is not None:
        rest_key(error, credential)
    if spec.cool_down_seconds and rests_the_model(error):
        seconds = dt.timedelta(seconds=spec.cool_down_seconds)
        ModelSpec.objects.filter(pk=spec.pk).update(**_rest(seconds, error))


def rest_key(error: ProviderError, credential: Credential) -> None:
    """Let a refused key rest; one that was stored in its place meanwhile does not."""
    length = rest_of_key(error)
    if length and not credential.provider.is_embedded:
        same = Credential.objects.filter(pk=credential.pk, replaced_at=credential.replaced_at)
        same.update(**_rest(length, error))


@transaction.atomic
def wake(resting: Resting) -> None:
    """End the rest of a key or a deployment."""
    act = Act.CREDENTIAL_CHANGED if isinstance(resting, Credential) else Act.MODEL_CHANGED
    rows = type(resting)._default_manager.filter(pk=resting.pk)
    awake = {"rests_until": None, "rest_reason": ""}
    for before in rows.select_for_update(no_key=True):
        rows.update(**awake)
        if before.is_resting:
            record(act, before, **changes(before, awake))


def _rest(length: dt.timedelta, error: ProviderError) -> dict[str, Any]:
    """Return what to write so that a row rests until then, or for as long as it already does."""
    until = Now() + length
    longer = When(rests_until__gt=until, then=F("rest_reason"))
    return {
        "rest_reason": Case(longer, default=Value(error.kind)),
        "rests_until": Greatest("rests_until", until),
    }


def _checked(secret: str) -> str:
    secret = secret.strip()
    if not secret or not secret.isascii() or not secret.isprintable() or len(secret) > 4096:
        raise ValidationError(_("A key is one line of plain characters."), code="secret")
    return secret


def _is_same(credential: Credential, secret: str) -> bool:
    try:
        return credential.secret == secret
    except UnreadableSecretError:
        return False


def _keep(credential: Credential, secret: str, provider: Provider) -> None:
    credential.secret = secret
    credential.origin = provider.origin()
    credential.last_four = secret[-4:] if len(secret) >= _SHOWN_FROM else ""
    credential.save()


@transaction.atomic
def delete_provider(provider: Provider) -> None:
    """Delete a server with its keys and its models; of the default see `delete_models`."""
    # The provider first, as whoever starts an answer at it does: Django would begin with answers.
    is_there = list(Provider.objects.select_for_update().filter(pk=provider.pk))
    gone = _locked(ModelSpec.objects.filter(provider=provider))
    if is_there:
        record(Act.PROVIDER_DELETED, provider, models=len(gone))
    provider.delete()
    _inherit(gone)


@transaction.atomic
def add_model(provider: Provider, name: str, **fields: Any) -> ModelSpec:
    """Add a model to the catalogue, as an ordinary choice. Raises `ValidationError`."""
    given = {"label": name[:100], "public_name": free_name(provider, name), **fields}
    spec = ModelSpec(provider=provider, name=name, **given)
    spec.full_clean()
    spec.save(force_insert=True)
    record(Act.MODEL_ADDED, spec, provider=provider.name)
    return spec


@transaction.atomic
def delete_models(specs: QuerySet[ModelSpec]) -> None:
    """Take models out of the catalogue; in place of the default another becomes it, if one can."""
    gone = _locked(specs)
    record_each(Act.MODEL_DELETED, gone)
    ModelSpec.objects.filter(pk__in=[spec.pk for spec in gone]).delete()
    _inherit(gone)


def _locked(specs: QuerySet[ModelSpec]) -> list[ModelSpec]:
    """Lock models, so that what is set for one meanwhile is deleted too, or finds it gone.

    With the default all are locked, in the order of `set_default_model`: one of them inherits.
    """
    chosen = set(specs.values_list("pk", flat=True))
    rows = ModelSpec.objects.filter(pk__in=chosen)
    if rows.filter(is_default=True).exists():
        rows = ModelSpec.objects.all()
    locked = rows.select_for_update(no_key=True).order_by("pk")
    return [spec for spec in locked if spec.pk in chosen]


def _inherit(gone: Iterable[ModelSpec]) -> None:
    """Let new conversations begin with another model than one just deleted."""
    former = next((spec for spec in gone if spec.is_default), None)
    heir = ModelSpec.objects.for_everybody().first() if former else None
    if heir:
        ModelSpec.objects.filter(pk=heir.pk).update(is_default=True)
        record(Act.MODEL_MADE_DEFAULT, heir, instead_of=str(former))


@transaction.atomic
def add_models(provider: Provider, known: Mapping[str, Mapping[str, Any]]) -> list[ModelSpec]:
    """Add models by name with what is known of each, by as few statements as for one.

    Raises `ValidationError`, and `django.db.IntegrityError` where somebody just added one.
    """
    names = free_names(provider, known)
    specs = []
    for name, fields in known.items():
        given = {"label": name[:100], "public_name": names[name], **fields}
        specs.append(ModelSpec(provider=provider, name=name, **given))
        specs[-1].clean_fields(exclude=("provider",))  # which would be looked up for each
        specs[-1].clean()
    added = ModelSpec.objects.bulk_create(specs)
    record_each(Act.MODEL_ADDED, added, provider=provider.name)
    return added


@transaction.atomic
def limit_model(spec: ModelSpec, teams: Iterable[Team]) -> None:
    """Let only these teams use a model; everybody where there are none.

    Whoever could use it so far, and is in none of them, loses it. Raises
    `django.db.IntegrityError` for a team just deleted.
    """
    before, after = set(spec.teams.all()), set(teams)
    spec.teams.set(after)
    connection.check_constraints()
    if before != after:
        added, removed = len(after - before), len(before - after)
        record(Act.MODEL_CHANGED, spec, teams_added=added, teams_removed=removed)
    if after and (not before or before - after):
        bump_rights()


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
    if not chosen.is_default:
        former = next((str(row) for row in rows.values() if row.is_default), "")
        record(Act.MODEL_MADE_DEFAULT, chosen, instead_of=former)
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
            new = {each: getattr(prices, each) for each in catalogue.PRICES}
            if changed := changes(spec, new):
                done.changed.append(spec)
                record(Act.MODEL_CHANGED, spec, **changed)
            ModelSpec.objects.filter(pk=spec.pk).update(**asdict(prices))
    return done
