"""Pages of the web: their text, and why one cannot be read."""

import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import pytest

from boundary.documents import UnreadableDocument, pages, read_document, read_page, reading
from boundary.egress.addresses import Rules
from tests.boundary.papers import PAGE, pdf

PRIVATE = Rules(allow_private=True)


@contextmanager
def site(**found):
    """Serve pages on loopback: a status, a body, and what the server says it is."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            status, body, *kind = found.get(unquote(self.path).strip("/"), (404, b"none"))
            if callable(body):
                body = body()
            self.send_response(status)
            if kind:
                self.send_header("content-type", kind[0])
            if status == 302:
                self.send_header("Location", body.decode())
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


def page_refused(url: str, rules: Rules | None = PRIVATE) -> str:
    with pytest.raises(UnreadableDocument) as error:
        read_page(url, rules)
    assert str(error.value.sentence)
    return error.value.kind


def test_a_page_of_the_web_is_read():
    with site(
        bees=(200, PAGE.encode()), moved=(302, b"/bees"), paper=(200, pdf("On paper."))
    ) as url:
        assert "lavender" in read_page(f"{url}/bees", PRIVATE).text
        assert read_page(f"{url}/moved", PRIVATE).title == "Bees at night"
        assert read_page(f"{url}/paper", PRIVATE).text == "On paper."


def test_a_page_that_cannot_be_read_says_why():
    pages = {
        "broken": (500, b"x"),
        "picture": (200, b"\x89PNG\r\n\x1a\n\0\0"),
        "big": (200, b"x" * 6_000_000),
    }
    with site(**pages) as url:
        assert page_refused(f"{url}/nothing") == "not_found"
        assert page_refused(f"{url}/broken") == "unreachable"
        assert page_refused(f"{url}/picture") == "binary"
        assert page_refused(f"{url}/big") == "too_large"
        assert page_refused(f"{url}/bees", None) == "refused"  # loopback is not the web
    assert page_refused("http://127.0.0.1:1/") == "unreachable"


@pytest.mark.parametrize(
    "url", ["", "x", "ftp://example.test/", "file:///etc/passwd", "http://", "http://a b/"]
)
def test_what_is_no_address_is_refused(url):
    assert page_refused(url) == "address"


def test_an_address_in_any_script_is_fetched():
    with site(**{"蜜蜂": (200, PAGE.encode())}) as url:
        assert "lavender" in read_page(f"{url}/蜜蜂", PRIVATE).text
    assert page_refused("http://例 え/") == "address"


SHORT = "Café à Noël"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (SHORT.encode("cp1250", "ignore"), "text/plain; charset=windows-1250"),
        (SHORT.encode("cp1252"), "text/plain; charset=ISO-8859-1"),
        (SHORT.encode(), "text/plain; charset=ISO-8859-1"),  # servers say this of anything
        (SHORT.encode(), "text/plain; charset=punycode"),
        (SHORT.encode(), "nonsense; charset=\xff"),
        (SHORT.encode(), ""),
    ],
    ids=range(6),
)
def test_a_page_is_read_in_the_encoding_the_server_says_where_it_fits(body, told):
    with site(page=(200, body, told)) as url:
        text = read_page(f"{url}/page", PRIVATE).text
    assert text == (body.decode("cp1250") if "1250" in told else SHORT)


def test_a_slow_page_is_given_up_and_lets_files_wait_only_a_moment(monkeypatch):
    monkeypatch.setattr(pages, "_SECONDS", 1.5)
    monkeypatch.setattr(reading, "_PATIENCE", 0.05)
    gate, refusals = threading.Event(), []
    with site(slow=(200, lambda: gate.wait(10) and b"late")) as url:
        waiting = [
            threading.Thread(target=lambda: refusals.append(page_refused(f"{url}/slow")))
            for _ in range(reading.AT_ONCE)
        ]
        for thread in waiting:
            thread.start()
        time.sleep(0.3)
        with pytest.raises(UnreadableDocument, match="busy"):
            read_document("a.txt", b"one too many")
        for thread in waiting:
            thread.join(10)
        gate.set()
    assert refusals == ["slow_page"] * reading.AT_ONCE
    assert read_document("a.txt", b"there is room").text == "there is room"


def test_networks_that_are_open_for_providers_are_closed_for_pages(settings):
    settings.EGRESS_ALLOW_PRIVATE = ["127.0.0.0/8", "169.254.169.254/32"]
    with site(bees=(200, PAGE.encode())) as url:
        assert page_refused(f"{url}/bees", None) == "refused"
    assert page_refused("http://169.254.169.254/latest/meta-data/", None) == "refused"
