"""What an answer comes to: the text of a section, the details of an article."""

import re
from typing import Any

from generator.articles.prompts import DETAILS
from generator.models import LONGEST_TITLE
from generator.models.article import LONGEST_SEO_DESCRIPTION, LONGEST_SEO_TITLE
from generator.recipes.answers import check
from generator.recipes.base import Ask, Values
from generator.recipes.prompting import unfenced
from generator.recipes.structured import json_of

LONGEST_SUMMARY, LONGEST_KEYWORDS = 2000, 300
_FIRST_HEADING = re.compile(r"\s*(?:#{1,6}\s+(?P<marked>[^\n]+?)#*|(?P<plain>[^\n]+))\s*(?:\n|$)")
_STRAY_TAG = re.compile(r"^[ \t]*</?(?:text|notes)>", re.MULTILINE)  # of the request's own
_TOO_HIGH = re.compile(r"^#{1,2}(?=\s)", re.MULTILINE)
_CODE = re.compile(r"^(?:```|~~~).*?^(?:```|~~~)[ \t]*$", re.MULTILINE | re.DOTALL)


def section_text(text: str, heading: str, ask: Ask, values: Values) -> str:
    """Return the text of a section without its heading. Raises `Misread`."""
    text = without_heading(_STRAY_TAG.sub("", unfenced(text)), heading)
    check(text, ask, values)
    return lowered(text).strip()


def without_heading(text: str, heading: str) -> str:
    """Return it without the heading that models write above it all the same."""
    found = _FIRST_HEADING.match(text)
    if found is None:
        return text
    first = found["marked"] or found["plain"] or ""
    is_it = _plain(first) == _plain(heading)
    if is_it or (found["marked"] and _is_high(text)):
        return text[found.end() :].lstrip("\n")
    return text


def lowered(text: str) -> str:
    """Return it with no heading as high as a section's, but for the lines of code."""
    kept, end = [], 0
    for code in _CODE.finditer(text):
        kept += [_TOO_HIGH.sub("###", text[end : code.start()]), code[0]]
        end = code.end()
    return "".join([*kept, _TOO_HIGH.sub("###", text[end:])])


def details(text: str) -> dict[str, Any]:
    """Return the title and what stands around an article, as columns hold it. Raises `Misread`."""
    found = json_of(text, DETAILS)
    return {
        "title": _line(found["title"], LONGEST_TITLE),
        "summary": _line(found["summary"], LONGEST_SUMMARY),
        "seo_title": _line(found["seo_title"], LONGEST_SEO_TITLE),
        "seo_description": _line(found["seo_description"], LONGEST_SEO_DESCRIPTION),
        "keywords": _line(", ".join(found["keywords"]), LONGEST_KEYWORDS),
    }


def _is_high(text: str) -> bool:
    return bool(re.match(r"\s*#{1,2}\s", text))


def _plain(line: str) -> str:
    line = re.sub(r"^\s*(?:\d{1,3}[.)]\s*)?|[*_`#]+|[:.\s]+$", "", line)
    return " ".join(line.casefold().split())


def _line(text: str, longest: int) -> str:
    text = " ".join(text.split()).strip('"“”# ')
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"
