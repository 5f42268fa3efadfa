"""Bodies made to be misread: numbers, names twice, encodings, depth, and what is around them."""

import gzip
import json

import pytest

from tests.api.v1.test_refusals import CHAT, GOOD, MESSAGES, error_of
from usage.models import UsageRecord

NUMBERS = ["1" + "0" * 400, "-" + "9" * 4000, "1e400", "-1e400", "NaN", "Infinity", "-0", "0.0"]
TEXT = json.dumps(GOOD)


@pytest.mark.usefixtures("nothing_is_charged")
class TestRefused:
    @pytest.mark.parametrize("number", [*NUMBERS, "1.0", "1e2", "[]", "{}", '"5"', "true"])
    @pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens", "n"])
    def test_a_number_that_must_be_a_count(self, http, name, number):
        body = f'{TEXT[:-1]}, "{name}": {number}}}'
        error = error_of(http.post(CHAT, content=body), 400)
        assert error["type"] == "invalid_request_error"
        assert len(error["message"]) < 300

    @pytest.mark.parametrize("number", ["1e400", "-1e400", "NaN", "Infinity", "-Infinity"])
    @pytest.mark.parametrize("name", ["temperature", "seed", "something_new"])
    def test_a_number_that_json_has_not(self, http, name, number):
        error_of(http.post(CHAT, content=f'{TEXT[:-1]}, "{name}": {number}}}'), 400)

    @pytest.mark.parametrize("wrong", [0, 1.5, True, [], {}, "x", None])
    @pytest.mark.parametrize("name", ["model", "messages"])
    def test_a_wrong_type(self, http, name, wrong):
        response = http.post(CHAT, json=GOOD | {name: wrong})
        error_of(response, 404 if (name, wrong) == ("model", "x") else 400)

    @pytest.mark.parametrize("wrong", [0, 1, "true", [], {}, [True]])
    def test_a_flag_that_is_none(self, http, wrong):
        assert error_of(http.post(CHAT, json=GOOD | {"stream": wrong}), 400)["param"] == "stream"

    @pytest.mark.parametrize("role", [None, 1, [], {}, True])
    def test_a_role_that_is_none(self, http, role):
        messages = [{"role": role, "content": "hi"}]
        error_of(http.post(CHAT, json=GOOD | {"messages": messages}), 400)

    @pytest.mark.parametrize("encode", [gzip.compress, lambda body: body[:-3], lambda b: b + b"}"])
    def test_what_is_not_the_whole_of_it_in_plain(self, http, encode):
        """A body is never unpacked, whatever its head says."""
        headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
        error_of(http.post(CHAT, content=encode(TEXT.encode()), headers=headers), 400)

    @pytest.mark.parametrize("charset", ["latin-1", "cp037", "utf-7"])
    def test_another_encoding(self, http, charset):
        text = json.dumps(GOOD | {"user": "né"}, ensure_ascii=False)
        headers = {"Content-Type": f"application/json; charset={charset}"}
        body = text.replace("né", "n+AOk-" if charset == "utf-7" else "né").encode(charset)
        if charset == "utf-7":
            body = body.replace(b"{", b"+AHs-")
        error_of(http.post(CHAT, content=body, headers=headers), 400)

    @pytest.mark.parametrize("depth", [70, 900, 5000, 200_000])
    def test_depth(self, http, depth):
        for opened, closed in (("[", "]"), ('{"a":', "}")):
            deep = f"{opened * depth}0{closed * depth}"
            error_of(http.post(CHAT, content=f'{TEXT[:-1]}, "tools": {deep}}}'), 400)

    @pytest.mark.parametrize(
        "name", ["'; DROP TABLE accounts_user; --", "%s%(x)s", "a\r\nb: c", "‮x"]
    )
    def test_a_model_s_name_is_a_name_only(self, http, name):
        response = http.post(CHAT, json=GOOD | {"model": name})
        assert error_of(response, 404)["code"] == "model_not_found"
        assert "b" not in response.headers

    def test_ten_thousand_names_and_a_long_one(self, http):
        many = {f"field{number}": number for number in range(10_000)}
        error_of(http.post(CHAT, json=many), 400)
        error_of(http.post(CHAT, json=GOOD | {"model": "m" * 10**6}), 400)

    @pytest.mark.parametrize(
        "content",
        [
            [{"type": "image_url", "image_url": {"url": " data:image/png;base64,eA=="}}],
            [{"type": "image_url", "image_url": {"url": "DATA:image/png;base64,eA=="}}],
            [{"type": "image_url", "image_url": ["http://127.0.0.1/"]}],
            [{"type": "input_image", "image_url": "http://169.254.169.254/latest"}],
            [{"type": "text", "text": "x", "image_url": {"url": "http://127.0.0.1:6379/"}}],
            [{"type": "image_url", "image_url": {"url": None, "uri": 1}}, "x"],
            {"type": "image_url", "image_url": {"url": "http://127.0.0.1/"}},
        ],
    )
    def test_parts_that_lead_elsewhere(self, http, content):
        messages = [{"role": "user", "content": content}]
        error_of(http.post(CHAT, json=GOOD | {"messages": messages}), 400)

    @pytest.mark.parametrize(
        "part",
        [
            {"type": "video_url", "video_url": {"url": "http://127.0.0.1:5432/"}},
            {"type": "audio_url", "audio_url": {"url": "http://[::1]:6379/"}},
            {"type": "input_audio", "input_audio": {"data": "http://127.0.0.1/"}},
            {"type": "video_url", "video_url": " HTTP:\\\\127.0.0.1/"},
            {"type": "file", "file": {"file_data": "http://127.0.0.1/", "filename": "x"}},
            {"type": "image", "image": "http://127.0.0.1/"},
            {"type": "image", "source": {"type": "url", "url": "file:///etc/passwd"}},
        ],
    )
    def test_other_media_that_a_server_would_fetch(self, http, part):
        """vLLM fetches `video_url` and `audio_url` as it does `image_url`."""
        messages = [{"role": "user", "content": [part]}]
        error_of(http.post(CHAT, json=GOOD | {"messages": messages}), 400)


