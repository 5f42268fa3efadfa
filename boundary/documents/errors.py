"""Why a document cannot be read, in sentences safe to show."""

from django.utils.translation import gettext_lazy as _

_SENTENCES = {
    "empty": _("There is nothing in it."),
    "binary": _("This is no text, web page, PDF or Word file."),
    "lies": _("The file is not what its name says. Nothing of it was read."),
    "old_office": _("Encrypted Office files, and Word files from before 2007, cannot be read."),
    "encrypted": _("The PDF is locked with a password."),
    "no_text": _("No text was found in it. Scans are pictures; scripts of web pages are not run."),
    "broken": _("The file is broken and cannot be read."),
    "too_much": _("The file holds more than can be read."),
    "too_slow": _("Reading the file took too long."),
    "busy": _("Others are being read just now. Please try again in a moment."),
    "address": _("This is no address of a web page."),
    "refused": _("This address may not be fetched from here."),
    "not_found": _("There is no page at this address."),
    "slow_page": _("The page took too long to answer."),
    "unreachable": _("The page could not be fetched."),
    "too_large": _("The page is too large."),
}


class UnreadableDocument(Exception):
    """See `kind`, one of the words above; `sentence` is safe to show."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind
        self.sentence = _SENTENCES[kind]
