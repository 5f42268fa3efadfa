import subprocess
import sys
import time

import pytest
import quicktok

from providers.models import ModelSpec
from providers.tokens import count

TEXTS = [
    "Hello!",
    "The quick brown fox jumps over the lazy dog, and then it sleeps for a while. " * 20,
    "Donaudampfschifffahrtsgesellschaft und Straßenbahnhaltestelle sind lange Wörter. " * 20,
    "def value(self) -> int:\n    return self._value[3:7] + 0x1F  # why\n" * 20,
    '{"id": 12345, "items": [1, 2.5, null], "name": "x"}' * 20,
    "1234567890 3.14159 2026-11-22T03:10:00Z " * 20,
    "你好，世界。今天天气很好，我们去公园散步吧。" * 20,
    "こんにちは、世界。今日はとても良い天気ですね。" * 20,
    "Привет, мир! Сегодня хорошая погода, пойдём гулять. " * 20,
    "مرحبا بالعالم، الطقس جميل اليوم. " * 20,
    "\n\n\t  \n" * 50,
    "a" * 500,
    " " * 500,
]
VOCABULARIES = ["o200k_base", "cl100k_base", "llama3", "qwen3"]


def spec(name: str, **fields) -> ModelSpec:
    return ModelSpec(name=name, **fields)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("vocabulary", VOCABULARIES)
def test_the_bound_is_above_what_ordinary_text_costs(text: str, vocabulary: str):
    exact = quicktok.get_encoding(vocabulary).count(text)
    assert exact <= count(text, spec("unknown-model"))
    assert exact <= count(text, spec("unknown-model", languages="English"))


@pytest.mark.parametrize("vocabulary", VOCABULARIES)
def test_the_bound_is_not_far_above_it(vocabulary: str):
    prose = TEXTS[1]
    exact = quicktok.get_encoding(vocabulary).count(prose)
    assert count(prose, spec("unknown-model")) < 2 * exact


def test_a_model_of_few_languages_has_few_tokens_for_others():
    assert count("你好", spec("tiny", languages="English")) == 6
    assert count("你好", spec("large")) == 3


@pytest.mark.parametrize(
    ("name", "vocabulary"),
    [
        ("gpt-5.4-mini", "o200k_base"),
        ("openai/gpt-4o", "o200k_base"),
        ("gpt-4.1", "o200k_base"),
        ("o3", "o200k_base"),
        ("o4-mini", "o200k_base"),
        ("chatgpt-4o-latest", "o200k_base"),
        ("gpt-4", "cl100k_base"),
        ("gpt-4-turbo", "cl100k_base"),
        ("gpt-3.5-turbo", "cl100k_base"),
        ("meta-llama/Llama-3.1-8B-Instruct", "llama3"),
        ("Qwen/Qwen3-8B", "qwen3"),
    ],
)
def test_known_models_are_counted_exactly(name: str, vocabulary: str):
    text = TEXTS[1] + TEXTS[6]
    assert count(text, spec(name)) == quicktok.get_encoding(vocabulary).count(text)


@pytest.mark.parametrize("name", ["gpt-40", "olive", "gpt2", "smollm2-135m-instruct", "o", ""])
def test_others_are_not_taken_for_them(name: str):
    assert count("abcdef", spec(name)) == 2


@pytest.mark.parametrize("name", ["gpt-4o", "unknown"])
@pytest.mark.parametrize("text", ["", "\ud800", "\0", "<|endoftext|>", "a\ud83d\ude00"])
def test_odd_texts_have_a_count(name: str, text: str):
    assert count(text, spec(name)) >= bool(text)


@pytest.mark.parametrize("name", ["gpt-4o", "unknown"])
def test_a_million_characters_cost_little(name: str):
    count("warm", spec(name))
    text = (TEXTS[1] + TEXTS[6]) * 500
    started = time.process_time()
    count(text[:1_000_000], spec(name))
    assert time.process_time() - started < 0.25


def test_nothing_heavy_is_loaded_before_it_is_needed():
    """The web process imports the catalogue and the counting, and never calls a model."""
    code = (
        "import django, sys; django.setup();"
        "import providers.tokens, providers.actions, providers.backends, providers.seeding;"
        "from providers.models import ModelSpec;"
        "providers.tokens.count('hello', ModelSpec(name='unknown'));"
        "heavy = {'quicktok', 'openai', 'genai_prices', 'numpy', 'httpx2', 'aiohttp'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr
