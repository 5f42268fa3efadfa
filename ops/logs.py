"""Logging for all processes: lines for people or JSON for collectors, without any secret."""

import logging
import re
import sys
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

SECRET_NAMES = re.compile(
    r"pass(word|phrase)|secret|token$|api_?key|authorization|cookie|credential", re.IGNORECASE
)
SECRET_VALUES = re.compile(
    r"(?P<before>\b(?:Bearer|Basic)\s+|://[^/\s:@]*:)[^\s@\"',]+|\bsk-[\w-]{8,}", re.IGNORECASE
)
# Celery quotes a whole message that it cannot read: arguments, which may hold anything.
MESSAGES = re.compile(r"(full contents of the message (?:body|headers)).*", re.DOTALL)
HIDDEN = "[hidden]"


def redact(logger: Any, method: str, event: EventDict) -> EventDict:
    """Hide values whose name or shape says that they are secret."""
    return {key: _redacted(key, value) for key, value in event.items()}


def without_secrets(text: str) -> str:
    """Hide what has the shape of a secret."""
    return SECRET_VALUES.sub(lambda found: (found["before"] or "") + HIDDEN, text)


def _redacted(key: str, value: Any) -> Any:
    if SECRET_NAMES.search(key):
        return HIDDEN
    if isinstance(value, str):
        return without_secrets(MESSAGES.sub(rf"\1: {HIDDEN}", value))
    if isinstance(value, dict):
        return {name: _redacted(str(name), each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(key, each) for each in value]
    return value


class NotHealth(logging.Filter):
    """Leaves out the requests to `/readyz`: its 503 is an answer, asked for every few seconds."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not (isinstance(record.msg, dict) and record.msg.get("request") == "GET /readyz")


PROCESSORS: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    redact,
]


def configure() -> None:
    """Send structlog's events through Python's logging."""
    structlog.configure(
        processors=[*PROCESSORS, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def logging_config(level: str, *, as_json: bool) -> dict[str, Any]:
    """Return Django's `LOGGING`: everything to standard error from `level` up."""
    renderer: Processor = structlog.processors.JSONRenderer(ensure_ascii=False)
    if not as_json:
        renderer = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "lines": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": [*PROCESSORS],
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    renderer,
                ],
            }
        },
        "filters": {"not_health": {"()": NotHealth}},
        "handlers": {
            "lines": {
                "class": "logging.StreamHandler",
                "formatter": "lines",
                "filters": ["not_health"],
            }
        },
        "root": {"handlers": ["lines"], "level": level},
        "loggers": {
            # Django's own handlers would write each line a second time.
            "django": {"handlers": [], "level": level, "propagate": True},
            # The same request is in the line of django-structlog.
            "django.request": {"level": "CRITICAL"},
            # Anybody can send such a Host; it is answered 400.
            "django.security.DisallowedHost": {"level": "CRITICAL"},
            # At its most talkative it writes the arguments of every task.
            "celery.pool": {"level": "INFO"},
            # ... and this one the cookies, where a template asks for one that is not there.
            "django.template": {"level": "INFO"},
            # A worker that ends says that nobody consumes its queues.
            "kombu.transport.virtual.base": {"level": "ERROR"},
        },
    }
