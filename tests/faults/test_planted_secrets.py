"""Secrets are put wherever one can be put, and found nowhere: logs, pages, Redis, Postgres.

The house's processes are real and as talkative as they can be. What has no shape that gives a
secret away (a password, some providers' keys) is told apart by its place alone.
"""

import datetime as dt
import json
import re
import secrets
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
from celery import Celery
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import connection

from accounts.api_keys import issue_key, rotate_key
from ops.audit.acts import Act
from ops.models import AuditEntry
from providers.actions import add_model, add_provider
from runs.models import Run
from tests.faults.house import WORKERS, House
from tests.people import make_administrator, signed_in

PROVIDERS = "planted0provider1key2of3no4shape"
LOGIN = "/accounts/login/"
PASSWORD = "planted-password-lantern-77"
CSRF = secrets.token_hex(16)
# Rows of sessions are found by their key.
OF_SESSIONS = {"django_session", "usersessions_usersession"}
# What a client wrote into an address may lead it on; sessions and tokens are told to it.
OWN_WORDS = {"key", "former key", "session", "renewed session", "token"}
SHOWN = re.compile(r"sk-causerie-[A-Za-z0-9_-]{43}")


@pytest.fixture(scope="module")
def standing_house() -> Iterator[House]:
    folder = Path(tempfile.mkdtemp(prefix="causerie-secrets-"))
    house = House(folder, LOG_LEVEL="DEBUG", LOG_JSON="on")
    yield house
    house.stop()
    shutil.rmtree(folder)


@dataclass
class Program:
    """A client that keeps all that it is told."""

    house: House
    cookies: str
    told: list[str] = field(default_factory=list)

    def ask(self, method: str, path: str, body: object = b"", **headers: str) -> str:
        http = HTTPConnection("127.0.0.1", self.house.port, timeout=20)
        try:
            http.request(
                method, path, body, {name.replace("_", "-"): v for name, v in headers.items()}
            )
            response = http.getresponse()
            text = f"{response.headers}\n{response.read().decode('utf-8', 'replace')}"
        except (OSError, HTTPException) as error:
            text = repr(error)
        finally:
            http.close()
        self.told.append(text)
        return text

    def post(self, path: str, browser: str = "", **given: object) -> str:
        form = urlencode({"csrfmiddlewaretoken": CSRF, **given}, doseq=True)
        kind = "application/x-www-form-urlencoded"
        cookies = f"{self.cookies}; csrftoken={CSRF}"
        headers = {"Cookie": cookies, "Content_Type": kind, "Accept": "text/html"}
        return self.ask("POST", path, form, User_Agent=browser, **headers)


@pytest.fixture
def administrator(house):
    user = make_administrator(f"{uuid.uuid4().hex}@example.test")
    hasher = PBKDF2PasswordHasher()  # the house's, unlike that of other tests
    user.password = hasher.encode(PASSWORD, hasher.salt())
    user.save()
    return user


def program_of(house: House, user) -> tuple[Program, str]:
    session = signed_in(user).cookies["sessionid"].value
    return Program(house, f"sessionid={session}"), session


def queue(house: House, **script: object) -> None:
    url = f"{house.fake_url}/control/queue"
    urlopen(Request(url, json.dumps(script).encode(), method="POST"), timeout=5).close()


def everywhere(program: Program, key: str) -> None:
    """Send a key in headers, addresses, cookies, and bodies, whole and broken."""
    bearer = {"Authorization": f"Bearer {key}"}
    asked = {"model": "planted", "messages": [{"role": "user", "content": "Hi"}]}
    for path in ("/v1/models", "/", "/nowhere/", "/accounts/login/", "/healthz"):
        program.ask("GET", f"{path}?api_key={key}&key={key}", **bearer)
        for name in ("X_Api_Key", "Api_Key", "User_Agent", "Referer", "Cookie", "X_Forwarded_For"):
            program.ask("GET", path, **{name: f"a={key}"})
    program.ask("GET", f"/v1/files/{key}")
    program.ask("GET", f"/nowhere/{key}/")
    program.ask("POST", "/v1/chat/completions", json.dumps(asked | {"api_key": key}), **bearer)
    program.ask("POST", "/v1/chat/completions", f'{{"api_key": "{key}",', **bearer)
    program.ask("POST", "/v1/chat/completions", json.dumps(asked | {"user": key}), **bearer)
    program.post(LOGIN, login="nobody@example.test", password=key, next=f"/?k={key}")


def in_redis(house: House) -> str:
    found = []
    for name in house.redis.scan_iter(count=1000):
        read = {
            b"string": house.redis.get,
            b"list": lambda each: house.redis.lrange(each, 0, -1),
            b"set": house.redis.smembers,
            b"zset": lambda each: house.redis.zrange(each, 0, -1, withscores=True),
            b"hash": house.redis.hgetall,
            b"stream": house.redis.xrange,
        }[house.redis.type(name)]
        found.append(f"{name!r} {read(name)!r}")
    return "\n".join(found)


