"""Which encoding a text is in, where nothing says so."""

import codecs

# Tried in this order where two fit alike; what people still have, not all that there is.
_LEGACY = (
    "cp1252",
    "gb18030",
    "big5",
    "cp932",
    "euc_jp",
    "cp949",
    "cp1250",
    "iso8859_2",
    "cp1251",
    "koi8_r",
    "cp1253",
    "cp1254",
    "cp1255",
    "cp1256",
    "cp1257",
)
_LIKELY = {"cp1252": 0.05, "gb18030": 0.05}  # before others that read as well
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LOOKED_AT = 4096


def marked(data: bytes) -> str:
    """Return the Unicode encoding that the first bytes of `data` show, or nothing.

    UTF-16 without its mark is known by the empty halves of Latin letters, spaces and line ends.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding
    start = data[:_LOOKED_AT]
    even, odd = start[::2].count(0), start[1::2].count(0)
    for empty, full, encoding in ((odd, even, "utf-16-le"), (even, odd, "utf-16-be")):
        is_lopsided = empty * 10 >= len(start) and full * 5 <= empty
        if is_lopsided and _reads(start.decode(encoding, "ignore")):
            return encoding
    return ""


def _reads(text: str) -> bool:
    return not any(letter < " " and not letter.isspace() for letter in text)


def decoded(data: bytes) -> str | None:
    """Return the text that `data` is, or `None` where it is none in any encoding."""
    encoding = marked(data)
    if encoding:
        return data.decode(encoding, "replace")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return _damaged(data) or _legacy(data)


def _damaged(data: bytes) -> str | None:
    """Return UTF-8 that is cut or damaged in a few places: nothing else looks like it."""
    text = data.decode(errors="replace")
    lost = text.count("\ufffd")
    kept = sum(not letter.isascii() for letter in text) - lost
    return text if kept >= 10 * lost else None


def _legacy(data: bytes) -> str | None:
    import charset_normalizer  # most texts do without

    found = charset_normalizer.from_bytes(data, cp_isolation=list(_LEGACY))
    if found:
        best = min(
            found,
            key=lambda match: (
                round(match.chaos, 2),
                -match.coherence - _LIKELY.get(match.encoding, 0),
                _LEGACY.index(match.encoding),
            ),
        )
        return str(best)
    for encoding in ("gb18030", "cp1252"):  # too short to tell: the stricter one first
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None
