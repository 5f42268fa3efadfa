"""What an answer comes to: the text of a section, the details of an article."""

import re
from collections.abc import Callable
from typing import Any

from generator.articles.prompts import DETAILS
from generator.models import LONGEST_TITLE, Act, Writing
from generator.models.article import LONGEST_SEO_DESCRIPTION, LONGEST_SEO_TITLE
from generator.recipes import scripts
from generator.recipes.answers import check
from generator.recipes.base import Ask, Values
from generator.recipes.outlines import LONGEST_HEADING
from generator.recipes.prompting import unfenced
from generator.recipes.structured import json_of, misread
from generator.shortening import shortened

LONGEST_SUMMARY, LONGEST_KEYWORDS = 2000, 300
_LONGEST_LINE = 2 * LONGEST_HEADING  # of what can be a heading
_FIRST_LINE = re.compile(r"\s*(?P<line>[^\n]*)(?:\n|$)")
_UNDER = re.compile(r"[ \t]*(?:=+|-{2,})[ \t]*(?:\n|$)")  # what makes a heading of the line above
_MARKED = re.compile(r" {0,3}(?P<marks>#{1,6})(?:[ \t]|$)")
_STRAY_TAG = re.compile(r"^[ \t]*</?(?:text|notes)>", re.MULTILINE)  # of the request's own
_TOO_HIGH = re.compile(r"^ {0,3}#{1,2}(?=[ \t])", re.MULTILINE)
_UNDERLINED = re.compile(r"(?:\A|(?<=\n\n))([^\s#>|*+-][^\n]*)\n(?:=+|-{2,})[ \t]*$", re.MULTILINE)
_CODE = re.compile(
    r"^ {0,3}(?P<fence>`{3,}|~{3,})[^\n`]*\n(?:.*?^ {0,3}(?P=fence)[`~]*[ \t]*$|.*)",
    re.MULTILINE | re.DOTALL,
)


def section_text(text: str, heading: str, ask: Ask, values: Values) -> str:
    """Return the text of a section without its heading. Raises `Misread`."""
    text = without_heading(_outside_code(_untagged, unfenced(text)), heading)
    check(text, ask, values)
    return _outside_code(_lowered, text).strip()


def without_heading(text: str, heading: str) -> str:
    """Return it without what models write above it all the same: the heading, or a title first."""
    may_be_title = True
    while found := _FIRST_LINE.match(text):
        line, rest = found["line"], text[found.end() :]
        is_short = 0 < len(line) <= _LONGEST_LINE
        if not is_short or not (
            _plain(line) == _plain(heading) or (may_be_title and _is_high(line))
        ):
            break
        may_be_title = False
        under = _UNDER.match(rest)
        text = rest[under.end() if under else 0 :].lstrip("\n")
    return text


def _outside_code(change: Callable[[str], str], text: str) -> str:
    """Return it changed, but for its blocks of code."""
    kept, end = [], 0
    for code in _CODE.finditer(text):
        kept += [change(text[end : code.start()]), code[0]]
        end = code.end()
    return "".join([*kept, change(text[end:])])


def _untagged(text: str) -> str:
    return _STRAY_TAG.sub("", text)


def _lowered(text: str) -> str:
    """Return it with no heading as high as a section's."""
    return _UNDERLINED.sub(r"### \1", _TOO_HIGH.sub("###", text))


def details(text: str) -> dict[str, Any]:
    """Return the title and what stands around an article, as columns hold it. Raises `Misread`."""
    found = json_of(text, DETAILS)
    title = _line(found["title"], LONGEST_TITLE)
    if not title:
        raise misread("the title is empty")
    return {
        "title": title,
        "summary": _line(found["summary"], LONGEST_SUMMARY),
        "seo_title": _line(found["seo_title"], LONGEST_SEO_TITLE),
        "seo_description": _line(found["seo_description"], LONGEST_SEO_DESCRIPTION),
        "keywords": _line(", ".join(found["keywords"]), LONGEST_KEYWORDS),
    }


def _is_high(line: str) -> bool:
    marked = _MARKED.match(line)
    return marked is not None and len(marked["marks"]) < 3


def _plain(line: str) -> str:
    line = re.sub(r"^\s*(?:\d{1,3}[.)]\s*)?|[*_`#]+|[:.\s]+$", "", line)
    return " ".join(line.casefold().split())


def _line(text: str, longest: int) -> str:
    text = " ".join(text.split()).strip('"“”# ')
    return shortened(text, longest)


def may_come_again(writing: Writing) -> dict[str, Any]:
    """Return what was filled in of an article and a section: it may come again in the answer."""
    article, section, of = writing.article, writing.section, writing.of
    values = {**article.work.values, "notes": article.notes, "far": writing.text}
    values |= {"said": writing.instruction, "covers": section.notes if section else ""}
    if of is not None:
        values["of"] = of.text
    is_in_another = of is not None and scripts.is_in_another(of.text, str(values["language"]))
    if writing.act == Act.ASKED or is_in_another:  # then it may stay, or become, another language
        del values["language"]
    return values
