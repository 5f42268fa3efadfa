"""What is wrong with an answer whatever it was asked for: nothing in it, the request once more, or
another language.
"""

import re

from generator.recipes import scripts
from generator.recipes.base import Ask, Misread, Problem, Values

_PIECE = 24  # code points: longer than what two texts have in common by chance
_MOST_PIECES = 200
_LEAST_PIECES = 2
_MOST_OF_IT = 0.6


def check(text: str, ask: Ask, values: Values, *, is_own: bool = False) -> None:
    """Raise `Misread` for an answer that cannot be the result.

    `ask` is what was asked, without the material: what was filled in may come again in the answer,
    the instructions around it may not. With `is_own` all of the request is the person's own text:
    an answer may be its template, filled in.
    """
    if not text.strip():
        raise Misread(Problem.EMPTY, "An earlier answer was empty. Write the answer.")
    if _is_echo(text, ask, values, is_own=is_own or ask.completes):
        raise Misread(
            Problem.ECHO,
            "An earlier answer repeated these instructions. Do not repeat them: write only the "
            "answer itself.",
        )
    language = values.get("language")
    if isinstance(language, str) and scripts.is_in_another(text, language):
        raise Misread(
            Problem.LANGUAGE,
            f"An earlier answer was in another language. Write in {language} only.",
        )


def _is_echo(text: str, ask: Ask, values: Values, *, is_own: bool) -> bool:
    answer = _plain(text)
    if answer == _plain(ask.user):
        return True
    if is_own:
        return False
    own = "\0".join(_plain(each) for value in values.values() for each in _texts(value))
    return any(_has_most(answer, _plain(asked), own) for asked in (ask.user, ask.system))


def _has_most(answer: str, asked: str, own: str) -> bool:
    """Say whether most of `asked` is in `answer`, what is in `own` not counted."""
    pieces = [asked[at : at + _PIECE] for at in range(0, len(asked) - _PIECE + 1, _PIECE)]
    pieces = [piece for piece in pieces[:_MOST_PIECES] if piece not in own]
    found = sum(piece in answer for piece in pieces)
    return len(pieces) >= _LEAST_PIECES and found > _MOST_OF_IT * len(pieces)


def _plain(text: str) -> str:
    """Return it as it reads, whatever its case, white space and Markdown."""
    return " ".join(re.sub(r"[*_#>`]+", " ", text).casefold().split())


def _texts(value: object) -> list[str]:
    if isinstance(value, list | tuple):
        return [each for each in value if isinstance(each, str)]
    return [value] if isinstance(value, str) else []
