"""`/healthz` and `/readyz`: who may ask, and what they say when a part is missing."""

import logging

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from ops import health
from ops.logs import NotHealth

LIVE, READY = reverse("ops:health-live"), reverse("ops:health-ready")


@pytest.fixture
def _worker_heard():
    """As if a worker had just been heard of."""
    import time

    health.redis_client().zadd(health.WORKERS_KEY, {"celery@test": time.time()})
    yield
    health.redis_client().delete(health.WORKERS_KEY)


@pytest.mark.django_db
@pytest.mark.usefixtures("_worker_heard")
@pytest.mark.parametrize("who", ["client", "owner_client"])
def test_everybody_may_ask(who: str, request: pytest.FixtureRequest):
    client = request.getfixturevalue(who)
    assert client.get(LIVE).content == b"ok\n"
    answer = client.get(READY)
    assert answer.status_code == 200
    assert answer.json()["ready"] is True
    assert "no-store" in answer["Cache-Control"]
    assert not answer.cookies


@pytest.mark.parametrize("path", [LIVE, READY])
@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_only_reading(client: Client, path: str, method: str):
    assert getattr(Client(), method)(path).status_code == 405


def test_alive_asks_no_other_part(client: Client):
    """No database mark: a query would fail the test."""
    assert client.get(LIVE).status_code == 200


@pytest.mark.django_db
@pytest.mark.usefixtures("_worker_heard")
@pytest.mark.parametrize("part", sorted(health.CHECKS))
def test_a_missing_part_is_named_and_nothing_else_told(client, monkeypatch, part: str):
    def fail() -> None:
        raise OperationalError("password of causerie at 10.0.0.7 refused")

    monkeypatch.setitem(health.CHECKS, part, fail)
    answer = client.get(READY)
    assert answer.status_code == 503
    assert answer.json() == {
        "ready": False,
        "parts": {name: name != part for name in health.CHECKS},
    }


@pytest.mark.django_db
def test_a_worker_not_heard_of_for_long_is_missing(client):
    import time

    old = time.time() - health.WORKER_SILENT_SECONDS - 1
    health.redis_client().zadd(health.WORKERS_KEY, {"celery@old": old})
    assert client.get(READY).json()["parts"]["worker"] is False


@pytest.mark.django_db
def test_a_waiting_migration_is_noticed(client, monkeypatch):
    monkeypatch.setattr(health, "_migrated", False)
    monkeypatch.setattr("ops.health.MigrationExecutor.migration_plan", lambda *_: ["one"])
    assert client.get(READY).json()["parts"]["migrations"] is False


def test_not_ready_is_no_line_in_the_log():
    record = logging.makeLogRecord({"msg": {"event": "request_finished", "request": "GET /readyz"}})
    assert not NotHealth().filter(record)
    record.msg = {"event": "request_finished", "request": "GET /other"}
    assert NotHealth().filter(record)
