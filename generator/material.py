"""A text to work on: pasted, uploaded, or fetched from the web."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from boundary.documents import Document, UnreadableDocument, read_document, read_page
from generator.recipes.base import RecipeForm

LONGEST_MATERIAL = 1_000_000  # code points
LONGEST_FILE = 7 * 2**20  # bytes; with what is sent along it stays below what the server takes
_SOURCES = ("file", "address")


class MaterialForm(RecipeForm):
    """One of three is filled in; the text that was read is `text`, where it is from is `source`."""

    text = forms.CharField(
        label=_("Text"),
        required=False,
        max_length=LONGEST_MATERIAL,
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
        if sum(given) != 1:
            self.add_error("text", self._which(any(given)))
        elif file is not None:
            self._read("file", lambda: read_document(file.name, file.read()), file.name)
        elif address:
            self._read("address", lambda: read_page(address), address)
        return values

    def _which(self, is_some: bool) -> ValidationError:
        if is_some:
            return ValidationError(_("Give one of the three: a text, a file or a web page."))
        return ValidationError(_("Paste a text, choose a file, or name a web page."))

    def _read(self, field: str, read: Any, source: str) -> None:
        """Put what was read in the place of the text, also where the form is shown again."""
        try:
            document: Document = read()
        except UnreadableDocument as unreadable:
            self.add_error(field, str(unreadable.sentence))
            return
        if len(document.text) > LONGEST_MATERIAL:
            self.add_error(field, _("There are more than a million characters in it."))
            return
        self.cleaned_data["text"] = document.text
        self.data = {**self.data, "text": document.text}
        self.cleaned_data["source"] = document.title or source
