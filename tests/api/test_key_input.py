"""What people write into the form of a key: a sentence for each mistake, and nothing made."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import ApiKey
from api.names import clean_name
from api.networks import parse
from tests.api.test_key_pages import CREATE, changed, new, of

pytestmark = pytest.mark.django_db
TODAY = dt.date.today()


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", "", "This field is required."),
        ("name", "   ", "This field is required."),
        ("name", "a\x00b", "Null characters are not allowed."),
        ("name", "a\x1b[31mb", "letters, digits and signs only"),
        ("name", "a\x7fb", "letters, digits and signs only"),
        ("name", "x" * 81, "at most 80 characters"),
        ("name", "x" * 500_000, "at most 80 characters"),
        ("endpoints", ["files"], "There is no such endpoint."),
        ("endpoints", ["chat/completions", "\x00"], "There is no such endpoint."),
        ("endpoints", ["models"] * 500 + ["x"], "There is no such endpoint."),
        ("model_names", ["their-model"], "There is no such model"),
        ("model_names", ["nothing"], "There is no such model"),
        ("model_names", ["\x00"], "There is no such model"),
        ("model_names", ["x" * 100_000], "There is no such model"),
        ("networks", "nonsense", "“nonsense” is no IP address or network."),
        ("networks", "300.1.1.1", "is no IP address"),
        ("networks", "192.0.2.0/33", "is no IP address"),
        ("networks", "192.0.2.7/24", "Did you mean 192.0.2.0/24?"),
        ("networks", "2001:db8::1/32", "Did you mean 2001:db8::/32?"),
        ("networks", "::ffff:192.0.2.7", "as 192.0.2.7/32"),
        ("networks", "::ffff:192.0.2.0/120", "as 192.0.2.0/24"),
        ("networks", "fe80::1%eth0", "is no IP address"),
        ("networks", "192.000.002.007", "is no IP address"),
        ("networks", "3221225985", "is no IP address"),
        ("networks", "x" * 300, "x…” is no IP address"),
        ("networks", "\x00", "Null characters are not allowed."),
        ("networks", "\n".join(f"10.0.0.{n}" for n in range(51)), "At most 50 addresses"),
        ("networks", "192.0.2.1\n" * 10_000, "at most 3000 characters"),
        ("expires_in", "", "This field is required."),
        ("expires_in", "keep", "Choose one of these."),
        ("expires_in", "-30", "Choose one of these."),
        ("expires_in", "9" * 400, "Choose one of these."),
        ("expires_on", (TODAY - dt.timedelta(days=2)).isoformat(), "This day is over."),
        ("expires_on", "0001-01-01", "This day is over."),
        ("expires_on", "9999-12-31", "within ten years"),
        ("expires_on", (TODAY + dt.timedelta(days=3656)).isoformat(), "within ten years"),
        ("expires_on", "10000-01-01", "Enter a valid date."),
        ("expires_on", "2030-02-30", "Enter a valid date."),
        ("expires_on", "tomorrow", "Enter a valid date."),
        ("expires_on", "\x00", "Enter a valid date."),
        ("client_id", "not-an-id", "Enter a valid UUID."),
        ("client_id", "\x00" * 5000, "Enter a valid UUID."),
    ],
)
def test_a_mistake_is_told_and_makes_no_key(holder, house, field, value, sentence):
    response = holder.post(CREATE, new(**{field: value}))
    assert response.status_code == 422
    errors = " ".join(response.context["form"].errors[field])
    assert sentence in errors
    assert len(errors) < 300
    assert not ApiKey.objects.exists()


def test_nor_does_it_change_one(holder, house):
    holder.post(CREATE, new())
    key = ApiKey.objects.get()
    before = ApiKey.objects.values().get()
    for given in (
        {"networks": "x"},
        {"name": "\x00"},
        {"model_names": ["their-model"]},
        {"expires_in": "x"},
    ):
        response = holder.post(of(key, "key-change"), changed(**given))
        assert response.status_code == 422
        assert "errorlist" in response.content.decode()
    assert ApiKey.objects.values().get() == before


def test_a_flood_of_fields_is_refused(holder):
    assert holder.post(CREATE, new(model_names=["m"] * 2000)).status_code == 400
    assert holder.post(CREATE, new(networks="x" * 6_000_000)).status_code == 413


def test_forged_fields_are_not_taken(holder, owner, outsider):
    forged = {"owner": str(outsider.pk), "digest": "x", "revoked_at": "2020-01-01", "made_by": "x"}
    holder.post(CREATE, new(**forged))
    key = ApiKey.objects.get()
    assert (key.owner, key.made_by, key.revoked_at) == (owner, owner, None)


def test_today_is_a_day_that_a_key_can_end_with(holder):
    holder.post(CREATE, new(expires_on=timezone.localdate().isoformat()))
    assert timezone.now() < ApiKey.objects.get().expires_at


@pytest.mark.parametrize("name", ["\ud800", "a\udcffb", "\x9b"])
def test_half_a_character_is_no_name(name):
    with pytest.raises(ValidationError):
        clean_name(name)


@pytest.mark.parametrize("name", ["Łódź 中文 العربية", "👩‍🚀 rocket", "a\u00a0b\u3000c\nd"])
def test_names_of_all_the_world(name):
    assert clean_name(name) == " ".join(name.split())


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("", ()),
        (" \r\n ,; ", ()),
        ("192.0.2.7", ("192.0.2.7/32",)),
        ("2001:DB8:0::7", ("2001:db8::7/128",)),
        ("192.0.2.0/255.255.255.0", ("192.0.2.0/24",)),
        ("0.0.0.0/0 ::/0", ("0.0.0.0/0", "::/0")),
        ("10.0.0.1,10.0.0.1;10.0.0.2", ("10.0.0.1/32", "10.0.0.2/32")),
    ],
)
def test_networks_are_kept_in_one_notation(written, kept):
    assert parse(written) == kept
