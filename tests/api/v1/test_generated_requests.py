"""Requests made up from the OpenAPI document, and from its contrary: none is a fault of ours."""

import json

import hypothesis
import pytest
import schemathesis
from schemathesis import GenerationMode

from api.reference.openapi import document_of
from api.reference.operations import OPERATIONS
from providers.actions import add_model
from providers.models import Ability
from tests.api.v1.test_refusals import error_of

NAMES = {
    "/chat/completions": "house-model",
    "/completions": "writer",
    "/embeddings": "reader",
    "/images/generations": "painter",
    "/moderations": "judge",
}
ABILITIES = {
    "writer": Ability.COMPLETIONS,
    "reader": Ability.EMBEDDINGS,
    "painter": Ability.IMAGES,
    "judge": Ability.MODERATION,
}
SOME = hypothesis.settings(
    max_examples=30,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(hypothesis.HealthCheck),
)
PATHS = [operation.path for operation in OPERATIONS]


@pytest.fixture
def models(model, provider) -> None:
    for name, ability in ABILITIES.items():
        add_model(provider, f"fake-{name}", public_name=name, abilities=[ability])


def schema(path: str):
    """Return the document, in which the model's name is one that is offered."""
    document = json.loads(document_of("http://causerie.example/v1"))
    for operation in document["paths"][path].values():
        if body := operation.get("requestBody"):
            asked = body["content"]["application/json"]["schema"]
            asked["properties"]["model"] = {"const": NAMES[path]}
    return schemathesis.openapi.from_dict(document)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("path", PATHS)
def test_no_request_is_a_fault_of_ours(http, models, path, mode):
    method = "GET" if path == "/models" else "POST"
    operation = schema(path)[path][method]
    seen = set()

    @SOME
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def ask(case):
        asked = case.as_transport_kwargs(base_url=str(http.base_url))
        headers = {**(asked.get("headers") or {}), "Authorization": http.headers["authorization"]}
        content = {"json": asked["json"]} if "json" in asked else {"content": asked.get("data")}
        answer = http.request(case.method, f"/v1{path}", headers=headers, **content)
        seen.add(answer.status_code)
        assert answer.status_code < 500, answer.text
        if answer.status_code != 200:
            error_of(answer, answer.status_code)

    ask()
    if mode.is_negative and method == "POST":
        assert 400 in seen
    if mode.is_positive:
        assert 200 in seen
