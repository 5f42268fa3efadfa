"""Whoever is suspended is out within a second, on every way in, with hints and without.

The house's processes are real: the web process that has the socket, the worker that streams, and
the page of the administration through which it is done. What is measured begins when the page has
answered or the row was written, which is after the commit.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection
from urllib.parse import urlencode

import pytest
from django.db import connection, transaction
from django.utils.timezone import now

from accounts.actions import reactivate_user, save_team
from accounts.api_keys import authenticate, issue_key
from accounts.errors import OwnerSuspended
from accounts.models import Team, User
from accounts.rights import bump_rights
from chat.models import Message
from runs.models import Run
from runs.states import FINAL
from tests.faults import books
from tests.people import make_person, signed_in

SECOND = 1.0
LONG = "fake-d20-n900"  # eighteen seconds of words


@dataclass
class Ended:
    """Seconds from the suspension until each way was shut, as far as it is."""

    began: float
    after: dict[str, float] = field(default_factory=dict)

    def note(self, what: str, is_so: object) -> bool:
        if is_so and what not in self.after:
            self.after[what] = time.monotonic() - self.began
        return what in self.after


class Administrator:
    """One who presses buttons of the administration in a browser of their own."""

    def __init__(self, scene) -> None:
        self.port = scene.house.port
        self.user = make_person(is_staff=True, is_superuser=True)
        self.cookie = f"sessionid={signed_in(self.user).cookies['sessionid'].value}"

    def post(self, path: str, **fields: object) -> None:
        token = secrets.token_hex(16)
        headers = {
            "Cookie": f"{self.cookie}; csrftoken={token}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        http = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            form = urlencode({"csrfmiddlewaretoken": token, **fields}, doseq=True)
            http.request("POST", path, form, headers)
            assert http.getresponse().status == 302
        finally:
            http.close()

    def press_suspend(self, person: User) -> None:
        inlines = ("emailaddress_set", "authenticator_set", "usersession_set")
        counts = ("TOTAL_FORMS", "INITIAL_FORMS")
        management = {f"{inline}-{count}": "0" for inline in inlines for count in counts}
        path = f"/admin/accounts/user/{person.pk}/change/"
        self.post(path, name=person.name, accounts_user_deactivate="1", **management)

    def suspend_in_the_list(self, person: User) -> None:
        self.post("/admin/accounts/user/", action="deactivate_all", _selected_action=[person.pk])


def write_the_row(person: User) -> None:
    """Suspend without a hint to anybody: what is left is to look."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_user SET is_active = false WHERE id = %s", [person.pk])
        cursor.execute("UPDATE accounts_rightsversion SET version = version + 1")


def get(scene, path: str) -> int:
    http = HTTPConnection("127.0.0.1", scene.house.port, timeout=5)
    try:
        http.request("GET", path, headers={"Cookie": scene.cookie})
        return http.getresponse().status
    finally:
        http.close()


def is_refused(secret: str) -> bool:
    try:
        authenticate(secret, "127.0.0.1")
    except OwnerSuspended:
        return True
    return False


def streaming(scene, exchange, reader) -> Run:
    """Wait until the page shows words of the answer."""
    run = exchange.answer.run
    scene.until(lambda: len(reader.page.words(run.pk)) > 5)
    return run


def watch_the_end(scene, runs, readers, secret: str, suspend: Callable[[], None]) -> Ended:
    closes = [len(reader.closes) for reader in readers]
    suspend()
    ended = Ended(time.monotonic())
    ids = [run.pk for run in runs]
    while time.monotonic() - ended.began < 5 * SECOND:
        pairs = zip(readers, closes, strict=True)
        seen = [
            ended.note("sockets", all(len(r.closes) > before for r, before in pairs)),
            ended.note("runs", Run.objects.filter(pk__in=ids, state__in=FINAL).count() == len(ids)),
            ended.note("key", is_refused(secret)),
            ended.note("session", get(scene, "/settings/") == 302),
        ]
        if all(seen):
            break
        time.sleep(0.02)
    calls = books.calls_of(scene.house.fake_url)[-len(runs) :]
    assert all(call["client_closed"] for call in calls), "the provider still writes"
    # The fake's clock is this computer's: the same that `time.monotonic` reads.
    ended.after["upstream"] = max(call["ended_at"] for call in calls) - ended.began
    return ended


