"""The key a call takes: in the ledger, passed over when unreadable, resting after failures."""

import datetime as dt
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connection, transaction

from accounts.models import User
from providers import errors
from providers.actions import add_model, add_provider, store_credential
from providers.models import Credential, ModelSpec
from providers.values import Delta, Prompt, Turn
from usage.actions import account_of, payer_of
from usage.metered import MeteredCall, complete, open_call
from usage.models import Account, UsageRecord

pytestmark = pytest.mark.django_db(transaction=True)
PROMPT = Prompt(turns=(Turn("user", "How much is it?"),), max_tokens=100)


@pytest.fixture
def account() -> Account:
    return account_of(User.objects.create_user("payer@example.test", "x"))


@pytest.fixture
def spec() -> ModelSpec:
    return add_model(add_provider("P", "https://models.example.test/v1"), "m")


def key(spec: ModelSpec, name: str = "default", **settings: Any) -> Credential:
    return store_credential(spec.provider, f"sk-{name}-0123456789abcdef", name=name, **settings)


def damage(credential: Credential) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE providers_credential SET secret = 'rubbish' WHERE id = %s", [credential.pk]
        )


class Failing:
    def __init__(self, error: Exception, *before: Delta) -> None:
        self.error, self.before = error, before

    async def stream(self, prompt, *, request_id):
        for delta in self.before:
            yield delta
        raise self.error

    async def complete(self, prompt, *, request_id):
        raise self.error


def played(call: MeteredCall, backend: Failing) -> None:
    async def read() -> None:
        async for _ in call.stream():
            pass

    call.backend = backend
    with pytest.raises(type(backend.error)):
        async_to_sync(read)()


def test_the_ledger_says_which_key_was_taken_and_the_call_uses_it(account, spec):
    credential = key(spec)
    call = open_call(payer_of(account.user), "chat", spec, PROMPT)
    assert UsageRecord.objects.get().credential == credential
    assert call.backend.target.secret == "sk-default-0123456789abcdef"


def test_a_provider_without_keys_is_called_without_one(account, spec):
    call = open_call(payer_of(account.user), "chat", spec, PROMPT)
    assert call.backend.target.secret == ""
    assert UsageRecord.objects.get().credential is None


def test_use_is_noted_once_a_minute(account, spec):
    credential = key(spec)
    seen = []
    for _ in range(2):
        open_call(payer_of(account.user), "chat", spec, PROMPT)
        credential.refresh_from_db()
        seen.append(credential.last_used_at)
    assert seen[0] is not None
    assert seen[0] == seen[1]
    earlier = seen[0] - dt.timedelta(seconds=61)
    Credential.objects.update(last_used_at=earlier)
    open_call(payer_of(account.user), "chat", spec, PROMPT)
    credential.refresh_from_db()
    assert credential.last_used_at > earlier


def test_an_unreadable_key_rests_and_the_next_one_is_taken(account, spec):
    bad, good = key(spec, "bad"), key(spec, "good", priority=1)
    damage(bad)
    with transaction.atomic():
        call = open_call(payer_of(account.user), "chat", spec, PROMPT)
    assert call.record.credential == good
    rested = Credential.objects.get(pk=bad.pk)
    assert rested.is_resting
    assert rested.rest_reason == "authentication"


def test_where_no_key_can_be_read_that_is_the_error(account, spec):
    damage(key(spec))
    with pytest.raises(errors.AuthenticationFailed):
        open_call(payer_of(account.user), "chat", spec, PROMPT)
    assert not UsageRecord.objects.exists()


def test_a_refused_key_rests_and_the_next_call_takes_another(account, spec):
    bad, good = key(spec, "bad"), key(spec, "good", priority=1)
    call = open_call(payer_of(account.user), "chat", spec, PROMPT)
    played(call, Failing(errors.AuthenticationFailed()))
    bad.refresh_from_db()
    assert not bad.is_resting  # it is not known before the call is closed
    with transaction.atomic():
        call.close("authentication")
    bad.refresh_from_db()
    assert bad.is_resting
    assert open_call(payer_of(account.user), "chat", spec, PROMPT).record.credential == good


def test_a_server_that_fails_in_the_middle_rests_too(account, spec):
    call = open_call(payer_of(account.user), "chat", spec, PROMPT)
    played(call, Failing(errors.Overloaded(), Delta(text="Half")))
    call.close("overloaded")
    spec.refresh_from_db()
    assert spec.is_resting
    assert UsageRecord.objects.get().state == UsageRecord.State.SETTLED


def test_a_whole_answer_that_fails_rests_its_key(account, spec, monkeypatch):
    credential = key(spec)
    refused = Failing(errors.QuotaExceeded())
    monkeypatch.setattr("usage.metered.backend_for", lambda spec, credential: refused)
    with pytest.raises(errors.QuotaExceeded):
        async_to_sync(complete)(payer_of(account.user), "title", spec, PROMPT)
    credential.refresh_from_db()
    assert credential.rest_reason == "quota"


def test_what_is_rolled_back_rests_nothing(account, spec):
    credential = key(spec)
    call = open_call(payer_of(account.user), "chat", spec, PROMPT)
    played(call, Failing(errors.AuthenticationFailed()))

    class Undone(Exception):
        pass

    def undone() -> None:
        with transaction.atomic():
            call.close("authentication")
            raise Undone

    with pytest.raises(Undone):
        undone()
    credential.refresh_from_db()
    assert not credential.is_resting


def test_a_rest_that_cannot_be_written_does_not_spoil_the_end_of_a_call(account, spec, monkeypatch):
    def broken(*_: object) -> None:
        raise RuntimeError

    key(spec)
    monkeypatch.setattr("usage.metered.rest_after", broken)
    call = open_call(payer_of(account.user), "chat", spec, PROMPT)
    played(call, Failing(errors.AuthenticationFailed()))
    with transaction.atomic():
        assert call.close("authentication")
    assert UsageRecord.objects.get().state == UsageRecord.State.RELEASED


def test_a_call_whose_key_is_deleted_meanwhile_is_still_closed(account, spec):
    credential = key(spec)
    call = open_call(payer_of(account.user), "chat", spec, PROMPT)
    played(call, Failing(errors.AuthenticationFailed()))
    name = credential.pk
    credential.delete()
    assert call.close("authentication")
    assert UsageRecord.objects.get().credential_id == name
