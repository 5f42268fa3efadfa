"""A provider that tells the key it was given, wherever it can: no program learns it."""

import json

import pytest

from providers.actions import store_credential
from tests.api.v1.conftest import UPSTREAM_KEY
from tests.api.v1.test_refusals import CHAT, GOOD, error_of
from usage.models import UsageRecord

pytestmark = pytest.mark.usefixtures("model")
WHOLE = {"choices": [{"index": 0, "message": {"content": "hi"}, "finish_reason": "stop"}]}
ECHOES = [
    {"error": {"message": f"wrong key {UPSTREAM_KEY}"}},
    {"error": f"wrong key {UPSTREAM_KEY}"},
    {"error": [f"wrong key {UPSTREAM_KEY}"]},
    {"object": "error", "message": f"wrong key {UPSTREAM_KEY}", "code": 401},
    {"detail": [{"msg": UPSTREAM_KEY}]},
    {"error": {"message": "x" * 490 + UPSTREAM_KEY}},
    {"error": {"message": "see", "code": UPSTREAM_KEY, "type": UPSTREAM_KEY}},
    {"choices": [{"index": 0, "delta": {}, "error": {"message": UPSTREAM_KEY}}]},
    {"x_headers": {"authorization": f"Bearer {UPSTREAM_KEY}"}, "choices": []},
]


class TestAKeyThatIsEchoed:
    @pytest.mark.parametrize("is_stream", [True, False])
    @pytest.mark.parametrize("body", [*ECHOES, f"<h1>{UPSTREAM_KEY}</h1>", [UPSTREAM_KEY]])
    @pytest.mark.parametrize("status", [400, 401, 422, 500])
    def test_instead_of_an_answer(self, http, fake, body, is_stream, status):
        fake.queue(status=status, body=body, headers={"X-Key": UPSTREAM_KEY, "Retry-After": "1"})
        response = http.post(CHAT, json=GOOD | {"stream": is_stream})
        error_of(response, response.status_code)
        assert response.status_code >= 400
        assert UPSTREAM_KEY[:-4] not in response.text + str(response.headers)
        assert not UsageRecord.objects.exclude(cost=None).exists()

    @pytest.mark.parametrize("body", ECHOES)
    def test_within_a_stream(self, http, fake, body):
        text = {"choices": [{"index": 0, "delta": {"content": "hi"}}]}
        end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
        events = [f"data: {json.dumps(each)}\n\n" for each in (text, body, end)]
        fake.queue(raw=[*events, "data: [DONE]\n\n"])
        response = http.post(CHAT, json=GOOD | {"stream": True})
        assert UPSTREAM_KEY[:-4] not in response.text

    @pytest.mark.parametrize("body", ECHOES)
    def test_in_what_looks_like_an_answer(self, http, fake, body):
        whole = {**WHOLE, **{name: body[name] for name in body if name != "choices"}}
        fake.queue(raw=[json.dumps(whole)])
        response = http.post(CHAT, json=GOOD)
        assert UPSTREAM_KEY[:-4] not in response.text

    def test_a_key_that_is_a_word_may_be_said(self, http, fake, provider):
        store_credential(provider, "ollama")
        fake.queue(pieces=["ollama", " is short"])
        assert "ollama" in http.post(CHAT, json=GOOD).text

    def test_cut_in_two_by_the_network(self, http, fake):
        told = f'data: {{"choices": [{{"delta": {{"content": "a"}}}}], "k": "{UPSTREAM_KEY}"}}\n\n'
        for cut in (len(told) - 15, len(told) - 1):
            end = 'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\n'
            fake.queue(raw=[told[:cut], told[cut:] + end], delay_ms=30)
            response = http.post(CHAT, json=GOOD | {"stream": True})
            assert response.status_code == 200
            assert UPSTREAM_KEY[:12] not in response.text
