"""In which script a text is written: enough to tell that it is in another language than asked for,
where that is certain. Languages of one script are not told apart.
"""

import re

_SCRIPTS = {
    "Latin": re.compile("[A-Za-zÀ-ÖØ-öø-ɏḀ-ỿ]"),
    "Han": re.compile("[㐀-䶿一-鿿豈-﫿\U00020000-\U0003ffff]"),
    "Kana": re.compile("[ぁ-ゖァ-ヺ]"),
    "Hangul": re.compile("[가-힣ㄱ-ㆎ]"),
    "Cyrillic": re.compile("[Ѐ-ԯ]"),
    "Arabic": re.compile("[ؠ-ٟٮ-ۿݐ-ݿ]"),
    "Hebrew": re.compile("[א-ת]"),
    "Devanagari": re.compile("[ऀ-ॿ]"),
    "Thai": re.compile("[ก-๛]"),
    "Greek": re.compile("[Ͱ-Ͽ]"),
}
_LANGUAGES = {
    ("Latin",): "english spanish french german portuguese italian dutch polish turkish vietnamese "
    "indonesian swedish danish norwegian finnish czech hungarian romanian latin",
    ("Han",): "chinese mandarin cantonese",
    ("Han", "Kana"): "japanese",
    ("Hangul",): "korean",
    ("Cyrillic",): "russian ukrainian bulgarian belarusian",
    ("Arabic",): "arabic persian farsi urdu",
    ("Hebrew",): "hebrew",
    ("Devanagari",): "hindi marathi nepali",
    ("Thai",): "thai",
    ("Greek",): "greek",
}
_WRITTEN_IN = {name: script for script, names in _LANGUAGES.items() for name in names.split()}
# What is not the writer's own words: code, addresses, placeholders and elements.
_NOT_PROSE = re.compile(
    r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)|`[^`\n]*`|https?://[!-~]+|\{[^{}\n]*\}|<[^<>\n]*>",
    re.DOTALL,
)
_LONGEST_LOOK = 20_000  # code points of a text that are looked at
_LEAST_LETTERS = 20
_MOST_OF_IT = 0.6
_HARDLY_ANY = 0.1
_LEAST_KANA = 0.02  # of Japanese
_MOST_KANA = 0.2  # of Chinese that quotes some Japanese


def is_in_another(text: str, language: str) -> bool:
    """Say whether `text` is certainly not in `language`, which is called by its English name."""
    name = language.casefold().replace("simplified", "").replace("traditional", "").strip()
    wanted = _WRITTEN_IN.get(name)
    prose = _NOT_PROSE.sub(" ", text[:_LONGEST_LOOK])
    letters = {name: len(pattern.findall(prose)) for name, pattern in _SCRIPTS.items()}
    every = sum(letters.values())
    if wanted is None or every < _LEAST_LETTERS:
        return False
    right = sum(letters[name] for name in wanted)
    others = max(count for name, count in letters.items() if name not in wanted)
    if wanted == ("Han",) and letters["Kana"] > _MOST_KANA * every:
        return True
    if "Kana" in wanted and right > _MOST_OF_IT * every:
        return letters["Kana"] < _LEAST_KANA * right
    return others > _MOST_OF_IT * every and right < _HARDLY_ANY * every
