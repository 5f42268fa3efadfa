"""Documents people hand over: what is in them, and why one cannot be read."""

import time

import pytest

from boundary.documents import UnreadableDocument, read_document, reading
from boundary.documents.sniff import kind_of
from tests.boundary.papers import (
    PAGE,
    pdf,
    pdf_in_any_script,
    pdf_of_half_letters,
    word,
    word_with_span,
)

MIXED = "Grüße, 你好世界, שלום עולם, Привет"


def refused(name: str, data: bytes) -> str:
    with pytest.raises(UnreadableDocument) as error:
        read_document(name, data)
    assert str(error.value.sentence)
    return error.value.kind


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


def test_a_word_file_as_long_as_a_novel_is_read():
    data, began = word(*["Words of a paragraph."] * 10_000), time.monotonic()
    assert read_document("a.docx", data).text.count("Words of a paragraph.") == 10_000
    assert time.monotonic() - began < 15  # its processor time is bounded


def test_a_cell_that_spans_columns_fills_each_of_them():
    assert read_document("a.docx", word_with_span(3)).text.startswith("| wide | wide | wide |")


@pytest.mark.parametrize("columns", [64, 2_000_000])
def test_more_columns_than_word_makes_are_refused_at_once(columns):
    data, began = word_with_span(columns), time.monotonic()
    assert refused("a.docx", data) == "too_much"
    assert time.monotonic() - began < 5


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
        ("a.txt", b"{\\rtf1\\ansi Hello.}", "binary"),
        ("a.html", b"<!doctype html><html><body><script>1</script></body></html>", "no_text"),
    ],
    ids=lambda value: value if isinstance(value, str) else str(len(value)),
)
def test_what_cannot_be_read_says_why(name, data, kind):
    assert refused(name, data) == kind


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-256"])
def test_a_locked_pdf_says_so(algorithm):
    locked = pdf("Secret.", password="open sesame", algorithm=algorithm)
    assert refused("a.pdf", locked) == "encrypted"


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-256"])
def test_a_pdf_that_only_may_not_be_changed_is_read(algorithm):
    # An empty password opens it, as any viewer does.
    free = pdf("Free to read.", password="", algorithm=algorithm)
    assert "Free" in read_document("a.pdf", free).text


def test_a_pdf_in_any_script_is_read():
    lines = ["会议纪要：预算已经通过。", "日本語の文章です。", "Ünïcödé €"]
    assert read_document("a.pdf", pdf_in_any_script(*lines)).text.split("\n") == lines


@pytest.mark.parametrize("line", ["שלום עולם", "مرحبا بالعالم"], ids=["Hebrew", "Arabic"])
def test_a_pdf_from_right_to_left_is_read_as_it_is_written(line):
    assert read_document("a.pdf", pdf_in_any_script(line[::-1])).text == line


def test_a_scanned_page_has_no_text():
    assert refused("scan.pdf", pdf("")) == "no_text"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"A PDF begins with %PDF-1.7, they say.", "text"),
        (b"junk\n%PDF-1.4\n...startxref\n0", "pdf"),
        (b'<div align="center">\n\n# A readme', "text"),
        (b"<?xml version='1.0'?><feed><title>News</title></feed>", "text"),
        (b"<?xml version='1.0'?>\n<html xmlns='x'><body>", "html"),
        (b"<!-- saved -->\n<!-- twice --> <HTML><body>", "html"),
        (b"\xef\xbb\xbf<!DOCTYPE html><p>", "html"),
        (b"<head><title>No more</title>", "html"),
        ("<!doctype html><p>蜂".encode("utf-16"), "html"),
        (b"One\x08 stray control in a long enough text. " + b"More of it. " * 20, "text"),
        (b"<!--" * 1000, "text"),
    ],
    ids=range(11),
)
def test_what_a_file_is_is_told_by_its_bytes(data, kind):
    assert kind_of(data) == kind


def test_a_page_in_utf_16_is_read():
    assert "养蜂人" in read_document("a.html", PAGE.encode("utf-16")).text


def test_what_no_database_takes_is_replaced(monkeypatch):
    monkeypatch.setattr(
        reading, "_ask_child", lambda kind, data: {"text": "a\ud800b\0", "title": "\udfff"}
    )
    document = read_document("a.txt", b"x")
    assert (document.text, document.title) == ("a\ufffdb\ufffd", "\ufffd")
