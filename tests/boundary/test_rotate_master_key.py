import threading
import uuid

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, models, transaction
from django.test.utils import isolate_apps

from boundary import rotation
from boundary.encryption import EncryptedTextField, Sealed, current_prefix, seal


@pytest.fixture
def Vault(monkeypatch):
    with isolate_apps("boundary") as apps:

        class Vault(models.Model):  # noqa: DJ008
            id = models.UUIDField(primary_key=True, default=uuid.uuid4)
            secret = EncryptedTextField(null=True)

            class Meta:
                app_label = "boundary"

        monkeypatch.setattr(rotation.encrypted_fields, "__defaults__", (apps,))
        with connection.schema_editor() as editor:
            editor.create_model(Vault)
        yield Vault
        with connection.schema_editor() as editor:
            editor.delete_model(Vault)


@pytest.fixture
def new_key(settings):
    def change():
        settings.MASTER_KEY_FALLBACKS = [settings.MASTER_KEY]
        settings.MASTER_KEY = f"new-{uuid.uuid4()}"

    return change


def stored():
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM boundary_vault WHERE secret IS NOT NULL ORDER BY id")
        return [value for (value,) in cursor.fetchall()]


@pytest.mark.django_db
def test_everything_is_readable_without_the_old_key_afterwards(Vault, new_key, settings, capsys):
    Vault.objects.bulk_create([*(Vault(secret=f"sk-{n}") for n in range(23)), Vault(secret=None)])
    new_key()
    call_command("rotate_master_key", batch_size=5)
    settings.MASTER_KEY_FALLBACKS = []
    assert sorted(row.secret for row in Vault.objects.filter(secret__isnull=False)) == sorted(
        f"sk-{n}" for n in range(23)
    )
    output = capsys.readouterr().out
    assert "23 re-encrypted" in output
    assert "sk-" not in output


@pytest.mark.django_db
def test_an_interrupted_rotation_is_continued(Vault, new_key):
    Vault.objects.bulk_create(Vault(secret="sk") for _ in range(10))
    new_key()
    (field,) = rotation.encrypted_fields()
    batches = rotation.rotate(field, batch_size=4)
    assert next(batches).rotated == 4
    batches.close()
    done = [value for value in stored() if value.startswith(current_prefix())]
    assert len(done) == 4
    assert [batch.rotated for batch in rotation.rotate(field, batch_size=4)] == [4, 2]
    assert set(done) < set(stored())  # what was done is not done again
    assert list(rotation.rotate(field)) == []


@pytest.mark.django_db
def test_an_unreadable_value_is_reported_and_the_rest_is_rotated(Vault, new_key, capsys):
    bad, good = Vault.objects.create(secret="sk-a"), Vault.objects.create(secret="sk-b")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE boundary_vault SET secret = 'rubbish' WHERE id = %s", [bad.pk])
    new_key()
    with pytest.raises(CommandError, match="1 value"):
        call_command("rotate_master_key", batch_size=1)
    assert str(bad.pk) in capsys.readouterr().err
    assert Vault.objects.get(pk=good.pk).secret == "sk-b"
    assert "rubbish" in stored()


@pytest.mark.django_db
def test_a_batch_size_below_one_is_refused():
    with pytest.raises(CommandError, match="at least 1"):
        call_command("rotate_master_key", batch_size=0)


@pytest.mark.django_db
def test_large_tables_take_a_fixed_number_of_queries_per_batch(
    Vault, new_key, django_assert_max_num_queries
):
    Vault.objects.bulk_create(Vault(secret="sk") for _ in range(2_000))
    new_key()
    (field,) = rotation.encrypted_fields()
    with django_assert_max_num_queries(4 * 5):  # 4 batches and the last look; with savepoints
        assert sum(batch.rotated for batch in rotation.rotate(field, batch_size=500)) == 2_000


@pytest.mark.django_db(transaction=True)
def test_a_secret_saved_during_the_rotation_is_not_lost(Vault, new_key):
    row = Vault.objects.create(secret="old")
    new_key()
    (field,) = rotation.encrypted_fields()
    fresh = seal("saved meanwhile", place=field.place(row.pk))
    started = threading.Event()

    def run():
        started.set()
        list(rotation.rotate(field))
        connection.close()

    thread = threading.Thread(target=run)
    with transaction.atomic():
        Vault.objects.filter(pk=row.pk).update(secret=Sealed(fresh.stored))
        thread.start()
        started.wait()
        thread.join(0.3)
        assert thread.is_alive()  # waits for the row instead of writing over it
    thread.join()
    assert Vault.objects.get().secret == "saved meanwhile"
