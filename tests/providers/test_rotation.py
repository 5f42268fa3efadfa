"""A new key in the old one's place: with an overlap, at once, and by two administrators."""

import datetime as dt
import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models.functions import Now

from providers.actions import (
    add_provider,
    change_credential,
    erase_retired_secrets,
    rotate_credential,
    store_credential,
)
from providers.models import Credential, Provider
from providers.models.credential import ERASED
from providers.order import in_turn

pytestmark = pytest.mark.django_db
OLD, NEW = "sk-old-0123456789abcdef", "sk-new-fedcba9876543210"
DAY = dt.timedelta(days=1)


@pytest.fixture
def provider() -> Provider:
    return add_provider("P", "https://models.example.test/v1", secret=OLD)


@pytest.fixture
def old(provider: Provider) -> Credential:
    return provider.credentials.get()


def sent(provider: Provider) -> list[str]:
    return [each.secret for each in in_turn(Credential.objects.usable(provider))]


def over(credential: Credential) -> None:
    """As if its overlap had ended."""
    Credential.objects.filter(pk=credential.pk).update(retires_at=Now() - DAY)


def test_the_new_key_is_used_first_and_the_old_one_is_its_fallback(provider, old):
    rotate_credential(old, f" {NEW} ", DAY)
    for _ in range(10):
        assert sent(provider) == [NEW, OLD]


def test_the_new_key_has_the_settings_and_the_name_of_the_old_one(provider, old):
    settings = {"priority": 3, "weight": 5, "max_streams": 7, "requests_per_minute": 11}
    change_credential(old, **settings)
    Credential.objects.update(rests_until=Now() + DAY, rest_reason="quota")
    new = rotate_credential(old, NEW, DAY)
    new.refresh_from_db()
    assert {name: getattr(new, name) for name in settings} == settings
    assert (new.name, new.last_four, new.origin) == (old.name, "3210", provider.origin())
    assert (new.rests_until, new.retires_at) == (None, None)


def test_when_the_overlap_is_over_the_old_key_is_never_sent(provider, old):
    rotate_credential(old, NEW, DAY)
    over(old)
    assert sent(provider) == [NEW]


def test_then_its_secret_is_erased_and_its_row_stays(provider, old):
    rotate_credential(old, NEW, DAY)
    assert erase_retired_secrets() == 0
    over(old)
    assert erase_retired_secrets() == 1
    assert erase_retired_secrets() == 0
    old.refresh_from_db()
    assert (old.secret, old.origin, old.last_four) == ("", ERASED, "cdef")
    assert sent(provider) == [NEW]


def test_the_clock_erases_them(provider, old, settings):
    from celery import current_app

    rotate_credential(old, NEW, DAY)
    over(old)
    entry = settings.CELERY_BEAT_SCHEDULE["erase-retired-secrets"]
    current_app.loader.import_default_modules()
    current_app.tasks[entry["task"]].apply().get()
    old.refresh_from_db()
    assert old.secret == ""
    assert entry["schedule"] <= 60


def test_without_an_overlap_the_old_secret_is_gone_at_once(provider, old):
    rotate_credential(old, NEW, dt.timedelta())
    old.refresh_from_db()
    assert old.secret == ""
    assert sent(provider) == [NEW]


def test_a_second_rotation_leaves_the_first_overlap_as_it_is(provider, old):
    second = rotate_credential(old, NEW, DAY)
    rotate_credential(second, "sk-third-0123456789", 2 * DAY)
    assert sent(provider) == ["sk-third-0123456789", NEW, OLD]


def test_storing_a_key_after_a_rotation_replaces_the_new_one(provider, old):
    rotate_credential(old, NEW, DAY)
    store_credential(provider, "sk-third-0123456789")
    assert sent(provider) == ["sk-third-0123456789", OLD]


@pytest.mark.parametrize("overlap", [-DAY, dt.timedelta(seconds=-1), 31 * DAY])
def test_an_overlap_is_within_a_month(provider, old, overlap):
    with pytest.raises(ValidationError, match="30 days"):
        rotate_credential(old, NEW, overlap)
    assert sent(provider) == [OLD]


@pytest.mark.parametrize("secret", ["", "  ", "a\nb", "schlüssel", "a\0b", "x" * 5000])
def test_what_is_not_a_key_is_refused(provider, old, secret):
    with pytest.raises(ValidationError, match="one line"):
        rotate_credential(old, secret, DAY)
    assert sent(provider) == [OLD]


def test_the_same_key_again_is_no_rotation(provider, old):
    with pytest.raises(ValidationError, match="already stored"):
        rotate_credential(old, OLD, DAY)


def test_a_key_that_cannot_be_read_can_be_rotated(provider, old, settings):
    settings.MASTER_KEY = "another master key"
    rotate_credential(old, NEW, DAY)
    assert Credential.objects.get(retires_at=None).secret == NEW


def test_who_comes_after_a_rotation_or_a_new_key_is_told(provider, old):
    seen = Credential.objects.get()
    store_credential(provider, NEW)
    with pytest.raises(ValidationError, match="in the meantime"):
        rotate_credential(seen, "sk-mine-0123456789", DAY)
    assert sent(provider) == [NEW]


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_wins_and_the_other_is_told(provider, old):
    barrier = threading.Barrier(2)
    results: list[str] = []

    def rotate(secret: str) -> None:
        seen = Credential.objects.get(pk=old.pk)
        barrier.wait(10)
        try:
            results.append(str(rotate_credential(seen, secret, DAY).secret))
        except ValidationError as error:
            results.append(error.code or "")
        finally:
            connection.close()

    mine = [f"sk-{name}-0123456789" for name in ("mine", "yours")]
    threads = [threading.Thread(target=rotate, args=(secret,)) for secret in mine]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    (winner,) = [each for each in results if each != "replaced"]
    assert len(results) == 2
    assert sent(provider) == [winner, OLD]


def test_a_key_that_was_stored_without_an_address_is_erased_too(db):
    provider = add_provider("Off", "", secret="sk-old-0123456789abcdef")
    old = provider.credentials.get()
    rotate_credential(old, "sk-new-0123456789abcdef", dt.timedelta())
    assert Credential.objects.get(pk=old.pk).secret == ""
