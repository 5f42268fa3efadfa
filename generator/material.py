"""A text to work on: pasted, uploaded, or fetched from the web."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from boundary.documents import Document, UnreadableDocument, read_document, read_page
from generator.recipes.base import RecipeForm, Values

LONGEST_MATERIAL = 1_000_000  # code points
LONGEST_FILE = 7 * 2**20  # bytes; with what is sent along it stays below what the server takes
_SOURCES = ("file", "address")


class MaterialForm(RecipeForm):
    """One of three is filled in; the text that was read is `text`, where it is from is `source`.

    Where `one_of` is empty, none need be.
    """

    one_of: ClassVar[Sequence[str]] = ("text", *_SOURCES)

    text = forms.CharField(
        label=_("Text"),
        required=False,
        widget=forms.Textarea({"dir": "auto", "rows": 8}),
    )
    file = forms.FileField(
        label=_("or a file"),
        required=False,
        help_text=_("PDF, Word, web page or text; 7 MB at most"),
        widget=forms.FileInput({"accept": ".pdf,.docx,.html,.htm,.txt,.md,.csv"}),
    )
    address = forms.CharField(
        label=_("or a web page"),
        required=False,
        max_length=2000,
        widget=forms.URLInput({"autocomplete": "off", "placeholder": "https://"}),
    )

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        _check_length(text)
        return text

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file is not None and file.size > LONGEST_FILE:
            raise ValidationError(_("The file has more than 7 MB."))
        return file

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        file, address = values.pop("file", None), values.pop("address", "")
        if self.is_draft or self.errors.keys() & {"text", *_SOURCES}:
            return values
        values["source"] = ""
        given = [bool(values.get("text")), file is not None, bool(address)]
        if sum(given) > 1 or (self.one_of and not any(given)):
            self.add_error("text", self._which(any(given)))
        elif file is not None:
            self._read("file", lambda: read_document(file.name, file.read()), file.name)
        elif address and self.earlier.get("source") == address:
            values |= {"text": self.earlier["text"], "source": address}
        elif address:
            self._read("address", lambda: read_page(address), address)
        return values

    def _which(self, is_some: bool) -> ValidationError:
        if is_some:
            return ValidationError(_("Give one of the three: a text, a file or a web page."))
        return ValidationError(_("Paste a text, choose a file, or name a web page."))

    def _read(self, field: str, read: Callable[[], Document], source: str) -> None:
        """Put what was read in the place of the text."""
        try:
            document = read()
            _check_length(document.text)
        except UnreadableDocument as unreadable:
            self.add_error(field, str(unreadable.sentence))
        except ValidationError as error:
            self.add_error(field, error)
        else:
            self.cleaned_data |= {"text": document.text, "source": source}
            self._keep(document.text)

    def _keep(self, text: str) -> None:
        """Show the form again, if need be, with the text alone: no browser sends a file twice."""
        sent: Any = self.data
        shown = sent.copy()
        shown[self.add_prefix("text")] = text
        shown[self.add_prefix("address")] = ""
        self.data = shown


def is_of_web(values: Values) -> bool:
    """Say whether the text was fetched; a file's name has no slash."""
    return "/" in str(values.get("source", ""))


def _check_length(text: str) -> None:
    if len(text) > LONGEST_MATERIAL:
        length, most = (
            number_format(each, force_grouping=True) for each in (len(text), LONGEST_MATERIAL)
        )
        raise ValidationError(
            _("The text is too long: %(length)s of at most %(most)s characters."),
            code="too_long",
            params={"length": length, "most": most},
        )
