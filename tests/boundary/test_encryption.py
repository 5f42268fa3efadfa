import json
import uuid

import pytest
from django.contrib import admin
from django.core import checks, serializers
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.db import connection, models
from django.forms import modelform_factory
from django.template import Context, Template
from django.test.utils import isolate_apps
from django.utils.html import format_html

from boundary.checks import admin_shows_no_secret
from boundary.encryption import EncryptedTextField, EncryptionError, UnreadableSecretError

pytestmark = pytest.mark.django_db
TEXT = "sk-secret-密钥-😀"


@pytest.fixture
def Vault():
    with isolate_apps("boundary"):

        class Vault(models.Model):  # noqa: DJ008
            id = models.UUIDField(primary_key=True, default=uuid.uuid4)
            name = models.TextField(default="")
            secret = EncryptedTextField(null=True)
            other = EncryptedTextField(null=True)

            class Meta:
                app_label = "boundary"

        with connection.schema_editor() as editor:
            editor.create_model(Vault)
        yield Vault


def stored(row, column="secret"):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM boundary_vault WHERE id = %s", [row.pk])
        return cursor.fetchone()[0]


def overwrite(row, value, column="secret"):
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE boundary_vault SET {column} = %s WHERE id = %s", [value, row.pk])


@pytest.mark.parametrize("text", [TEXT, "", "\0", "x" * 100_000])
def test_a_text_comes_back_and_is_not_readable_in_the_table(Vault, text):
    row = Vault.objects.create(secret=text)
    assert Vault.objects.get().secret == text
    assert stored(row).startswith("enc1:")
    assert TEXT not in stored(row)


def test_equal_texts_are_stored_differently(Vault):
    first, second = (Vault.objects.create(secret=TEXT) for _ in range(2))
    assert stored(first) != stored(second)


def test_null_stays_null(Vault):
    row = Vault.objects.create(secret=None)
    assert stored(row) is None
    assert Vault.objects.get(secret__isnull=True).secret is None


def test_bulk_create_defer_and_refresh(Vault):
    Vault.objects.bulk_create([Vault(secret=TEXT), Vault(secret=TEXT)])
    assert [row.secret for row in Vault.objects.defer("secret")] == [TEXT, TEXT]
    row = Vault.objects.first()
    row.refresh_from_db()
    assert row.secret == TEXT


def test_saving_another_column_leaves_the_stored_value_alone(Vault):
    row = Vault.objects.create(secret=TEXT)
    before = stored(row)
    loaded = Vault.objects.get()
    loaded.name = "new"
    loaded.save()
    assert stored(row) == before


def test_a_changed_secret_is_saved(Vault):
    Vault.objects.create(secret=TEXT)
    row = Vault.objects.get()
    row.secret = "another"
    row.save(update_fields=["secret"])
    assert Vault.objects.get().secret == "another"


def test_a_value_moved_to_another_row_or_column_does_not_open(Vault):
    mine, yours = Vault.objects.create(secret=TEXT), Vault.objects.create(secret="x")
    overwrite(yours, stored(mine))
    overwrite(mine, stored(mine), column="other")
    with pytest.raises(UnreadableSecretError, match=str(yours.pk)):
        _ = Vault.objects.get(pk=yours.pk).secret
    with pytest.raises(UnreadableSecretError, match="other"):
        _ = Vault.objects.get(pk=mine.pk).other


def test_every_damaged_character_is_noticed_and_the_error_names_the_row_only(Vault):
    row = Vault.objects.create(secret=TEXT)
    whole = stored(row)
    damages = [whole[:i] + ("A" if c != "A" else "B") + whole[i + 1 :] for i, c in enumerate(whole)]
    damages += [whole[:-1], whole + "A", whole.partition(":")[2], TEXT, "", "enc1::", ":::"]
    padding = len(whole.rstrip("=")) - 1  # its unused bits may say anything
    for index, damaged in enumerate(damages):
        if index == padding:
            continue
        overwrite(row, damaged)
        loaded = Vault.objects.get()
        with pytest.raises(UnreadableSecretError) as caught:
            _ = loaded.secret
        assert str(row.pk) in str(caught.value)
        assert "sk-secret" not in str(caught.value)
        assert not damaged or damaged not in str(caught.value)


def test_a_damaged_row_can_still_be_listed_changed_and_given_a_new_secret(Vault):
    row = Vault.objects.create(secret=TEXT)
    overwrite(row, "rubbish")
    loaded = Vault.objects.get()
    loaded.name = "still works"
    loaded.save()
    assert stored(row) == "rubbish"
    loaded.secret = "fresh"
    loaded.save()
    assert Vault.objects.get().secret == "fresh"


