"""Simplified Chinese is complete, and what is compiled is what is written."""

import re
from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.utils.translation import gettext, override

FOLDER = Path(settings.BASE_DIR) / "locale" / "zh_Hans" / "LC_MESSAGES"
WRITTEN = polib.pofile(str(FOLDER / "django.po"))
PLACES = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\{.*?\}\}|</?[a-z]+>")


def test_every_sentence_is_translated():
    assert [entry.msgid for entry in WRITTEN if not entry.translated()] == []
    assert [entry.msgid for entry in WRITTEN if "fuzzy" in entry.flags] == []


def test_what_is_compiled_is_what_is_written():
    compiled = polib.mofile(str(FOLDER / "django.mo"))
    assert {e.msgid: (e.msgstr, e.msgstr_plural) for e in compiled} == {
        e.msgid: (e.msgstr, e.msgstr_plural) for e in WRITTEN
    }


@pytest.mark.parametrize("entry", WRITTEN, ids=lambda entry: entry.msgid[:40])
def test_placeholders_and_marks_survive(entry: polib.POEntry):
    source = entry.msgid_plural or entry.msgid
    translated = entry.msgstr or entry.msgstr_plural[0]
    assert sorted(PLACES.findall(translated)) == sorted(PLACES.findall(source))


def test_pages_use_it():
    with override("zh-hans"):
        assert gettext("New chat") == "新聊天"
