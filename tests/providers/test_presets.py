"""Every server that can be chosen is one that can be added."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError

from boundary.egress.urls import check_url
from providers.actions import add_provider
from providers.models import Provider
from providers.presets import PLACEHOLDER, Preset, find_preset, presets

ALL = [pytest.param(each, id=each.slug) for each in presets()]


def test_those_that_people_look_for_are_there():
    wanted = (
        "openai azure mistral groq deepseek qwen moonshot zhipu openrouter xai gemini together "
        "fireworks huggingface vllm ollama llama-cpp lm-studio transformers litellm"
    )
    assert {each.slug for each in presets()} >= set(wanted.split())


def test_each_is_there_once():
    for values in ([each.slug for each in presets()], [each.name for each in presets()]):
        assert len(set(values)) == len(values)


@pytest.mark.parametrize("preset", ALL)
def test_each_is_whole(preset: Preset):
    assert preset.kind in Provider.Kind.values
    assert preset.key in ("needed", "optional", "none")
    assert preset.slug.replace("-", "").isalnum()
    url = check_url(preset.base_url)
    assert not preset.base_url.endswith("/")
    assert (url.scheme == "http") == preset.allow_private == (url.host == "localhost")
    assert bool(preset.key_url) == (preset.key == "needed")
    assert not preset.key_url or check_url(preset.key_url).scheme == "https"


@pytest.mark.django_db
@pytest.mark.parametrize("preset", ALL)
def test_each_can_be_added_once_what_is_to_be_filled_in_is(preset: Preset):
    given = {"kind": preset.kind, "allow_private": preset.allow_private}
    if PLACEHOLDER in preset.base_url:
        with pytest.raises(ValidationError, match="Replace the capital letters"):
            add_provider(preset.name, preset.base_url, **given)
    url = preset.base_url.replace("YOUR-RESOURCE", "our-house")
    assert add_provider(preset.name, url, **given).base_url == url


def test_one_is_found_by_its_slug():
    assert find_preset("ollama") in presets()
    assert find_preset("Ollama") is find_preset("") is None


def test_the_file_is_found_from_any_folder(tmp_path: Path):
    said = "from providers.presets import presets; print(len(presets()))"
    script = f"import sys; sys.path.insert(0, {str(settings.BASE_DIR)!r}); {said}"
    run = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True)
    assert int(run.stdout) == len(presets()), run.stderr


@pytest.mark.django_db
def test_a_name_like_the_placeholder_is_no_placeholder():
    add_provider("Ours", "https://your-company.example.com/v1")
