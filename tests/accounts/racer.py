"""One of many who sign up at the same moment: a process of its own, through the real sign-up page.

Imported by the fork server before it forks, so that thirty processes cost one start of Django.
"""

# ruff: noqa: E402 - Django has to be set up before what uses it is imported
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier

from django.conf import settings
from django.db import connection
from django.test import Client


def race(number: int, database: str, barrier: Barrier, results: Connection) -> None:
    """Sign up once a round; the parent empties the tables in between. Sends each status back."""
    settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = database
    connection.settings_dict["OPTIONS"].pop("pool", None)
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.SETUP_TOKEN_REQUIRED = False
    settings.ALLOWED_HOSTS = ["*"]
    settings.STORAGES["staticfiles"]["BACKEND"] = (
        "django.contrib.staticfiles.storage.StaticFilesStorage"
    )
    connection.ensure_connection()
    client = Client(REMOTE_ADDR=f"10.0.0.{number}")
    for address in iter(results.recv, None):
        client.cookies.clear()
        barrier.wait(60)
        response = client.post("/accounts/signup/", {"email": address, "password1": "gate-lan-41"})
        results.send(response.status_code)
