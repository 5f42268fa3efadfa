"""Pictures in a chat: sent along, or fetched by us from a public address and nowhere else."""

import base64
import functools
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from api.v1 import pictures
from boundary.egress.addresses import Rules
from boundary.egress.fetch import fetch
from boundary.pictures import media_type
from tests.api.v1.ledger import record
from tests.api.v1.test_refusals import error_of
from tests.boundary.test_egress import FakeResolver
from tests.fake_backend.replies import PNG
from usage.limits import set_limits
from usage.models import UsageRecord

CHAT = "/v1/chat/completions"
NEAR = "127.0.0.1"
DATA = "data:image/png;base64," + base64.b64encode(PNG).decode()


class Near(Rules):
    """Lets the test's own server be called as if it were public; nothing else inside."""

    def check(self, host: str) -> None:
        if host != NEAR:
            super().check(host)


class Gallery:
    """A server of pictures: what each path answers, and who asked."""

    def __init__(self, address: str) -> None:
        self.pages: dict[str, tuple[int, dict[str, str], bytes]] = {"/cat.png": (200, {}, PNG)}
        self.seen: list[BaseHTTPRequestHandler] = []
        gallery = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                gallery.seen.append(self)
                status, headers, body = gallery.pages.get(self.path, (404, {}, b"none"))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.path == "/slow.png":
                    time.sleep(1)
                self.wfile.write(body)

            def log_message(self, *arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer((address, 0), Handler)
        self.url = f"http://{address}:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def gallery() -> Iterator[Gallery]:
    made = Gallery(NEAR)
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def _near(monkeypatch):
    monkeypatch.setattr(pictures, "_RULES", Near(heeds_list=False))


def shown(*urls: str) -> dict:
    parts: list[dict] = [
        {"type": "image_url", "image_url": {"url": u, "detail": "low"}} for u in urls
    ]
    question = {"type": "text", "text": "What is at https://example.test/ and here?"}
    return {
        "model": "house-model",
        "messages": [
            {"role": "system", "content": "See."},
            {"role": "user", "content": [question, *parts]},
        ],
    }


def sent_on(fake) -> list[dict]:
    (call,) = fake.calls
    return call.messages[1]["content"]


def test_a_picture_that_is_sent_along(client, model, fake):
    client.chat.completions.create(**shown(DATA))
    assert sent_on(fake) == shown(DATA)["messages"][1]["content"]
    assert record().held_input_tokens == model.context_window


@pytest.mark.usefixtures("_near")
class TestFetched:
    def test_a_picture_comes_to_the_provider_with_the_request(self, client, model, fake, gallery):
        client.chat.completions.create(**shown(f"{gallery.url}/cat.png", DATA))
        assert sent_on(fake) == shown(DATA, DATA)["messages"][1]["content"]
        (asked,) = gallery.seen
        assert not {"authorization", "cookie"} & {name.lower() for name in asked.headers}
        assert record().state == "settled"

    def test_an_address_without_the_object_around_it(self, http, model, fake, gallery):
        part = {"type": "image_url", "image_url": f"{gallery.url}/cat.png"}
        asked = shown() | {"messages": [{"role": "user", "content": [part]}]}
        assert http.post(CHAT, json=asked).status_code == 200
        assert fake.calls[0].messages[0]["content"] == [{"type": "image_url", "image_url": DATA}]

    def test_what_it_is_is_told_by_its_content(self, http, model, fake, gallery):
        gallery.pages["/x"] = (200, {"Content-Type": "text/html"}, b"\xff\xd8\xff\xe0" + b"x" * 9)
        assert http.post(CHAT, json=shown(f"{gallery.url}/x")).status_code == 200
        url = sent_on(fake)[1]["image_url"]["url"]
        assert url.startswith("data:image/jpeg;base64,")

    def test_nothing_is_fetched_for_who_may_ask_nothing(self, http, model, fake, gallery, owner):
        set_limits(owner, max_streams=0)
        assert http.post(CHAT, json=shown(f"{gallery.url}/cat.png")).status_code == 429
        assert not gallery.seen
        assert not fake.calls

    def test_a_redirect_is_followed(self, http, model, fake, gallery):
        gallery.pages["/old"] = (302, {"Location": "/cat.png"}, b"")
        assert http.post(CHAT, json=shown(f"{gallery.url}/old")).status_code == 200
        assert sent_on(fake)[1]["image_url"]["url"] == DATA


class TestRefused:
    """With nothing sent to a provider and nothing charged."""

    @pytest.fixture(autouse=True)
    def _nothing_is_charged(self, model, fake):
        yield
        assert not fake.calls
        assert not UsageRecord.objects.exists()

    def refused(self, http, *urls: str) -> str:
        error = error_of(http.post(CHAT, json=shown(*urls)), 400)
        assert error["code"] == "invalid_image_url"
        return error["message"]

    @pytest.mark.usefixtures("_near")
    @pytest.mark.parametrize(
        "told",
        [
            (404, {}, PNG),
            (500, {}, PNG),
            (200, {}, b""),
            (200, {"Content-Type": "image/png"}, b"<html>secret</html>"),
            (200, {"Content-Type": "image/svg+xml"}, b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
            (302, {"Location": "/page"}, b""),
            (302, {"Location": "file:///etc/passwd"}, b""),
            (302, {}, PNG),
        ],
    )
    def test_what_is_no_picture(self, http, gallery, told):
        gallery.pages["/page"] = told
        assert "secret" not in self.refused(http, f"{gallery.url}/page")

    @pytest.mark.usefixtures("_near")
    def test_more_than_is_taken_of_one_or_of_all(self, http, gallery, monkeypatch):
        monkeypatch.setattr(pictures, "MOST_BYTES", 3 * len(PNG) - 1)
        gallery.pages["/large.png"] = (200, {}, PNG * 3)
        self.refused(http, f"{gallery.url}/large.png")
        self.refused(http, *[f"{gallery.url}/cat.png"] * 3)

    @pytest.mark.usefixtures("_near")
    def test_more_time_than_is_given(self, http, gallery, monkeypatch):
        monkeypatch.setattr(pictures, "SECONDS", 0.2)
        gallery.pages["/slow.png"] = (200, {}, PNG)
        self.refused(http, f"{gallery.url}/slow.png")

    @pytest.mark.usefixtures("_near")
    def test_too_many(self, http, gallery):
        self.refused(http, *[f"{gallery.url}/cat.png"] * (pictures.MOST_PICTURES + 1))
        assert not gallery.seen

    @pytest.mark.usefixtures("_near")
    def test_a_redirect_that_leads_inside(self, http, gallery):
        inside = Gallery("127.0.0.2")
        gallery.pages["/away"] = (302, {"Location": f"{inside.url}/cat.png"}, b"")
        self.refused(http, f"{gallery.url}/away")
        assert len(gallery.seen) == 1
        assert not inside.seen
        inside.server.shutdown()
        inside.server.server_close()

    @pytest.mark.parametrize(
        "host",
        [
            "127.0.0.1",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "localhost",
            "127.0.0.1.",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[64:ff9b::7f00:1]",
            "0.0.0.0",
            "user@127.0.0.1",
            "127.0.0.1%00.example.test",
        ],
    )
    def test_a_spelling_of_loopback(self, http, gallery, host):
        self.refused(http, f"http://{host}:{gallery.server.server_port}/cat.png")
        assert not gallery.seen

    @pytest.mark.parametrize(
        "url",
        [
            "http://169.254.169.254/latest/meta-data/",
            "http://10.0.0.1/a.png",
            "http://192.168.1.1/a.png",
            "http://[fd00:ec2::254]/",
            "http://[fe80::1]/",
            "HTTPS://127.0.0.1/a.png",
            "http:///a.png",
            "http://",
            "https://exa mple.test/",
            "http://example.test/\r\nHost: evil",
        ],
    )
    def test_what_is_inside_or_no_address(self, http, url):
        self.refused(http, url)

    def test_our_own_house(self, http):
        """As Postgres and Valkey listen: it is told in the words for a port where nothing does."""
        with socket.create_server((NEAR, 0)) as listener:
            listener.settimeout(0.3)
            port = listener.getsockname()[1]
            told = self.refused(http, f"http://{NEAR}:{port}/")
            with pytest.raises(TimeoutError):
                listener.accept()
        closed = self.refused(http, f"http://{NEAR}:{port}/")
        assert told == closed

    def test_what_the_settings_open_for_providers(self, http, gallery, settings):
        settings.EGRESS_ALLOW_PRIVATE = ["127.0.0.0/8"]
        self.refused(http, f"{gallery.url}/cat.png")
        assert not gallery.seen

    @pytest.mark.parametrize("address", ["127.0.0.1", "::ffff:127.0.0.1", "10.0.0.7"])
    def test_a_name_that_leads_inside(self, http, gallery, monkeypatch, address):
        resolver = FakeResolver(["93.184.216.34", address])
        monkeypatch.setattr(pictures, "fetch", functools.partial(fetch, resolver=resolver))
        self.refused(http, f"http://inside.test:{gallery.server.server_port}/cat.png")
        assert resolver.asked == ["inside.test"]
        assert not gallery.seen

    @pytest.mark.usefixtures("_near")
    def test_a_name_that_changes_its_mind(self, http, gallery, monkeypatch):
        """DNS rebinding: each connection goes where it was checked to go."""
        resolver = FakeResolver([NEAR], ["127.0.0.2"])
        monkeypatch.setattr(pictures, "fetch", functools.partial(fetch, resolver=resolver))
        self.refused(http, *[f"http://rebind.test:{gallery.server.server_port}/cat.png"] * 2)
        assert resolver.asked == ["rebind.test", "rebind.test"]
        assert len(gallery.seen) == 1

    @pytest.mark.usefixtures("_near")
    def test_a_redirect_to_a_name_that_leads_inside(self, http, gallery, monkeypatch):
        resolver = FakeResolver([NEAR], ["127.0.0.2"])
        monkeypatch.setattr(pictures, "fetch", functools.partial(fetch, resolver=resolver))
        port = gallery.server.server_port
        gallery.pages["/away"] = (302, {"Location": f"http://inside.test:{port}/cat.png"}, b"")
        self.refused(http, f"http://outside.test:{port}/away")
        assert resolver.asked == ["outside.test", "inside.test"]
        assert len(gallery.seen) == 1

    @pytest.mark.parametrize(
        "part",
        [
            {"type": "text", "text": "a", "image_url": {"url": "https://example.test/a.png"}},
            {"type": "image_url", "image_url": {"url": DATA, "more": "http://127.0.0.1/"}},
            {"type": "image_url", "image_url": {"url": DATA}, "url": "http://127.0.0.1/"},
            {"type": "video_url", "video_url": {"url": "http://127.0.0.1/"}},
            {"type": "audio_url", "audio_url": {"url": "file:///etc/passwd"}},
            {"type": "input_audio", "input_audio": {"data": "https://127.0.0.1/", "format": "wav"}},
            {"type": "file", "file": {"file_data": "ftp://127.0.0.1/"}},
            {"type": "image", "image": " https://127.0.0.1/"},
            {"type": "x", "deep": [{"a": ["gopher://127.0.0.1/"]}]},
        ],
    )
    def test_addresses_in_other_places(self, http, part):
        asked = {"model": "house-model", "messages": [{"role": "user", "content": [part]}]}
        error = error_of(http.post(CHAT, json=asked), 400)
        assert error["param"].startswith("messages[0].content")

    @pytest.mark.parametrize("content", [7, {"type": "text", "text": "a"}, True, [["a"]], [None]])
    def test_content_that_is_none(self, http, content):
        asked = {"model": "house-model", "messages": [{"role": "user", "content": content}]}
        error_of(http.post(CHAT, json=asked), 400)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xdb", "image/jpeg"),
        (b"GIF87a..", "image/gif"),
        (b"GIF89a..", "image/gif"),
        (b"RIFF\n\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\n\0\0\0WAVEfmt ", None),
        (b" " + PNG, None),
        (b"<svg/>", None),
        (b"", None),
    ],
)
def test_the_kinds_of_pictures(data, kind):
    assert media_type(data) == kind