@pytest.mark.parametrize("way", ["button", "list", "row"])
def test_every_way_is_shut_within_a_second(scene, times, way):
    administrator = Administrator(scene)
    suspend = {
        "button": administrator.press_suspend,
        "list": administrator.suspend_in_the_list,
        "row": write_the_row,
    }[way]
    _, secret = issue_key(scene.person, "A program")
    worst: dict[str, float] = {}
    for _ in range(times(4, 20)):
        scene.cookie = f"sessionid={signed_in(scene.person).cookies['sessionid'].value}"
        scene.person.refresh_from_db()
        exchanges = [scene.ask(LONG) for _ in range(2)]
        readers = [scene.watch(exchange) for exchange in exchanges]
        pairs = zip(exchanges, readers, strict=True)
        runs = [streaming(scene, exchange, reader) for exchange, reader in pairs]
        ended = watch_the_end(scene, runs, readers, secret, lambda: suspend(scene.person))
        assert {"sockets", "runs", "key", "session", "upstream"} == set(ended.after), ended.after
        worst = {what: max(worst.get(what, 0), each) for what, each in ended.after.items()}
        for run, reader in zip(runs, readers, strict=True):
            check_kept(run, reader)
        assert scene.post(LONG, run.client_id) == 401
        scene.leave(readers)
        reactivate_user(scene.person)
    print(f"{way}: at worst", {what: f"{each:.2f} s" for what, each in worst.items()})
    assert max(worst.values()) < SECOND


def check_kept(run: Run, reader) -> None:
    """It ended as stopped, with all that was on show, and the socket said why it closed."""
    run.refresh_from_db()
    assert (run.state, run.error_kind) == ("stopped", "")
    text = Message.objects.get(run=run).text
    assert len(text.split()) >= len(reader.page.words(run.pk)) > 5
    assert 4401 in reader.closes


def test_what_is_queued_never_starts_and_ends(scene):
    """A suspended person's place in the line of a busy provider goes to the next."""
    scene.provider.max_streams = 1
    scene.provider.save(update_fields=["max_streams"])
    first = scene.ask(LONG)
    reader = scene.watch(first)
    streaming(scene, first, reader)
    waiting = [scene.ask(LONG).answer.run for _ in range(3)]
    time.sleep(0.3)
    asked = now()
    Administrator(scene).press_suspend(scene.person)
    ended = scene.finals(seconds=5)
    print(f"all ended after {scene.took:.2f} s")
    assert {run.state for run in ended} == {"stopped"}
    assert [run.fence for run in Run.objects.filter(pk__in=[r.pk for r in waiting])] == [0] * 3
    assert all(run.finished_at >= asked for run in ended)
    assert len(books.calls_of(scene.house.fake_url)) == 1
    scene.leave([reader])


def test_a_team_left_ends_what_its_model_writes(scene, times):
    """The person stays, reads the sentence, and sees all that was written."""
    team = Team(name="Readers")
    save_team(team, [scene.person])
    scene.model(LONG).teams.add(team)
    administrator = Administrator(scene)
    took = [seconds_to_the_end(scene, administrator, team) for _ in range(times(4, 20))]
    assert all(call["client_closed"] for call in books.calls_of(scene.house.fake_url))
    print(f"shown as ended at worst after {max(took):.2f} s")
    assert max(took) < SECOND


def seconds_to_the_end(scene, administrator: Administrator, team: Team) -> float:
    """Take the person out of the team in the middle of an answer; return how long that went on."""
    save_team(team, [scene.person])
    exchange = scene.ask(LONG)
    reader = scene.watch(exchange)
    run = streaming(scene, exchange, reader)
    administrator.post(f"/admin/accounts/team/{team.pk}/change/", name="Readers", members=[])
    began = time.monotonic()
    scene.until(lambda: reader.page.state(run.pk) == "interrupted", seconds=3)
    took = time.monotonic() - began
    run.refresh_from_db()
    assert run.error_kind == "withdrawn"
    assert "not offered to you any more" in reader.log[-1]
    assert len(reader.page.words(run.pk)) > 5
    assert not reader.closes
    return took


def test_a_version_that_moves_for_others_ends_nothing(scene):
    exchange = scene.ask("fake-d10-n150")
    reader = scene.watch(exchange)
    streaming(scene, exchange, reader)
    for _ in range(5):
        with transaction.atomic():
            bump_rights()
        time.sleep(0.1)
    assert scene.finals()[0].state == "done"
    assert not reader.closes
