"""Re-encryption of every stored secret after the master key has changed."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.apps import apps as installed_apps
from django.apps.registry import Apps
from django.db import connections, router, transaction

from boundary.encryption import (
    EncryptedTextField,
    Sealed,
    UnreadableSecretError,
    current_prefix,
    key_id_of,
    key_ids,
    seal,
    unseal,
)


@dataclass
class Batch:
    """What one batch did: how many values were re-encrypted, and why others were not."""

    rotated: int = 0
    failures: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Tally:
    """How many values are under which master key. No key that is configured opens the last."""

    current: int
    earlier: int
    unreadable: int


@dataclass(frozen=True)
class Place:
    """A column, or part of one, that holds encrypted values.

    `rotate` takes the batch size and re-encrypts as `rotate` does, `heads` returns how many
    values name which master key (see `encryption.key_id_of`).
    """

    name: str
    rotate: Callable[[int], Iterator[Batch]]
    heads: Callable[[], Counter[str]]

    def tally(self) -> Tally:
        current, earlier = key_ids()
        heads = self.heads()
        known = heads[current], sum(heads[each] for each in set(earlier) - {current})
        return Tally(*known, unreadable=heads.total() - sum(known))


# What is encrypted elsewhere than in an `EncryptedTextField`: rooms add theirs when the apps are
# ready.
elsewhere: dict[str, Place] = {}


def places() -> list[Place]:
    """Return every place of encrypted values."""
    fields = [
        Place(
            f"{field.model._meta.db_table}.{field.column}",
            partial(_rotate, field),
            partial(_heads, field),
        )
        for field in encrypted_fields()
    ]
    return [*fields, *elsewhere.values()]


def reencrypt(*, seconds: float, batch_size: int = 100) -> Batch:
    """Re-encrypt for about so long; what is left, another call goes on with."""
    until = time.monotonic() + seconds
    done = Batch()
    for place in places():
        for batch in place.rotate(batch_size):
            done.rotated += batch.rotated
            done.failures += batch.failures
            if time.monotonic() >= until:
                return done
    return done


def encrypted_fields(apps: Apps = installed_apps) -> list[EncryptedTextField]:
    """Return the encrypted fields of all tables that this project writes."""
    return [
        field
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
        for field in model._meta.local_fields
        if isinstance(field, EncryptedTextField)
    ]


def rotate(field: EncryptedTextField, *, batch_size: int = 500) -> Iterator[Batch]:
    """Re-encrypt what is not under the current key, one transaction per yielded batch.

    Rows are walked in the order of their id and locked while they are rewritten, so nothing that
    is saved meanwhile is lost. Values under the current key are passed over, so an interrupted
    rotation is continued by starting it again.
    """
    last: Any = None
    while True:
        with transaction.atomic(using=_database(field)):
            rows = _stale_rows(field, after=last, limit=batch_size)
            if not rows:
                return
            batch = _reseal(field, rows)
        last = rows[-1][0]
        yield batch


def _rotate(field: EncryptedTextField, batch_size: int) -> Iterator[Batch]:
    return rotate(field, batch_size=batch_size)


def _heads(field: EncryptedTextField) -> Counter[str]:
    """Count by key in the database: a table may be long, and has few keys."""
    table, column, _ = _names(field)
    head = f"split_part({column}, ':', 1) || ':' || split_part({column}, ':', 2) || ':'"
    sql = f"SELECT {head}, count(*) FROM {table} WHERE {column} IS NOT NULL GROUP BY 1"  # noqa: S608
    heads: Counter[str] = Counter()
    with connections[_database(field)].cursor() as cursor:
        cursor.execute(sql)
        for named, count in cursor.fetchall():
            heads[key_id_of(named)] += count
    return heads


def _database(field: EncryptedTextField) -> str:
    return router.db_for_write(field.model)


def _stale_rows(field: EncryptedTextField, *, after: Any, limit: int) -> list[tuple]:
    connection = connections[_database(field)]
    table, column, pk = _names(field)
    prefix = current_prefix()
    sql = (
        f"SELECT {pk}, {column} FROM {table} WHERE {column} IS NOT NULL "  # noqa: S608
        f"AND left({column}, %s) <> %s {'' if after is None else f'AND {pk} > %s'} "
        f"ORDER BY {pk} LIMIT %s FOR UPDATE"
    )
    values: list[Any] = [len(prefix), prefix, *([] if after is None else [after]), limit]
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def _reseal(field: EncryptedTextField, rows: list[tuple]) -> Batch:
    batch = Batch()
    ids, stored = [], []
    for pk, value in rows:
        place = field.place(pk)
        try:
            stored.append(seal(unseal(Sealed(value), place=place), place=place).stored)
        except UnreadableSecretError as error:
            batch.failures.append(str(error))
        else:
            ids.append(pk)
    connection = connections[_database(field)]
    table, column, pk = _names(field)
    pk_type = field.model._meta.pk.db_type(connection)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {column} = fresh.stored "  # noqa: S608
            f"FROM unnest(%s::{pk_type}[], %s::text[]) AS fresh(id, stored) "
            f"WHERE {table}.{pk} = fresh.id",
            [ids, stored],
        )
    batch.rotated = len(ids)
    return batch


def _names(field: EncryptedTextField) -> tuple[str, str, str]:
    quote = connections[_database(field)].ops.quote_name
    meta = field.model._meta
    return quote(meta.db_table), quote(str(field.column)), quote(str(meta.pk.column))
