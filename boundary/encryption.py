"""Text that is encrypted in the database and readable only in its own row.

Stored form: `enc1:<key id>:<base64url of a 12-byte nonce, the ciphertext and the GCM tag>`.
Table, column and row id are the associated data (NIST SP 800-38D), so a value copied into another
row, column or table does not open. The key is derived from a master key with HKDF (RFC 5869); the
key id names the master key without revealing it, so that `manage.py rotate_master_key` knows what
is left to do.
"""

import base64
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.db.models.query_utils import DeferredAttribute

MASK = "••••••••"
_FORMAT = "enc1"
_NONCE_BYTES = 12


class EncryptionError(Exception):
    """An encrypted value cannot be written or read. The message never holds the content."""


class UnreadableSecretError(EncryptionError):
    """A stored value is damaged, belongs to another row, or its master key is not configured."""


class Secret(str):
    """A decrypted value: a string for code, masked in `repr`, templates and `format_html`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<Secret {MASK}>"

    def __html__(self) -> str:
        return MASK


@dataclass(frozen=True, repr=False, slots=True)
class Sealed:
    """A value as it is stored."""

    stored: str

    def __repr__(self) -> str:
        return f"<Sealed {MASK}>"

    __str__ = __repr__


@dataclass(frozen=True, repr=False, slots=True)
class _Key:
    id: str
    cipher: AESGCM


def seal(plain: str, *, place: Sequence[str]) -> Sealed:
    """Encrypt `plain` for `place` (table, column, row id) with the current master key."""
    key = _keys()[0]
    try:
        encoded = plain.encode()
    except UnicodeEncodeError:
        raise EncryptionError(f"{_name(place)}: the text is not valid Unicode.") from None
    nonce = os.urandom(_NONCE_BYTES)
    sealed = nonce + key.cipher.encrypt(nonce, encoded, _associated_data(place))
    return Sealed(f"{_FORMAT}:{key.id}:{base64.urlsafe_b64encode(sealed).decode()}")


def unseal(sealed: Sealed, *, place: Sequence[str]) -> Secret:
    """Decrypt what `seal` wrote for the same `place`; raise `UnreadableSecretError` otherwise."""
    parts = sealed.stored.split(":")
    if len(parts) != 3 or parts[0] != _FORMAT:
        raise UnreadableSecretError(f"{_name(place)} does not hold an encrypted value.")
    key = next((key for key in _keys() if key.id == parts[1]), None)
    if key is None:
        raise UnreadableSecretError(
            f"{_name(place)} was encrypted with a master key that is not configured. "
            "Add that key to CAUSERIE_MASTER_KEY_FALLBACKS."
        )
    try:
        raw = base64.b64decode(parts[2], altchars=b"-_", validate=True)
        nonce, encrypted = raw[:_NONCE_BYTES], raw[_NONCE_BYTES:]
        plain = key.cipher.decrypt(nonce, encrypted, _associated_data(place)).decode()
    except (InvalidTag, ValueError):
        raise UnreadableSecretError(
            f"{_name(place)} is damaged or was written for another row."
        ) from None
    return Secret(plain)


def current_prefix() -> str:
    """Return what every value written with the current master key starts with."""
    return f"{_FORMAT}:{_keys()[0].id}:"


def key_ids() -> tuple[str, list[str]]:
    """Return what names the current master key in stored values, and what names earlier ones."""
    current, *earlier = (key.id for key in _keys())
    return current, earlier


def key_id_of(stored: str) -> str:
    """Return which master key a stored value names; empty where it is none of ours."""
    parts = stored.split(":", 2)
    return parts[1] if len(parts) == 3 and parts[0] == _FORMAT else ""


if TYPE_CHECKING:
    _TextField = models.Field[str, Secret]
else:
    _TextField = models.Field


class EncryptedTextField(_TextField):
    """Text encrypted at rest; the attribute is the plain text (a `Secret`, decrypted on access).

    The row id is part of the encryption, so the primary key must be known before the row is
    saved: use a UUID with a default. Values are written through instances (`save`, `create`,
    `bulk_create`); `update()`, `bulk_update()`, fixtures and look-ups other than `isnull` are
    refused. The field is left out of model forms: ask for a new value with a form field of its own.
    """

    description = "Encrypted text"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["editable"] = False
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("editable", None)
        return name, path, args, kwargs

    @property
    def descriptor_class(self) -> "type[_SecretAttribute]":  # type: ignore[override]
        return _SecretAttribute

    def get_internal_type(self) -> str:
        return "TextField"

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        found = list(super().check(**kwargs))
        if isinstance(self.model._meta.pk, models.AutoField):
            found.append(
                checks.Error(
                    "An encrypted field needs a primary key that is known before saving.",
                    hint="Use a UUIDField with a default as primary key.",
                    obj=self,
                    id="boundary.E001",
                )
            )
        if self.unique or self.db_index:  # type: ignore[attr-defined]
            message = "An encrypted field cannot be indexed or unique: equal texts look different."
            found.append(checks.Error(message, obj=self, id="boundary.E002"))
        return found

    def place(self, pk: Any) -> tuple[str, str, str]:
        """Return table, column and row id: what a value of the row `pk` is bound to."""
        table = self.model._meta.db_table
        if pk is None:
            raise EncryptionError(
                f"{table}.{self.column} cannot be encrypted before its row has an id. "
                "Use a UUID primary key with a default."
            )
        return table, cast(str, self.column), str(pk)

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Sealed | None:
        return None if value is None else Sealed(value)

    def pre_save(self, model_instance: models.Model, add: bool) -> Sealed | None:
        held = model_instance.__dict__.get(self.attname)
        if isinstance(held, Sealed) and not add:
            return held  # unchanged
        plain = getattr(model_instance, self.attname)  # a sealed value of another row raises here
        return None if plain is None else seal(plain, place=self.place(model_instance.pk))

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> str | None:
        if value is None:
            return None
        if isinstance(value, Sealed):
            return value.stored
        raise EncryptionError(
            f"{self.model._meta.db_table}.{self.column} is encrypted for its row: set it on an "
            "instance and save that. update(), bulk_update() and fixtures cannot write it."
        )

    def get_lookup(self, lookup_name: str) -> Any:
        return super().get_lookup(lookup_name) if lookup_name == "isnull" else None

    def value_from_object(self, obj: models.Model) -> Any:
        """Return what forms and serialisers may see: never the plain text."""
        return None if obj.__dict__.get(self.attname) is None else MASK

    def value_to_string(self, obj: models.Model) -> str:
        return MASK

    def formfield(self, *args: Any, **kwargs: Any) -> None:
        return None


class _SecretAttribute(DeferredAttribute):
    """Keeps the value sealed (or, once assigned, masked) in the instance; opens it on access."""

    field: EncryptedTextField

    def __get__(self, instance: models.Model | None, cls: Any = None) -> Any:
        held = super().__get__(instance, cls)
        if instance is not None and isinstance(held, Sealed):
            return unseal(held, place=self.field.place(instance.pk))
        return held

    def __set__(self, instance: models.Model, value: Any) -> None:
        if isinstance(value, str):
            value = Secret(value)
        elif value is not None and not isinstance(value, Sealed):
            self._refuse(value)
        instance.__dict__[self.field.attname] = value

    def _refuse(self, value: Any) -> NoReturn:
        raise EncryptionError(f"{self.field} takes text, not {type(value).__name__}.")


def _associated_data(place: Sequence[str]) -> bytes:
    return "\0".join(place).encode()


def _name(place: Sequence[str]) -> str:
    table, column, row = place
    return f"{table}.{column} of row {row}"


def _keys() -> tuple[_Key, ...]:
    """Return the current key and those that may still be read, in that order."""
    return _derive((settings.MASTER_KEY, *settings.MASTER_KEY_FALLBACKS))


@lru_cache(maxsize=4)
def _derive(masters: tuple[str, ...]) -> tuple[_Key, ...]:
    if not all(masters):
        raise ImproperlyConfigured("MASTER_KEY and its fallbacks must not be empty.")
    return tuple(
        _Key(_expand(master, "key id", 4).hex(), AESGCM(_expand(master, "encrypted field", 32)))
        for master in masters
    )


def _expand(master: str, purpose: str, length: int) -> bytes:
    return HKDF(SHA256(), length, salt=b"causerie", info=purpose.encode()).derive(master.encode())
