"""Reading a document from this side: at most a few at once, and none for long."""

import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass

from django.conf import settings

from boundary.documents.errors import UnreadableDocument
from boundary.documents.sniff import Kind, agrees, kind_of
from boundary.storable import storable

AT_ONCE = 2  # in one process: pages are answered by few threads
_PATIENCE = 5.0  # seconds for which one waits for its turn
_SECONDS = 30.0
_turns = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True)
class Document:
    """What was read. The title is the document's own, often empty."""

    text: str
    title: str
    kind: Kind


def read_document(name: str, data: bytes) -> Document:
    """Return the text of a file. Blocking. Raises `UnreadableDocument`."""
    kind = kind_of(data)
    if not agrees(name, kind):
        raise UnreadableDocument("lies")
    if not _turns.acquire(timeout=_PATIENCE):
        raise UnreadableDocument("busy")
    try:
        answer = _ask_child(kind, data)
    finally:
        _turns.release()
    if "error" in answer:
        raise UnreadableDocument(answer["error"])
    # Fonts and titles of a PDF can name half a letter.
    return Document(storable(answer["text"]), storable(answer["title"]), kind)


def _ask_child(kind: Kind, data: bytes) -> dict[str, str]:
    try:
        done = subprocess.run(  # noqa: S603 - our own module, no shell
            [sys.executable, "-m", "boundary.parsing", kind],
            input=data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=settings.BASE_DIR,
            env={"PATH": os.defpath, "PYTHONIOENCODING": "utf-8"},  # no secret of ours
            timeout=_SECONDS,
            check=False,
        )
        answer: dict[str, str] = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        raise UnreadableDocument("too_slow") from None
    except ValueError:  # it was ended by its limits
        raise UnreadableDocument("too_much") from None
    return answer