def test_a_copied_row_is_refused_rather_than_written_unreadable(Vault):
    Vault.objects.create(secret=TEXT)
    copy = Vault.objects.get()
    copy.pk = uuid.uuid4()
    with pytest.raises(UnreadableSecretError):
        copy.save()


def test_without_a_row_id_nothing_is_encrypted(Vault):
    with pytest.raises(EncryptionError, match="UUID"):
        Vault._meta.get_field("secret").pre_save(Vault(pk=None, secret=TEXT), add=True)


@pytest.mark.parametrize("value", [7, b"bytes", ["x"]])
def test_only_text_is_taken(Vault, value):
    with pytest.raises(EncryptionError, match=type(value).__name__):
        Vault(secret=value)


def test_a_lone_surrogate_is_refused_without_being_shown(Vault):
    with pytest.raises(EncryptionError) as caught:
        Vault(secret="sk-secret\ud800").save()
    assert "sk-secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_writes_past_the_instance_and_lookups_are_refused(Vault):
    row = Vault.objects.create(secret=TEXT)
    with pytest.raises(EncryptionError):
        Vault.objects.update(secret="plain")
    row.secret = "plain"
    with pytest.raises(EncryptionError):
        Vault.objects.bulk_update([row], ["secret"])
    for lookup in ("secret", "secret__startswith", "secret__in"):
        with pytest.raises(FieldError):
            Vault.objects.filter(**{lookup: "x"}).exists()


def test_the_text_is_masked_wherever_it_could_be_printed(Vault):
    Vault.objects.create(secret=TEXT)
    row = Vault.objects.get()
    fresh = Vault(secret=TEXT)
    shown = [
        repr(row.__dict__),
        repr(fresh.__dict__),
        repr(row.secret),
        format_html("{}", row.secret),
        Template("{{ row.secret }}").render(Context({"row": row})),
        repr(list(Vault.objects.values())),
        serializers.serialize("json", [row]),
        str(modelform_factory(Vault, fields=["name"])(instance=row)),
        json.dumps({k: str(v) for k, v in Vault.objects.values("secret").get().items()}),
    ]
    assert not [text for text in shown if "sk-secret" in text]
    assert "secret" not in modelform_factory(Vault, exclude=[])().fields
    assert f"Bearer {row.secret}" == f"Bearer {TEXT}"


def test_a_fallback_key_still_reads_and_a_missing_key_says_so(Vault, settings):
    row = Vault.objects.create(secret=TEXT)
    old = settings.MASTER_KEY
    settings.MASTER_KEY = "new"
    with pytest.raises(UnreadableSecretError, match="FALLBACKS"):
        _ = Vault.objects.get().secret
    settings.MASTER_KEY_FALLBACKS = ["unrelated", old]
    loaded = Vault.objects.get()
    assert loaded.secret == TEXT
    loaded.secret = loaded.secret
    before = stored(row)
    loaded.save()
    assert stored(row)[:13] != before[:13]
    settings.MASTER_KEY_FALLBACKS = []
    assert Vault.objects.get().secret == TEXT


def test_an_empty_master_key_is_refused(Vault, settings):
    settings.MASTER_KEY = ""
    with pytest.raises(ImproperlyConfigured):
        Vault.objects.create(secret=TEXT)


@isolate_apps("boundary")
def test_checks_ask_for_an_early_id_and_refuse_an_index():
    class Counted(models.Model):  # noqa: DJ008
        secret = EncryptedTextField(unique=True)

        class Meta:
            app_label = "boundary"

    assert {message.id for message in Counted.check()} >= {"boundary.E001", "boundary.E002"}


def test_the_migration_state_is_stable(Vault):
    field = Vault._meta.get_field("secret")
    _, path, args, kwargs = field.deconstruct()
    assert path == "boundary.encryption.EncryptedTextField"
    assert kwargs == {"null": True}
    assert EncryptedTextField(*args, **kwargs).editable is False


@pytest.mark.parametrize("attribute", ["list_display", "readonly_fields", "fields"])
def test_an_admin_page_that_shows_a_secret_fails_the_check(Vault, attribute):
    assert admin_shows_no_secret(None) == []
    page = type("VaultAdmin", (admin.ModelAdmin,), {attribute: ("secret",)})
    admin.site.register(Vault, page)
    try:
        errors: list[checks.Error] = admin_shows_no_secret(None)
    finally:
        admin.site.unregister(Vault)
    assert [error.id for error in errors] == ["boundary.E003"]
    assert "secret" in errors[0].msg
