"""Keys for programs: made, changed, rotated, revoked, and known again when they are used.

A secret is 256 random bits behind a beginning that says whose it is. Only its HMAC-SHA256 is kept,
so that neither a copy of the database nor an administrator can use it.
"""

import datetime as dt
import hmac
import re
import secrets
import uuid
from dataclasses import asdict, dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts import errors
from accounts.models import ApiKey, ApiKeyPepper, User
from accounts.rights import bump_rights
from ops.audit.acts import Act
from ops.audit.changes import differing
from ops.audit.trail import record

BEGINNING = "sk-causerie-"
MOST_WORKING = 100  # keys of one person
USE_NOTED_EVERY = dt.timedelta(minutes=1)
_SHOWN = len(BEGINNING) + 4
_SECRET = re.compile(re.escape(BEGINNING) + r"[A-Za-z0-9_-]{43}")
_pepper = b""  # as this process read it last


@dataclass(frozen=True)
class Scope:
    """What narrows a key: see `ApiKey`."""

    endpoints: tuple[str, ...] = ()
    model_names: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    expires_at: dt.datetime | None = None


@transaction.atomic
def issue_key(
    owner: User,
    name: str,
    scope: Scope = Scope(),
    made_by: User | None = None,
    client_id: uuid.UUID | None = None,
) -> tuple[ApiKey, str]:
    """Make a key for `owner`; returns it with its secret, which is never to be had again.

    A page that asks twice with the same `client_id` gets no second key. Raises `KeyMade` then,
    `TooManyKeys` and `OwnerSuspended`.
    """
    # Two at once count each other; as makers they may name each other's owners all the same.
    owner = User.objects.select_for_update(no_key=True).get(pk=owner.pk)
    # The id is the owner's own, so that nobody can take that of somebody else's key.
    pk = uuid.uuid5(owner.pk, str(client_id)) if client_id else uuid.uuid4()
    if made := ApiKey.objects.of(owner).filter(pk=pk).first():
        raise errors.KeyMade(made)
    if not owner.is_active:
        raise errors.OwnerSuspended
    if ApiKey.objects.of(owner).working().count() >= MOST_WORKING:
        raise errors.TooManyKeys
    key = ApiKey(pk=pk, owner=owner, made_by=made_by or owner, name=name)
    secret = _new_secret()
    _narrow(key, scope)
    _give(key, secret)
    key.save(force_insert=True)
    record(Act.KEY_ISSUED, key, owner=owner.pk, **_changes(Scope(), scope))
    return key, secret


@transaction.atomic
def change_key(key: ApiKey, name: str, scope: Scope) -> None:
    """Rename a key and set what it opens. Raises `KeyRevoked`."""
    locked = _working(key)
    changes = _changes(_scope_of(locked), scope, renamed=locked.name != name)
    locked.name = name
    _narrow(locked, scope)
    locked.save(update_fields=["name", "endpoints", "model_names", "networks", "expires_at"])
    if changes:
        record(Act.KEY_CHANGED, locked, owner=locked.owner_id, **changes)
    bump_rights()


@transaction.atomic
def rotate_key(key: ApiKey, overlap: dt.timedelta) -> str:
    """Give a key another secret, and return it; the former one works for `overlap` longer.

    One that was still working from an earlier rotation ends. `key` is the row as it was seen:
    whoever comes second is told. Raises `KeyRevoked` and `KeyRotated`.
    """
    locked, secret = _working(key), _new_secret()
    if locked.rotated_at != key.rotated_at:
        raise errors.KeyRotated
    _forget_former(locked)
    if overlap > dt.timedelta():
        locked.former_digest, locked.former_last_four = locked.digest, locked.last_four
        locked.former_until = timezone.now() + overlap
    locked.rotated_at = timezone.now()
    _give(locked, secret)
    locked.save()
    until: dict[str, Any] = {}
    if locked.former_until:
        until["former_until"] = locked.former_until
    record(Act.KEY_ROTATED, locked, owner=locked.owner_id, **until)
    bump_rights()
    return secret


@transaction.atomic
def end_former(key: ApiKey) -> None:
    """End the former secret of a rotated key now. Raises `KeyRevoked`."""
    locked = _working(key)
    if locked.former_digest is None:
        return
    _forget_former(locked)
    locked.save(update_fields=["former_digest", "former_until", "former_last_four"])
    record(Act.KEY_FORMER_ENDED, locked, owner=locked.owner_id)
    bump_rights()


