"""A text, a file or a web page: one of the three, and what was read stays."""

import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict

from boundary.documents import UnreadableDocument
from boundary.documents.reading import Document
from generator import material
from generator.material import LONGEST_FILE, LONGEST_MATERIAL, MaterialForm
from generator.models import Work
from tests.boundary.papers import pdf


def upload(name: str = "a.pdf", data: bytes | None = None) -> dict:
    return {"file": SimpleUploadedFile(name, pdf("On paper.") if data is None else data)}


@pytest.fixture
def pages(monkeypatch):
    """The web: what each address gives."""
    found: dict[str, object] = {}

    def read(address: str) -> Document:
        given = found[address]
        if isinstance(given, Exception):
            raise given
        return given

    monkeypatch.setattr(material, "read_page", read)
    return found


def test_a_text_is_taken_as_it_is():
    form = MaterialForm({"text": "Some words."})
    assert form.is_valid()
    assert form.cleaned_data == {"text": "Some words.", "source": ""}


def test_a_file_is_read():
    form = MaterialForm({}, upload())
    assert form.is_valid(), form.errors
    assert form.cleaned_data == {"text": "On paper.", "source": "a.pdf"}


def test_a_page_is_read(pages):
    pages["https://example.test/"] = Document("Bees sleep.", "", "html")
    form = MaterialForm({"address": "https://example.test/"})
    assert form.is_valid(), form.errors
    assert form.cleaned_data == {"text": "Bees sleep.", "source": "https://example.test/"}


def test_nothing_and_two_of_them_are_refused(pages):
    assert "Paste a text" in str(MaterialForm({}).errors["text"])
    for data, files in [
        ({"text": "x", "address": "https://example.test/"}, {}),
        ({"text": "x"}, upload()),
        ({"address": "https://example.test/"}, upload()),
    ]:
        assert "one of the three" in str(MaterialForm(data, files).errors["text"])


def test_what_cannot_be_read_is_said_at_its_field(pages):
    assert "password" in str(MaterialForm({}, upload(data=pdf("x", password="p"))).errors["file"])
    assert "not what its name says" in str(MaterialForm({}, upload(data=b"text")).errors["file"])
    pages["https://example.test/"] = UnreadableDocument("not_found")
    errors = MaterialForm({"address": "https://example.test/"}).errors
    assert "no page" in str(errors["address"])


def test_an_empty_file_is_refused():
    assert MaterialForm({}, upload("a.txt", b"")).errors["file"]


def test_too_much_is_refused(monkeypatch):
    errors = MaterialForm({"text": "x" * (LONGEST_MATERIAL + 1)}).errors
    assert "1,000,001 of at most 1,000,000" in str(errors["text"])
    assert MaterialForm({"text": "蜂" * LONGEST_MATERIAL}).is_valid()
    many = upload("a.txt", b"many words " * (LONGEST_MATERIAL // 10))
    assert "1,099,999 of at most 1,000,000" in str(MaterialForm({}, many).errors["file"])
    monkeypatch.setattr(material, "LONGEST_FILE", 10)
    assert "7 MB" in str(MaterialForm({}, upload()).errors["file"])
    assert LONGEST_FILE < 8 * 2**20


class LetterForm(MaterialForm):
    greeting = material.forms.CharField(required=False)
    closing = material.forms.CharField()


def sent(**values: str) -> QueryDict:
    data = QueryDict(mutable=True)
    data.update(values)
    return data


def test_what_was_read_is_there_when_the_form_is_shown_again():
    form = LetterForm(sent(closing="", greeting="Dear"), upload())
    assert not form.is_valid()
    assert form["greeting"].value() == "Dear"
    assert "On paper." in str(form["text"])
    assert LetterForm({"text": "On paper.", "closing": "Yours"}).is_valid()


def test_the_form_that_is_shown_again_can_be_sent_as_it_is(pages):
    pages["https://example.test/"] = Document("Bees sleep.", "", "html")
    form = LetterForm(sent(address="https://example.test/", closing=""), {})
    assert not form.is_valid()
    shown = {name: form[name].value() for name in ("text", "address")}
    again = LetterForm(sent(**shown, closing="Yours"))
    assert again.is_valid(), again.errors
    assert again.cleaned_data == {
        "text": "Bees sleep.",
        "greeting": "",
        "closing": "Yours",
        "source": "",
    }


def test_nothing_is_read_or_fetched_while_one_types(pages):
    form = MaterialForm(sent(address="https://example.test/"), upload(data=b"x"), is_draft=True)
    assert form.is_valid()  # `pages` knows no such address
    assert not MaterialForm(sent(address="https://example.test/"), is_draft=True)["text"].errors


def test_a_text_holds_no_nul():
    assert MaterialForm({"text": "a\0b"}).errors["text"]


class TestTwice:
    """A form that names a page arrives twice, and the page is another one each time."""

    @pytest.fixture
    def post(self, pages, owner_client, model):
        address = "https://example.test/"
        pages[address] = Document("Bees sleep.", "", "html")
        initial = {"length": "paragraph", "words": 100, "style": "neutral"}
        sent = {"address": address, "language": "English", "client_id": uuid.uuid4(), **initial}
        return lambda **more: owner_client.post("/generate/summary/", {**sent, **more})

    def test_it_is_fetched_once_and_made_once(self, post, pages):
        assert post().status_code == 302
        pages["https://example.test/"] = UnreadableDocument("not_found")
        assert post().status_code == 302
        assert Work.objects.get().values["text"] == "Bees sleep."

    def test_fetched_by_both_at_once_it_is_made_once(self, post, pages, monkeypatch):
        monkeypatch.setattr("generator.views._made_earlier", lambda *_args: None)
        assert post().status_code == 302
        pages["https://example.test/"] = Document("Bees wake up.", "", "html")
        assert post().status_code == 302
        assert Work.objects.get().values["text"] == "Bees sleep."

    def test_what_was_filled_in_otherwise_is_still_refused(self, post, pages):
        assert post().status_code == 302
        assert post(style="plain").status_code == 422
        pages["https://example.test/b"] = Document("Bees sleep.", "", "html")
        assert post(address="https://example.test/b").status_code == 422
        assert Work.objects.count() == 1