def tables_with(secret: str) -> set[str]:
    with connection.cursor() as cursor:
        names = connection.introspection.table_names(cursor)
        holding = set()
        for name in names:
            cursor.execute(
                f'SELECT count(*) FROM "{name}" AS t WHERE position(%s IN t::text) > 0', [secret]
            )
            if cursor.fetchone()[0]:
                holding.add(name)
    return holding


def logs_of(house: House) -> str:
    return "".join(f.read_text("utf-8", "replace") for f in (house.folder / "logs").glob("*.log"))


def test_planted_secrets_are_found_nowhere(house, administrator):
    program, session = program_of(house, administrator)
    stranger = Program(house, "a=b", program.told)
    provider = add_provider("Planted", f"{house.fake_url}/v1", secret=PROVIDERS, allow_private=True)
    spec = add_model(provider, "fake-n3", public_name="planted")
    key, former = issue_key(administrator, "planted")
    fresh = rotate_key(key, dt.timedelta(hours=1))
    planted = {
        "key": fresh, "former key": former, "provider's key": PROVIDERS, "password": PASSWORD,
        "master key": settings.MASTER_KEY, "secret key": settings.SECRET_KEY,
        "session": session, "token": CSRF,
    }  # fmt: skip

    for each in (fresh, former):
        everywhere(stranger, each)
        stranger.post(LOGIN, each, login=administrator.email, password=each)
    failed = AuditEntry.objects.filter(act=Act.SIGN_IN_FAILED, owner=administrator.pk)
    assert set(failed.values_list("browser", flat=True)) == {"[hidden]"}
    stranger.post(LOGIN, login=administrator.email, password=PASSWORD)
    stranger.post(LOGIN, login=administrator.email, password=f"{PASSWORD}-wrong")
    proven = program.post("/accounts/reauthenticate/", password=PASSWORD)
    if renewed := re.search(r"sessionid=(\w+)", proven):
        planted["renewed session"] = renewed[1]
        program.cookies = renewed[0]
    echo = {"error": {"message": f"key {PROVIDERS} of you is wrong"}}
    ask = json.dumps({"model": "planted", "messages": [{"role": "user", "content": "Hi"}]})
    for status in (400, 401, 403, 429, 500):
        queue(house, status=status, body=echo, headers={"X-Echo": PROVIDERS})
        program.ask("POST", "/v1/chat/completions", ask, Authorization=f"Bearer {fresh}")
        provider.credentials.update(rests_until=None)
        spec.__class__.objects.update(rests_until=None)

    # A chat whose provider echoes: once read by the worker, once waiting while nobody works.
    queue(house, status=401, body=echo)
    program.post("/start/", text="Hello", client_id=uuid.uuid4(), model=spec.pk)
    until(lambda: Run.objects.exclude(state__in=("queued", "running")).exists())
    made = program.post("/settings/keys/new/", name="p", expires_in="90", client_id=uuid.uuid4())
    for name in WORKERS:
        house.freeze(name)
    program.post("/start/", text="Hello", client_id=uuid.uuid4(), model=spec.pk)
    waiting = in_redis(house)
    for name in WORKERS:
        house.thaw(name)
    assert "api-key-shown-once" in waiting, made
    page = re.search(r"ocation: (\S+)", made)[1]
    shown = program.ask("GET", page, Cookie=program.cookies)
    planted["key made by a page"] = SHOWN.findall(shown)[0]
    program.told.remove(shown)

    # What breaks tells of what broke: with the database gone, and in tasks that do not exist.
    house.kill("postgres")
    stranger.ask("GET", f"/v1/models?key={fresh}", Authorization=f"Bearer {fresh}")
    stranger.post(LOGIN, login=administrator.email, password=PASSWORD)
    program.post("/settings/keys/new/", name="p", expires_in="90")
    house.ensure()
    connection.close()
    in_tasks = {"key": fresh, "provider's key": PROVIDERS, "password": PASSWORD}
    clean = in_redis(house)
    app = Celery(broker=house.broker_url)
    for name in ("runs.tasks.execute", "no.such.task", "usage.tasks.roll_up"):
        for queue_name in ("interactive", "background"):
            app.send_task(name, list(in_tasks.values()), queue=queue_name)
            app.send_task(name, kwargs={"secret": fresh, "password": PASSWORD}, queue=queue_name)
    until(lambda: not house.redis.llen("interactive") and not house.redis.llen("background"))
    time.sleep(1)

    kept = waiting + clean
    logs, told = logs_of(house), "\n".join(program.told)
    assert "request_started" in logs
    assert "no.such.task" in logs
    for name, secret in planted.items():
        assert secret not in logs, f"{name} is in a log: {around(logs, secret)}"
        assert secret not in kept, f"{name} is in Redis: {around(kept, secret)}"
        allowed = OF_SESSIONS if "session" in name else set()
        assert tables_with(secret) <= allowed, f"{name} is in Postgres"
        if name not in OWN_WORDS:
            assert secret not in told, f"{name} is in an answer: {around(told, secret)}"


def around(text: str, secret: str) -> str:
    place = text.index(secret)
    return text[max(0, place - 600) : place + 100]


def until(condition, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
