"""What servers say of their models, each in its own words, and what they say that is nonsense."""

import json
from typing import Any

import pytest

from providers import offers
from providers.models import Ability

CHAT, COMPLETIONS, VISION, TOOLS = (
    Ability.CHAT, Ability.COMPLETIONS, Ability.VISION, Ability.TOOLS
)  # fmt: skip
JSON, EMBEDDINGS, IMAGES, MODERATION = (
    Ability.JSON, Ability.EMBEDDINGS, Ability.IMAGES, Ability.MODERATION
)  # fmt: skip


def read(*rows: Any, **beside: Any) -> list[offers.Offered]:
    return offers.read(json.dumps({"object": "list", "data": rows, **beside}).encode())


def test_openais_own_list_says_names_alone():
    (found,) = read({"id": "gpt-5.4", "object": "model", "created": 1, "owned_by": "openai"})
    assert (found.name, found.context_window, found.stated) == ("gpt-5.4", None, {})


@pytest.mark.parametrize(
    ("row", "window", "can", "cannot"),
    [
        # OpenRouter
        ({"context_length": 200_000,
          "architecture": {"input_modalities": ["text", "image"], "output_modalities": ["text"]},
          "supported_parameters": ["tools", "structured_outputs", "temperature"]},
         200_000, {CHAT, VISION, TOOLS, JSON}, {IMAGES, EMBEDDINGS}),
        ({"architecture": {"input_modalities": ["text"], "output_modalities": ["image"]},
          "supported_parameters": ["seed"]},
         None, {IMAGES}, {CHAT, VISION, TOOLS, JSON, EMBEDDINGS}),
        # Mistral
        ({"max_context_length": 32_768,
          "capabilities": {"completion_chat": True, "function_calling": False, "vision": True,
                           "completion_fim": False, "fine_tuning": True}},
         32_768, {CHAT, VISION}, {TOOLS}),
        ({"capabilities": {"completion_chat": False, "function_calling": False}},
         None, set(), {CHAT, TOOLS}),
        # vLLM
        ({"max_model_len": 4096, "root": "/models/x", "permission": []}, 4096, set(), set()),
        # llama.cpp, whose meta is that of the file
        ({"meta": {"n_ctx_train": 8192, "n_params": 1, "n_vocab": 2}}, 8192, set(), set()),
        # LM Studio
        ({"type": "vlm", "max_context_length": 4096, "capabilities": ["tool_use"]},
         4096, {CHAT, VISION, TOOLS}, {EMBEDDINGS, IMAGES, MODERATION, COMPLETIONS}),
        ({"type": "embeddings", "max_context_length": 512}, 512, {EMBEDDINGS}, {CHAT, IMAGES}),
        # Ollama
        ({"capabilities": ["completion", "tools"]}, None, {CHAT, COMPLETIONS, TOOLS},
         {VISION, EMBEDDINGS}),
        ({"capabilities": ["embedding"]}, None, {EMBEDDINGS}, {CHAT, VISION}),
        # Groq, Together, Moonshot
        ({"context_window": 131_072, "active": True}, 131_072, set(), set()),
        ({"type": "moderation"}, None, {MODERATION}, {CHAT, EMBEDDINGS}),
        ({"supports_image_in": True, "context_length": 9000}, 9000, {VISION}, set()),
    ],
)  # fmt: skip
def test_servers_say_what_a_model_can(row: dict, window, can: set, cannot: set):
    (found,) = read({"id": "m", **row})
    assert found.context_window == window
    assert {each for each, yes in found.stated.items() if yes} == can
    assert {each for each, yes in found.stated.items() if not yes} >= cannot


def test_llama_cpp_says_in_a_second_list_whether_a_model_sees():
    (found,) = read(
        {"id": "m", "meta": {"n_ctx_train": 8192}},
        models=[{"name": "m", "capabilities": ["completion", "multimodal"]}],
    )
    assert found.context_window == 8192
    assert found.stated[VISION]
    assert not found.stated[EMBEDDINGS]


def test_togethers_list_is_bare():
    body = json.dumps([{"id": "a", "type": "chat"}, {"id": "b", "type": "image"}]).encode()
    assert [each.name for each in offers.read(body)] == ["a", "b"]


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"null", b"3", b"{}", b'{"data": {}}', b'{"data": null}', b"\xff\xfe",
     b"[" * 100_000],
)  # fmt: skip
def test_what_is_no_list_is_refused(body: bytes):
    with pytest.raises(ValueError):  # noqa: PT011
        offers.read(body)


@pytest.mark.parametrize(
    "row",
    [
        None, 3, "m", [], {}, {"id": 3}, {"id": ""}, {"id": "x" * 201}, {"id": "a\nb"},
        {"id": "a\0b"}, {"id": None, "name": ["m"]},
    ],
)  # fmt: skip
def test_a_row_without_a_name_is_passed_over(row: Any):
    assert [each.name for each in read(row, {"id": "good"}, {"id": "good"})] == ["good"]


@pytest.mark.parametrize("nonsense", [None, -1, 0, "x", 1.5, True, [], {}, [[]], {"a": {}}, [3]])
def test_nonsense_about_a_model_says_nothing(nonsense: Any):
    keys = ("max_model_len", "context_length", "context_size", "meta", "capabilities", "features")
    keys += ("type", "model_type", "architecture", "supported_parameters", "input_modalities")
    (found,) = read({"id": "m", **dict.fromkeys(keys, nonsense)})
    assert found.context_window is None
    assert not any(found.stated.values())
