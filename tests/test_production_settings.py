"""The settings as they are in production: from the environment, in a process of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parent.parent
PRODUCTION = {
    "CAUSERIE_PUBLIC_URL": "https://chat.example.org",
    "SECRET_KEY": "z8Jq-0uVd3Kf7yWm2Xn9Rb5Tc1Hg6Lp4Es_aQoIiUyBvNkD-m3Qa7",
    "CAUSERIE_MASTER_KEY": "a-master-key-of-production",
    "EMAIL_URL": "smtp+tls://user:pass@mail.example.org:587",
    "BEHIND_PROXY": "true",
}


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=HOUSE,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("more", [{}, {"BEHIND_PROXY": "false"}, {"SIGNUP_OPEN": "false"}])
def test_the_deployment_check_finds_nothing(more):
    done = manage("check", "--deploy", "--fail-level", "WARNING", **{**PRODUCTION, **more})
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout + done.stderr


def test_the_deployment_check_is_awake():
    done = manage(
        "check",
        "--deploy",
        "--fail-level",
        "WARNING",
        SECRET_KEY="short",
        **{name: value for name, value in PRODUCTION.items() if name != "SECRET_KEY"},
    )
    assert done.returncode != 0


def test_what_production_settings_say():
    question = (
        "from django.conf import settings as s;"
        "print(s.DEBUG, s.SESSION_COOKIE_SECURE, s.ALLOWED_HOSTS[0], s.ACCOUNT_EMAIL_VERIFICATION,"
        "s.ALLAUTH_TRUSTED_PROXY_COUNT, s.SETUP_TOKEN_REQUIRED, s.MFA_ALLOW_UNVERIFIED_EMAIL)"
    )
    done = manage("shell", "--no-imports", "-c", question, **PRODUCTION)
    assert done.stdout.split() == [
        "False",
        "True",
        "chat.example.org",
        "mandatory",
        "1",
        "True",
        "False",
    ]


@pytest.mark.parametrize(
    ("environment", "needed"),
    [
        ({}, False),
        ({"HOST": "localhost"}, False),
        ({"HOST": "::1"}, False),
        ({"HOST": "0.0.0.0"}, True),
        ({"HOST": "192.168.1.5"}, True),
        ({"CAUSERIE_PUBLIC_URL": "https://chat.example.org"}, True),
        ({"BEHIND_PROXY": "true"}, True),
        ({"HOST": "0.0.0.0", "SETUP_TOKEN_REQUIRED": "false"}, False),
    ],
)
def test_the_first_account_needs_the_link_wherever_others_reach_the_address(environment, needed):
    question = "from django.conf import settings; print(settings.SETUP_TOKEN_REQUIRED)"
    done = subprocess.run(
        [sys.executable, "-c", question],
        cwd=HOUSE,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str(needed)