@transaction.atomic
def revoke_key(key: ApiKey) -> None:
    """End a key for good: its next request is refused, and within a second what it streams."""
    if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=Now()):
        record(Act.KEY_REVOKED, key, owner=key.owner_id)
        bump_rights()


def authenticate(secret: str, address: str | None) -> ApiKey:
    """Return the key that `secret` opens for a client at `address`, with its owner.

    Raises an `ApiKeyRefused`. Only who has the secret is told more than that it is unknown.
    """
    key = _find(secret) if _SECRET.fullmatch(secret) else None
    if key is None:
        raise errors.UnknownKey
    check_opens(key, address)
    return key


def check_opens(key: ApiKey, address: str | None) -> None:
    """Raise the `ApiKeyRefused` that says why a key opens nothing to a client at `address`."""
    if key.revoked_at is not None:
        raise errors.KeyRevoked
    if key.is_expired:
        raise errors.KeyExpired
    if not key.owner.is_active:
        raise errors.OwnerSuspended
    if not _is_within(address, key.networks):
        raise errors.AddressNotAllowed


def note_use(key: ApiKey, address: str | None) -> None:
    """Keep when and from where a key was last used; once a minute is enough."""
    if key.last_used_at and timezone.now() - key.last_used_at < USE_NOTED_EVERY:
        return
    ApiKey.objects.filter(
        Q(last_used_at=None) | Q(last_used_at__lt=Now() - USE_NOTED_EVERY), pk=key.pk
    ).update(last_used_at=Now(), last_used_from=address)


def _working(key: ApiKey) -> ApiKey:
    locked = ApiKey.objects.select_for_update().get(pk=key.pk)
    if locked.revoked_at is not None:
        raise errors.KeyRevoked
    return locked


def _forget_former(key: ApiKey) -> None:
    key.former_digest = key.former_until = None
    key.former_last_four = ""


def _narrow(key: ApiKey, scope: Scope) -> None:
    key.endpoints, key.model_names = list(scope.endpoints), list(scope.model_names)
    key.networks, key.expires_at = list(scope.networks), scope.expires_at


def _scope_of(key: ApiKey) -> Scope:
    return Scope(tuple(key.endpoints), tuple(key.model_names), tuple(key.networks), key.expires_at)


def _changes(old: Scope, new: Scope, *, renamed: bool = False) -> dict[str, Any]:
    """Return what the audit trail tells of a change.

    A name, and the addresses that somebody works at, tell of a person: only that they changed.
    """
    told = differing(_told(old), _told(new))
    untold = ["name"] if renamed else []
    if told.pop("networks", None):
        untold.append("networks")
    return told | ({"changed": untold} if untold else {})


def _told(scope: Scope) -> dict[str, Any]:
    """Return a scope with a star where nothing is narrowed: nothing would read as if none was."""
    return asdict(scope) | {
        "endpoints": list(scope.endpoints) or ["*"],
        "model_names": list(scope.model_names) or ["*"],
    }


def _new_secret() -> str:
    return BEGINNING + secrets.token_urlsafe(32)


def _give(key: ApiKey, secret: str) -> None:
    key.prefix, key.last_four = secret[:_SHOWN], secret[-4:]
    key.digest = _digest(secret, _read_pepper())


def _find(secret: str) -> ApiKey | None:
    """Look the secret up by the pepper known; where that finds none, by the one in the database."""
    known = _pepper
    key = _found_by(_digest(secret, known)) if known else None
    if key is None and _read_pepper() != known:
        key = _found_by(_digest(secret, _pepper))
    return key


def _found_by(digest: bytes) -> ApiKey | None:
    is_it = Q(digest=digest) | Q(former_digest=digest, former_until__gt=Now())
    return ApiKey.objects.select_related("owner").filter(is_it).first()


def _digest(secret: str, pepper: bytes) -> bytes:
    return hmac.digest(pepper, secret.encode(), "sha256")


def _read_pepper() -> bytes:
    """Read the pepper, made at its first use, and remember it for this process."""
    global _pepper
    _pepper = bytes.fromhex(ApiKeyPepper.objects.get_or_create()[0].secret)
    return _pepper


def _is_within(address: str | None, networks: list[str]) -> bool:
    if not networks:
        return True
    try:
        ip = ip_address(address or "")
    except ValueError:
        return False
    plain: IPv4Address | IPv6Address = getattr(ip, "ipv4_mapped", None) or ip
    return any(plain in ip_network(network, strict=False) for network in networks)
