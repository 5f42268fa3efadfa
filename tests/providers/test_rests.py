"""What rests after which failure, for how long, and what ends it."""

import datetime as dt

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from providers import errors
from providers.actions import add_model, add_provider, rest_after, store_credential, wake
from providers.models import Credential, ModelSpec

pytestmark = pytest.mark.django_db
KEY = "sk-rests-0123456789abcdef"


@pytest.fixture
def spec() -> ModelSpec:
    provider = add_provider("P", "https://models.example.test/v1", secret=KEY)
    return add_model(provider, "m", cool_down_seconds=45)


@pytest.fixture
def key(spec: ModelSpec) -> Credential:
    return spec.provider.credentials.get()


def rest_of(row) -> float | None:
    """In how many seconds it wakes; None: it does not rest."""
    row.refresh_from_db()
    if row.rests_until is None:
        assert row.rest_reason == ""
        return None
    return (row.rests_until - timezone.now()).total_seconds()


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (errors.AuthenticationFailed(), 900),
        (errors.QuotaExceeded(), 600),
        (errors.RateLimited(), 30),
        (errors.RateLimited(retry_after=7), 7),
        (errors.RateLimited(retry_after=86_400), 900),
    ],
)
def test_a_key_rests(spec, key, error, seconds):
    rest_after(error, spec, key)
    assert rest_of(key) == pytest.approx(seconds, abs=2)
    assert key.rest_reason == error.kind
    assert rest_of(spec) is None


@pytest.mark.parametrize("seconds", [0, -5])
def test_a_server_that_asks_for_no_wait_gets_none(spec, key, seconds):
    rest_after(errors.RateLimited(retry_after=seconds), spec, key)
    assert rest_of(key) is None


@pytest.mark.parametrize(
    "error",
    [
        errors.ModelNotFound,
        errors.PermissionRefused,
        errors.ConnectTimeout,
        errors.FirstTokenTimeout,
        errors.ConnectionFailed,
        errors.AddressRefused,
        errors.ServerFailed,
        errors.Overloaded,
        errors.BadResponse,
    ],
)
def test_a_deployment_rests_as_long_as_it_says(spec, key, error):
    rest_after(error(), spec, key)
    assert rest_of(spec) == pytest.approx(45, abs=2)
    assert spec.rest_reason == error.kind
    assert rest_of(key) is None


@pytest.mark.parametrize(
    "error",
    [
        errors.BadRequest,
        errors.ContextTooLong,
        errors.ContentFiltered,
        errors.IdleTimeout,
        errors.TotalTimeout,
        errors.StreamCut,
        errors.WorkerLost,
    ],
)
def test_nothing_rests_for_what_the_question_or_we_did(spec, key, error):
    rest_after(error(), spec, key)
    assert (rest_of(spec), rest_of(key)) == (None, None)


def test_a_deployment_without_cool_down_never_rests(spec, key):
    spec.cool_down_seconds = 0
    rest_after(errors.ServerFailed(), spec, key)
    assert rest_of(spec) is None


def test_a_longer_rest_is_not_shortened_and_keeps_its_reason(spec, key):
    rest_after(errors.AuthenticationFailed(), spec, key)
    rest_after(errors.RateLimited(retry_after=5), spec, key)
    assert rest_of(key) == pytest.approx(900, abs=2)
    assert key.rest_reason == "authentication"


def test_a_longer_rest_takes_the_place_of_a_shorter_one(spec, key):
    rest_after(errors.RateLimited(retry_after=5), spec, key)
    rest_after(errors.QuotaExceeded(), spec, key)
    assert rest_of(key) == pytest.approx(600, abs=2)
    assert key.rest_reason == "quota"


def test_a_rest_that_is_over_is_begun_anew(spec, key):
    Credential.objects.update(rests_until=Now() - dt.timedelta(hours=1), rest_reason="quota")
    rest_after(errors.RateLimited(), spec, key)
    assert rest_of(key) == pytest.approx(30, abs=2)
    assert key.rest_reason == "rate_limit"


def test_what_runs_on_this_computer_never_rests(spec, key):
    spec.provider.is_embedded = True
    for error in (errors.AuthenticationFailed(), errors.ServerFailed()):
        rest_after(error, spec, key)
    assert (rest_of(spec), rest_of(key)) == (None, None)


def test_a_call_without_a_key_leaves_none_resting(spec, key):
    rest_after(errors.AuthenticationFailed(), spec, None)
    assert rest_of(key) is None


def test_a_key_that_is_stored_anew_is_awake(spec, key):
    rest_after(errors.AuthenticationFailed(), spec, key)
    store_credential(spec.provider, "sk-another-0123456789")
    assert rest_of(key) is None


def test_a_new_key_does_not_rest_for_the_failure_of_the_one_before(spec, key):
    """A call with the old key may still fail when the new one is stored already."""
    store_credential(spec.provider, "sk-another-0123456789")
    rest_after(errors.AuthenticationFailed(), spec, key)
    assert rest_of(key) is None


@pytest.mark.parametrize("which", ["spec", "key"])
def test_an_administrator_wakes_what_rests(spec, key, request, which):
    row = request.getfixturevalue(which)
    type(row).objects.update(rests_until=Now() + dt.timedelta(hours=1), rest_reason="server")
    wake(row)
    assert rest_of(row) is None
