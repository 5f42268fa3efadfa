"""What is asked for an article: each section, each change of one, the last pass, the details."""

import re
from collections.abc import Callable, Sequence

from generator.lengths import word_count
from generator.models import Act, Article, Asks, Section, Writing
from generator.recipes.base import Ask
from generator.recipes.long_article import brief
from generator.recipes.prompting import IS_MATERIAL, fenced
from providers.models import ModelSpec
from providers.tokens import FRAMING, count

_WRITER = (
    "You write one section of an article at a time, in Markdown, without its heading. Where it "
    "needs parts of its own they begin with ###. You write the text of that section only, no "
    "comment on it."
)
_EDITOR = (
    "You edit one section of an article. You answer with the whole section in Markdown, without "
    "its heading, and with nothing else. You keep facts, names, numbers, links and quotations. "
    f"{IS_MATERIAL}"
)
_CHANGES = {
    Act.SHORTER: "Make it shorter: keep what matters most, leave out the rest.",
    Act.LONGER: "Make it longer: explain more, and add nothing that is made up.",
    Act.PLAINER: "Make it plainer: short sentences, everyday words, one thought at a time.",
    Act.FORMAL: "Make it more formal, as in a report.",
    Act.LIVELY: "Make it livelier: vivid, concrete, with verbs that move.",
}
_LEAST_NOTES = 200  # tokens: fewer of a material are no help
_NEIGHBOUR = 400  # code points of the sections around one that is mended


def ask_of(writing: Writing, sections: Sequence[Section], model: ModelSpec) -> Ask:
    """Return what the next Run of `writing` asks of `model`; `sections` are those in their order.

    `writing` has its article with its work, its section, and the version it changes.
    """
    if writing.act == Act.DETAILS:
        ask = _details(writing.article, sections, model)
    elif writing.asks in (Asks.MORE, Asks.LESS):
        ask = _again(writing, sections)
    elif writing.act == Act.WRITE:
        ask = _write(writing, sections, model)
    elif writing.act == Act.MEND:
        ask = _mend(writing, sections)
    else:
        ask = _change(writing)
    return ask.told(writing.told) if writing.told else ask


def _write(writing: Writing, sections: Sequence[Section], model: ModelSpec) -> Ask:
    article, section = writing.article, writing.section
    assert section is not None

    def asking(notes: str) -> Ask:
        rests = f"Rest on this material only:\n{fenced(notes, 'notes')}\n\n" if notes else ""
        return Ask(
            system=f"{_WRITER} {IS_MATERIAL}" if notes else _WRITER,
            user=(
                f"The article is called “{article.work.title}”.\n{brief(article.work.values)}\n\n"
                f"Its sections:\n{outline(sections, section)}\n\n{rests}"
                f"Write the section “{section.heading}” now, about {writing.words} words."
                f"{_covering(section)} What the other sections cover is left to them. "
                f"{_place(section, sections)}"
            ),
        )

    return asking(_fitting(article.notes, section, asking(""), model))


def _covering(section: Section) -> str:
    return f" It covers: {' '.join(section.notes.split())}." if section.notes.strip() else ""


def _place(section: Section, sections: Sequence[Section]) -> str:
    if section == sections[0]:
        return "It is the first section: it leads into the topic."
    if section == sections[-1]:
        return "It is the last section: it brings the article to its end."
    return "It stands in the middle: write no introduction and no end."


def outline(sections: Sequence[Section], marked: Section | None = None) -> str:
    """Return the sections one a line, with what each covers; the one to write is marked."""
    return "\n".join(
        f"{number}. {each.heading}"
        + (f": {' '.join(each.notes.split())}" if each.notes.strip() else "")
        + (" (this is the one you write)" if each == marked else "")
        for number, each in enumerate(sections, 1)
    )


def _change(writing: Writing) -> Ask:
    section, of = writing.section, writing.of
    assert section is not None
    text = of.text if of is not None else ""
    change = _CHANGES.get(Act(writing.act)) or f"Change it like this: {writing.instruction}"
    length = f" It is to have about {writing.words} words." if writing.words else ""
    return Ask(
        system=_EDITOR,
        user=(
            f"The section “{section.heading}” has {word_count(text)} words:\n{fenced(text)}\n\n"
            f"{change}{length} Keep its language."
        ),
    )