@pytest.mark.parametrize(
    "kind", [None, "text/plain", "multipart/form-data", "\xff", "a/b;charset=x"]
)
def test_the_content_type_changes_nothing(http, model, fake, kind):
    """A body is JSON or refused, as OpenAI's server has it for what most programs send."""
    headers = {} if kind is None else {"Content-Type": kind.encode("latin-1")}
    assert http.post(CHAT, content=TEXT, headers=headers).status_code == 200
    assert [call.messages for call in fake.calls] == [MESSAGES]


@pytest.mark.parametrize("charset", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_other_unicode_is_read_as_it_is_sent_on_or_refused(http, model, fake, charset):
    messages = [{"role": "user", "content": "né 好"}]
    body = json.dumps(GOOD | {"messages": messages}, ensure_ascii=False).encode(charset)
    response = http.post(CHAT, content=body)
    assert response.status_code in (200, 400)
    assert [call.messages for call in fake.calls] == [messages] * (response.status_code == 200)


def test_of_a_name_twice_what_was_checked_is_what_is_sent(http, model, fake):
    """The last counts, here as for most servers; and the first is not sent on for the others."""
    image = {"type": "image_url", "image_url": {"url": "http://127.0.0.1:5432/"}}
    bad = json.dumps([{"role": "user", "content": [image]}])
    body = f'{{"messages": {bad}, "max_tokens": 10000000, "model": "other", {TEXT[1:-1]}}}'
    body = f'{body[:-1]}, "max_tokens": 7}}'
    assert http.post(CHAT, content=body).status_code == 200
    (call,) = fake.calls
    assert (call.messages, call.model, call.max_tokens) == (MESSAGES, "fake", 7)


def test_of_a_name_twice_a_bad_last_one_is_refused(http, model, fake):
    error_of(http.post(CHAT, content=f'{TEXT[:-1]}, "api_base": 1, "messages": []}}'), 400)
    assert not fake.calls
    assert not UsageRecord.objects.exists()


def test_a_text_may_tell_of_an_address(http, model, fake):
    parts = [
        {"type": "text", "text": "http://127.0.0.1:5432/ is whose?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,eA=="}},
        {"type": "input_audio", "input_audio": {"data": "eA==", "format": "wav"}},
    ]
    messages = [{"role": "user", "content": parts}]
    assert http.post(CHAT, json=GOOD | {"messages": messages}).status_code == 200
    assert fake.calls[0].messages == messages
