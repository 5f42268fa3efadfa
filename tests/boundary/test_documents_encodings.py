"""Texts in the encodings people have had."""

import pytest

from boundary.documents import read_document
from boundary.parsing.encodings import decoded

MIXED = "Grüße, 你好世界, שלום עולם, Привет"
CHINESE = "这是一段简体中文的文字，用来测试编码。"
LEGACY = {
    "gb18030": CHINESE,
    "gbk": "姓名,年龄\n张三,23\n李四,31",
    "big5": "這是一段繁體中文的文字，用來測試編碼。",
    "cp932": "これは日本語の文章です。文字コードを調べます。",
    "euc_jp": "これは日本語の文章です。文字コードを調べます。",
    "cp949": "안녕하세요. 이것은 한국어 문장입니다.",
    "cp1251": "Привет, как дела? Это русский текст для проверки.",
    "koi8_r": "Привет, как дела? Это русский текст для проверки.",
    "cp1253": "Καλημέρα κόσμε, αυτό είναι ένα κείμενο.",
    "cp1254": "Türkçe bir metin, şöyle böyle ığdır için.",
    "cp1255": "שלום עולם, זה טקסט בעברית לבדיקה של הקידוד.",
    "cp1256": "مرحبا بالعالم، هذا نص عربي لاختبار الترميز.",
    "cp1250": "Příliš žluťoučký kůň úpěl ďábelské ódy.",
}
WESTERN = {
    "German": "Die Straße führt über den Fluss – „schön“, sagte sie.",
    "French": "Le café est fermé à Noël, où êtes-vous ?",
    "Spanish": "El niño comió jamón en el corazón de España.",
    "Portuguese": "São Paulo não é a capital; coração e ação.",
    "English": "“Smart quotes” – and a dash’s apostrophe",
    "table": "Name;Größe\nMüller;12\nJäger;13",
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_is_read(encoding):
    assert read_document("a.txt", MIXED.encode(encoding)).text == MIXED


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_unicode_without_its_mark_is_read(encoding):
    text = f"Notes, 2026: {CHINESE} and so on."
    assert read_document("a.txt", text.encode(encoding)).text == text


@pytest.mark.parametrize(("encoding", "text"), LEGACY.items(), ids=LEGACY)
@pytest.mark.parametrize("times", [1, 5])
def test_a_legacy_encoding_is_found(encoding, text, times):
    text = "\n".join([text] * times)
    assert decoded(text.encode(encoding)) == text


@pytest.mark.parametrize("text", WESTERN.values(), ids=WESTERN)
def test_western_europe_is_not_taken_for_its_neighbours(text):
    assert decoded(text.encode("cp1252")) == text


@pytest.mark.parametrize("text", ["简体中文", "他说：“好的”。"], ids=["word", "sentence"])
def test_a_few_chinese_words_are_enough(text):
    assert decoded(text.encode("gb18030")) == text


def test_unicode_that_is_damaged_stays_unicode():
    data = (CHINESE * 5).encode()
    assert decoded(data[:-1]) == (CHINESE * 5)[:-1] + "\ufffd"
    assert decoded(b"\xff" + data) == "\ufffd" + CHINESE * 5
