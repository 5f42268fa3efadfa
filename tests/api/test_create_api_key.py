"""`manage.py create_api_key`: the secret and nothing else, or a sentence."""

import datetime as dt
import io
import re

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts import api_keys
from accounts.actions import deactivate_user
from accounts.api_keys import authenticate
from accounts.models import ApiKey

pytestmark = pytest.mark.django_db


def run(*options: str, **more) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command("create_api_key", *options, stdout=out, stderr=err, **more)
    return out.getvalue(), err.getvalue()


def test_the_secret_alone_is_printed(owner):
    out, err = run("--email", " Owner@Example.test", "--name", "a  script")
    assert re.fullmatch(r"sk-causerie-[\w-]{43}\n", out)
    key = authenticate(out.strip(), "192.0.2.7")
    assert (key.owner, key.made_by, key.name, key.expires_at) == (owner, owner, "a script", None)
    assert "a script" in err
    assert out.strip() not in err


def test_quietly(owner):
    assert run("--email", owner.email, "--name", "x", verbosity=0)[1] == ""


def test_it_can_be_narrowed(owner, house):
    out, _ = run(
        "--email", owner.email, "--name", "x", "--expires-days", "7",
        "--endpoint", "models", "--endpoint", "chat/completions", "--model", "plain-model",
        "--network", "192.0.2.0/24", "--network", "2001:db8::/32",
    )  # fmt: skip
    key = authenticate(out.strip(), "192.0.2.7")
    assert set(key.endpoints) == {"models", "chat/completions"}
    assert key.model_names == ["plain-model"]
    assert key.networks == ["192.0.2.0/24", "2001:db8::/32"]
    left = key.expires_at - timezone.now()
    assert dt.timedelta(days=6.9) < left <= dt.timedelta(days=7)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--name", ""], "--name: This field is required."),
        (["--name", "a\x00"], "--name: Null characters"),
        (["--name", "\udcff"], "--name: A name holds letters"),
        (["--name", "x" * 81], "--name: Ensure"),
        (["--expires-days", "0"], "--expires-days: Ensure"),
        (["--expires-days", "-1"], "--expires-days: Ensure"),
        (["--expires-days", "9" * 5000], "--expires-days: "),
        (["--expires-days", "nan"], "--expires-days: Enter a whole number."),
        (["--endpoint", "files"], "--endpoint: There is no such endpoint."),
        (["--model", "their-model"], "--model: There is no such model"),
        (["--model", "\udcff"], "--model: There is no such model"),
        (["--network", "192.0.2.7/24"], "--network: “192.0.2.7/24” names a machine"),
        (["--network", "\udcff"], "--network: "),
        (["--network", "1.1.1.1"] * 10_000, "--network: "),
        (["--email", "nobody@example.test"], "Nobody has the e-mail address"),
        (["--email", ""], "Nobody has the e-mail address"),
        (["--email", "a\x00@example.test"], "Nobody has the e-mail address"),
        (["--email", "\udcff@example.test"], "Nobody has the e-mail address"),
        (["--email", "x" * 100_000], "Nobody has the e-mail address"),
    ],
)
def test_a_mistake_is_told_and_makes_no_key(owner, house, options, sentence):
    with pytest.raises(CommandError) as told:
        run("--email", owner.email, "--name", "x", *options)
    assert sentence in str(told.value)
    assert len(str(told.value)) < 400
    assert not ApiKey.objects.exists()


def test_who_is_suspended_can_have_none(owner):
    deactivate_user(owner)
    with pytest.raises(CommandError, match="suspended"):
        run("--email", owner.email, "--name", "x")


def test_there_is_an_end_to_them(owner, monkeypatch):
    monkeypatch.setattr(api_keys, "MOST_WORKING", 0)
    with pytest.raises(CommandError, match="too many"):
        run("--email", owner.email, "--name", "x")


def test_what_it_needs_is_asked(owner):
    for options in (["--email", owner.email], ["--name", "x"]):
        with pytest.raises(CommandError, match="required"):
            run(*options)