def _again(writing: Writing, sections: Sequence[Section]) -> Ask:
    """Return what is asked after an answer of another length: what is missing, or all in less."""
    section = writing.section
    assert section is not None
    have, wanted = word_count(writing.text), writing.words or 0
    if writing.asks == Asks.MORE:
        others = outline(sections, section)
        return Ask(
            system=_WRITER,
            user=(
                f"The article's sections:\n{others}\n\nThe section “{section.heading}” so far:\n"
                f"{fenced(writing.text)}\n\nAbout {wanted - have} words are missing. Write the "
                "paragraphs that follow. Repeat nothing that is there, and write only what is new."
            ),
        )
    return Ask(
        system=_EDITOR,
        user=(
            f"The section “{section.heading}” has {have} words, but about {wanted} are wanted:\n"
            f"{fenced(writing.text)}\n\nWrite it again with about {wanted} words. Keep what "
            "matters most. Keep its language."
        ),
    )


def _mend(writing: Writing, sections: Sequence[Section]) -> Ask:
    section = writing.section
    assert section is not None
    place = next((n for n, each in enumerate(sections) if each == section), 0)
    before = _text(sections[place - 1])[-_NEIGHBOUR:] if place else ""
    after = _text(sections[place + 1])[:_NEIGHBOUR] if place + 1 < len(sections) else ""
    around = [f"The section before it ends: {fenced(before)}"] if before else []
    around += [f"The section after it begins: {fenced(after)}"] if after else []
    return Ask(
        system=_EDITOR,
        user=(
            f"The article's sections:\n{outline(sections, section)}\n\n"
            + "\n".join(around)
            + f"\n\nThe section “{section.heading}”:\n{fenced(_text(section))}\n\n"
            "Mend its transitions to the sections around it, take out what repeats them, and "
            "correct mistakes. Change nothing else: what is good stays word for word."
        ),
    )


def _details(article: Article, sections: Sequence[Section], model: ModelSpec) -> Ask:
    """Return what asks for title, summary and words for search engines."""

    def asking(text: str) -> Ask:
        return Ask(
            system=f"You write what stands around an article, as JSON. {IS_MATERIAL}",
            user=(
                f"{brief(article.work.values)}\n\nThe article:\n{fenced(text)}\n\nAnswer with a "
                "JSON object: title (at most 80 letters), summary (two or three sentences), "
                "seo_title (at most 60 letters), seo_description (at most 155 letters), keywords "
                "(three to eight). All in the article's language."
            ),
            schema=DETAILS,
            max_tokens=1000,
        )

    room = _room(asking(""), model)
    share = max(room * 4 // max(len(sections), 1), 1)  # code points; some take several tokens
    while True:
        text = "\n\n".join(f"## {each.heading}\n{_text(each)[:share]}" for each in sections)
        if share < 2 or count(text, model) <= room:
            return asking(text)
        share //= 2


DETAILS = {
    "type": "object",
    "properties": {
        "title": {"type": "string", "minLength": 1},
        "summary": {"type": "string", "minLength": 1},
        "seo_title": {"type": "string"},
        "seo_description": {"type": "string"},
        "keywords": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["title", "summary", "seo_title", "seo_description", "keywords"],
    "additionalProperties": False,
}


def _text(section: Section) -> str:
    return section.current.text if section.current is not None else ""


def _room(ask: Ask, model: ModelSpec) -> int:
    """Return how many tokens can stand beside `ask` and its answer."""
    spent = count(ask.system, model) + count(ask.user, model) + 3 * FRAMING
    answer = min(ask.max_tokens or model.max_output_tokens, model.max_output_tokens)
    return model.context_window - answer - spent


def _fitting(notes: str, section: Section, ask: Ask, model: ModelSpec) -> str:
    """Return the material, or the paragraphs of it that are nearest to what a section covers."""
    room = _room(ask, model)
    if not notes or room < _LEAST_NOTES:
        return ""
    if count(notes, model) <= room:
        return notes
    return nearest(notes, f"{section.heading} {section.notes}", room, lambda t: count(t, model))


def nearest(notes: str, wanted: str, room: int, size: Callable[[str], int]) -> str:
    """Return the lines of `notes` that share most words with `wanted`, in their order."""
    words = set(_words(wanted))
    lines = [line for line in notes.splitlines() if line.strip()]
    shared = [len(words & set(_words(line))) for line in lines]
    kept: set[int] = set()
    left = room
    for place in sorted(range(len(lines)), key=lambda place: (-shared[place], place)):
        needed = size(lines[place]) + 1
        if needed <= left:
            kept.add(place)
            left -= needed
        elif left < _LEAST_NOTES // 4:
            break
    return "\n".join(lines[place] for place in sorted(kept))


def _words(text: str) -> list[str]:
    return re.findall(
        r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]{3,}", text.casefold()
    )
