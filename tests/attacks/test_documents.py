"""Documents that are made to harm: they end in a sentence, soon, and the house stands."""

import io
import resource
import time
import zipfile

import docx
import pytest

from boundary.documents import UnreadableDocument, read_document
from tests.boundary.papers import raw_pdf, saved, word

ENTITIES = (
    '<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaaaaaaaa">'
    + "".join(
        f'<!ENTITY {c} "{f"&{p};" * 10}">' for p, c in zip("abcdefghi", "bcdefghij", strict=True)
    )
    + "]><d>&j;</d>"
)
OUTSIDE = '<?xml version="1.0"?><!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><d>&x;</d>'


def body(xml: str) -> bytes:
    """Return a Word file whose text is `xml`."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(word("x"))) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, xml if name == "word/document.xml" else old.read(name))
    return out.getvalue()


def many_pages() -> bytes:
    kids = b" ".join(b"3 0 R" for _ in range(200_000))
    pdf = raw_pdf(b"BT /F1 12 Tf (Hi) Tj ET")
    return pdf.replace(b"/Kids [3 0 R] /Count 1", b"/Kids [" + kids + b"] /Count 200000")


def bomb_zip() -> bytes:
    """A Word file of a few kilobytes that says, truly, that it holds gigabytes."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed,
        packed.open("word/document.xml", "w", force_zip64=True) as part,
    ):
        for _ in range(300):
            part.write(b"0" * 2**20)
    return out.getvalue()


BOMBS = {
    "pdf stream": lambda: raw_pdf(b"0" * 400_000_000),
    "pdf text": lambda: raw_pdf(
        b"BT /F1 12 Tf " + b"(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa) Tj " * 2_000_000 + b"ET"
    ),
    "pdf nesting": lambda: raw_pdf(b"[" * 1_000_000),
    "pdf pages": many_pages,
    "zip": bomb_zip,
    "entities": lambda: body(ENTITIES),
    "html nesting": lambda: b"<!doctype html><html><body>" + b"<div>" * 500_000 + b"x",
    "html entities": lambda: ENTITIES.encode(),
    "long line": lambda: b"(" * 6_000_000,
    "table": lambda: saved(wide_table()),
}


def wide_table() -> "docx.document.Document":
    made = docx.Document()
    made.add_table(300, 60)
    return made


def read(data: bytes) -> str:
    """Return its text; none where it is refused with a sentence."""
    try:
        return read_document("", data).text
    except UnreadableDocument as refused:
        return "" if str(refused.sentence) else "refused without a word"


@pytest.mark.parametrize("make", BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_goes_off_outside(make):
    data, before = make(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.monotonic()
    assert len(read(data)) <= 7_000_000
    assert time.monotonic() - began < 40
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000  # kB


def test_a_file_of_this_machine_is_not_read_by_an_entity():
    for data in (OUTSIDE.encode(), body(OUTSIDE)):
        assert "root:" not in read(data)


def test_a_path_within_a_word_file_leads_nowhere():
    data = io.BytesIO(word("Hello."))
    with zipfile.ZipFile(data, "a") as packed:
        packed.writestr("../../word/evil.xml", "x")
    assert "Hello." in read(data.getvalue())
