"""The OpenAPI document: valid, true, and open to everybody."""

import json

import httpx2
import pytest
from django.urls import get_resolver
from openapi_spec_validator import validate

from accounts.models import Endpoint
from api.reference.errors import FAILURES
from api.reference.openapi import document_of

URL = "/v1/openapi.json"


@pytest.fixture
def document() -> dict:
    return json.loads(document_of("https://causerie.example/v1"))


def test_it_is_valid(document):
    validate(document)
    assert document["openapi"].startswith("3.1.")
    assert document["servers"] == [{"url": "https://causerie.example/v1"}]


def test_it_names_every_endpoint_that_answers(document):
    *known, _nowhere = get_resolver("api.v1.urls").url_patterns
    served = {str(each.pattern) for each in known} - {"v1/openapi.json"}
    told = {"v1" + path.replace("{model}", "<path:name>") for path in document["paths"]}
    assert told == served
    assert {path.removeprefix("/") for path in document["paths"]} >= set(Endpoint.values)


def test_everybody_can_read_it(origin, transactional_db, settings):
    answer = httpx2.get(origin + URL)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json()["servers"] == [{"url": f"{settings.PUBLIC_URL}/v1"}]
    assert httpx2.post(origin + URL).status_code == 405


def test_it_is_english_whatever_a_browser_asks_for(origin, transactional_db):
    answer = httpx2.get(origin + URL, headers={"Accept-Language": "zh-hans"})
    assert answer.json()["paths"]["/models"]["get"]["summary"] == "List the models"


def test_each_refusal_that_is_told_of_has_a_status_of_its_kind():
    assert {failure.status // 100 for failure in FAILURES} == {4, 5}
    codes = [failure.code for failure in FAILURES if failure.code]
    assert len(codes) == len(set(codes))
