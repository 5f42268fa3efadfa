"""Documents as people have them, made by the test."""

import io
import zlib

import docx
import pypdf
from fpdf import FPDF
from pypdf.generic import DecodedStreamObject, NameObject


def pdf(*pages: str, password: str | None = None, algorithm: str = "AES-256") -> bytes:
    made = FPDF()
    made.set_font("Helvetica", size=11)
    made.set_title("A report")
    for text in pages:
        made.add_page()
        made.multi_cell(0, 5, text)
    data = bytes(made.output())
    if password is None:
        return data
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(data))
    writer.encrypt(password, algorithm=algorithm, owner_password="owner")
    locked = io.BytesIO()
    writer.write(locked)
    return locked.getvalue()


def raw_pdf(content: bytes) -> bytes:
    """Return a PDF of one page whose content stream is `content`, packed."""
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    return _one_page(content, font)


def pdf_in_any_script(*lines: str) -> bytes:
    """Return a PDF whose font says which letter each of its glyphs is, as office programs do.

    Glyphs are drawn from left to right: turn a line that is read from the right.
    """
    letters = sorted(set("".join(lines)))
    glyphs = {letter: b"%04x" % number for number, letter in enumerate(letters, 1)}
    pairs = b"".join(
        b"<%s> <%s>\n" % (glyph, letter.encode("utf-16-be").hex().encode())
        for letter, glyph in glyphs.items()
    )
    to_unicode = (
        b"/CIDInit /ProcSet findresource begin begincmap\n1 begincodespacerange\n<0000> <ffff>\n"
        b"endcodespacerange\n%d beginbfchar\n%sendbfchar\nendcmap end" % (len(glyphs), pairs)
    )
    font = (
        b"<< /Type /Font /Subtype /Type0 /BaseFont /Any /Encoding /Identity-H"
        b" /DescendantFonts [7 0 R] /ToUnicode 6 0 R >>"
    )
    below = b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Any /DW 1000 /CIDSystemInfo"
    below += b" << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> >>"
    shown = b"".join(
        b"<%s> Tj 0 -20 Td\n" % b"".join(glyphs[letter] for letter in line) for line in lines
    )
    content = b"BT /F1 12 Tf 50 700 Td\n" + shown + b"ET"
    return _one_page(
        content,
        font,
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(to_unicode), to_unicode),
        below,
    )


def _one_page(content: bytes, *font: bytes) -> bytes:
    packed = zlib.compress(content, 9)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(packed), packed),
        *font,
    ]
    body, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(body)
    body += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    return body + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (
        len(objects) + 1,
        start,
    )


def pdf_of_half_letters() -> bytes:
    """Return a PDF with "A-B", of whose font A is half a letter and B is none."""
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(raw_pdf(b"BT /F1 12 Tf (A-B) Tj ET")))
    means = DecodedStreamObject()
    means.set_data(b"2 beginbfchar <41> <D800> <42> <0000> endbfchar")
    font = writer.pages[0]["/Resources"]["/Font"]["/F1"]
    font[NameObject("/ToUnicode")] = writer._add_object(means)
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


def word(*paragraphs: str) -> bytes:
    made = docx.Document()
    made.core_properties.title = "A letter"
    made.add_heading("The heading", 2)
    for text in paragraphs:
        made.add_paragraph(text)
    made.add_paragraph("an item", style="List Bullet")
    table = made.add_table(2, 2)
    for row, cells in zip(table.rows, [("name", "a|b"), ("Ada", "1\n2")], strict=True):
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
    return saved(made)


def word_with_span(columns: int) -> bytes:
    """Return a table whose one cell says that it spans so many columns."""
    made = docx.Document()
    cell = made.add_table(1, 1).cell(0, 0)
    cell.text = "wide"
    cell._tc.grid_span = columns
    return saved(made)


def saved(document: "docx.document.Document") -> bytes:
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


PAGE = (
    "<!doctype html><html><head><title>Bees at night</title></head><body>"
    "<nav><a href='/'>Home</a> <a href='/shop'>Shop</a></nav><article><h1>Bees at night</h1>"
    + "<p>Bees sleep at night, and they dream of long rows of lavender in the sun.</p>"
    * 12
    + "<p>养蜂人在夜里不打扰蜜蜂。</p></article><footer>Imprint</footer>"
    "<script>alert('x')</script></body></html>"
)
