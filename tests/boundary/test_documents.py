"""Documents people hand over: what is in them, and why one cannot be read."""

import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from boundary.documents import UnreadableDocument, read_document, read_page, reading
from boundary.egress.addresses import Rules
from tests.boundary.papers import PAGE, pdf, pdf_of_half_letters, word

PRIVATE = Rules(allow_private=True)
MIXED = "Grüße, 你好世界, שלום עולם, Привет"


def refused(name: str, data: bytes) -> str:
    with pytest.raises(UnreadableDocument) as error:
        read_document(name, data)
    assert str(error.value.sentence)
    return error.value.kind


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gb18030", "big5", "cp1252", "shift_jis"],
)
def test_a_text_is_read_in_the_encoding_it_has(encoding):
    texts = {
        "gb18030": "这是一段简体中文的文字，用来测试编码。" * 5,
        "big5": "這是一段繁體中文的文字，用來測試編碼。" * 5,
        "shift_jis": "これは日本語の文章です。文字コードを調べます。" * 5,
        "cp1252": "Die Straße führt über den Fluss – „schön“, sagte sie. " * 5,
    }
    text = texts.get(encoding, MIXED)
    mark = b"\xff\xfe" if encoding == "utf-16-le" else b""
    document = read_document("a.txt", mark + text.encode(encoding))
    assert document.text == text.strip()
    assert document.kind == "text"


def test_markdown_stays_as_it_is():
    text = "# Title\n\n- one\n- two\n\n| a |\n|---|\n| 1 |"
    assert read_document("notes.md", text.encode()).text == text


def test_a_pdf_is_read_page_by_page():
    document = read_document("a.pdf", pdf("First page.", "Second page, with more."))
    assert document.text == "First page.\n\nSecond page, with more."
    assert (document.title, document.kind) == ("A report", "pdf")


def test_half_letters_of_a_pdf_become_what_can_be_kept():
    assert read_document("a.pdf", pdf_of_half_letters()).text == "\ufffd-"


def test_two_hundred_pages_are_read(record_property):
    pages = [f"Page {number}: FACT-{number}. " + "Words of a page. " * 120 for number in range(200)]
    data, began = pdf(*pages), time.monotonic()
    text = read_document("long.pdf", data).text
    record_property("seconds", time.monotonic() - began)
    assert all(f"FACT-{number}." in text for number in range(200))


def test_a_word_file_keeps_headings_lists_and_tables():
    document = read_document("a.docx", word(MIXED))
    assert document.text == (
        f"## The heading\n\n{MIXED}\n\n- an item\n\n| name | a\\|b |\n| --- | --- |\n| Ada | 1 2 |"
    )
    assert (document.title, document.kind) == ("A letter", "docx")


def test_of_a_web_page_its_article_is_read():
    document = read_document("a.html", PAGE.encode())
    assert "lavender" in document.text
    assert "养蜂人" in document.text
    assert not {"Shop", "Imprint", "alert"} & set(document.text.split())
    assert document.title == "Bees at night"


def test_the_source_of_a_page_may_be_called_text():
    assert "lavender" in read_document("a.txt", PAGE.encode()).text


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.pdf", b"This is a text.", "lies"),
        ("a.docx", b"%PDF-1.4 but not", "lies"),
        ("a.txt", pdf("Hello."), "lies"),
        ("a.pdf", PAGE.encode(), "lies"),
        ("a.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "binary"),
        ("a.pdf", b"MZ\x90\0\x03\0\0\0", "binary"),
        ("a", b"\x7fELF\x02\x01\x01\0", "binary"),
        ("a.zip", b"PK\x03\x04rest", "binary"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "old_office"),
        ("a.txt", b"", "empty"),
        ("a.txt", b" \n\t\r\n", "empty"),
        ("a.pdf", b"%PDF-1.4\nbroken", "broken"),
        ("a.docx", b"PK\x03\x04word/document.xml", "broken"),
        ("a.html", b"<!doctype html><html><body><script>1</script></body></html>", "no_text"),
    ],
    ids=lambda value: value if isinstance(value, str) else str(len(value)),
)
def test_what_cannot_be_read_says_why(name, data, kind):
    assert refused(name, data) == kind


def test_a_locked_pdf_says_so():
    assert refused("a.pdf", pdf("Secret.", password="open sesame")) == "encrypted"


def test_a_pdf_that_only_may_not_be_changed_is_read():
    # An empty password opens it, as any viewer does.
    assert "Free" in read_document("a.pdf", pdf("Free to read.", password="")).text


def test_a_scanned_page_has_no_text():
    assert refused("scan.pdf", pdf("")) == "no_text"


def test_only_a_few_are_read_at_once(monkeypatch):
    monkeypatch.setattr(reading, "_PATIENCE", 0.05)
    gate = threading.Event()
    monkeypatch.setattr(
        reading, "_ask_child", lambda kind, data: gate.wait(5) and {"text": "x", "title": ""}
    )
    threads = [
        threading.Thread(target=read_document, args=("a.txt", b"one"))
        for _ in range(reading.AT_ONCE)
    ]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    assert refused("a.txt", b"one too many") == "busy"
    gate.set()
    for thread in threads:
        thread.join(5)
    assert read_document("a.txt", b"now there is room").text == "x"


def test_the_process_that_parses_has_none_of_our_secrets(monkeypatch):
    seen = {}
    real = reading.subprocess.run
    monkeypatch.setattr(
        reading.subprocess, "run", lambda *a, **more: seen.update(more["env"]) or real(*a, **more)
    )
    read_document("a.txt", b"hello")
    assert set(seen) == {"PATH", "PYTHONIOENCODING"}


@contextmanager
def site(**pages: tuple[int, bytes]):
    """Serve pages on loopback; yields the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            status, body = pages.get(self.path.strip("/"), (404, b"none"))
            self.send_response(status)
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
