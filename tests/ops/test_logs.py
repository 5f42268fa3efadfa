"""No secret reaches a log line, whatever it is called and wherever it stands."""

import io
import json
import logging

import pytest
import structlog

from ops import logs


@pytest.fixture
def lines():
    """Log as the processes do, in JSON; returns what was written."""
    config = logs.logging_config("INFO", as_json=True)["formatters"]["lines"]
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(config.pop("()")(**config))
    logger = logging.getLogger("tests.logs")
    logger.addHandler(handler)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    logger.removeHandler(handler)


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "api_key",
        "apiKey",
        "Authorization",
        "secret",
        "csrf_token",
        "cookie",
        "passphrase",
    ],
)
def test_a_value_is_hidden_by_its_name(lines, name: str):
    structlog.get_logger("tests.logs").warning(
        "event", **{name: "hush", "nested": {name: ["hush"]}}
    )
    (line,) = lines()
    assert line["event"] == "event"
    assert "hush" not in json.dumps(line)


@pytest.mark.parametrize(
    "text",
    [
        "calling with sk-hushhushhush now",
        "Authorization: Bearer hush.hush.hush",
        "postgres://causerie:hush@db/causerie is away",
        "redis://:hush@cache:6379",
    ],
)
@pytest.mark.parametrize("logger", ["structlog", "logging"])
def test_a_value_is_hidden_by_its_shape(lines, text: str, logger: str):
    if logger == "structlog":
        structlog.get_logger("tests.logs").warning(text, also=text)
    else:
        logging.getLogger("tests.logs").warning("%s", text)
    (line,) = lines()
    assert "hush" not in json.dumps(line)
    assert logs.HIDDEN in line["event"]


def test_a_secret_in_a_traceback_is_hidden(lines):
    try:
        raise ValueError("key sk-hushhushhush")
    except ValueError:
        logging.getLogger("tests.logs").exception("failed")
    (line,) = lines()
    assert "ValueError" in line["exception"]
    assert "hush" not in json.dumps(line)


def test_ordinary_words_stay(lines):
    event = "user 7 used 12 tokens: https://example.test/path?key=1"
    structlog.get_logger("tests.logs").warning(event, input_tokens=12, passage="kept")
    (line,) = lines()
    assert line["event"] == event
    assert line["input_tokens"] == 12
    assert line["passage"] == "kept"
