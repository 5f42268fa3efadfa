"""Reading a document from this side: at most a few at once, and none for long."""

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from django.conf import settings

from boundary.documents.errors import UnreadableDocument
from boundary.documents.sniff import Kind, agrees, kind_of
from boundary.storable import storable

AT_ONCE = 2  # in one process: pages are answered by few threads
_PATIENCE = 1.0  # seconds for which one waits for its turn, and holds a thread
_SECONDS = 30.0
_MOST_ANSWERED = 32 * 2**20  # bytes; a code point may take twelve
_COMMAND = (sys.executable, "-B", "-m", "boundary.parsing")
_turns = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True)
class Document:
    """What was read. The title is the document's own, often empty."""

    text: str
    title: str
    kind: Kind


def read_document(name: str, data: bytes) -> Document:
    """Return the text of a file. Blocking. Raises `UnreadableDocument`."""
    with turn():
        return read_in_turn(name, data)


@contextmanager
def turn() -> Iterator[None]:
    """Be one of the few. Raises `UnreadableDocument` where others take too long."""
    if not _turns.acquire(timeout=_PATIENCE):
        raise UnreadableDocument("busy")
    try:
        yield
    finally:
        _turns.release()


def read_in_turn(name: str, data: bytes) -> Document:
    """`read_document` for whoever has the `turn` already."""
    kind = kind_of(data)
    if not agrees(name, kind):
        raise UnreadableDocument("lies")
    answer = _ask_child(kind, data)
    if "error" in answer:
        raise UnreadableDocument(answer["error"])
    # Fonts and titles of a PDF can name half a letter.
    return Document(storable(answer["text"]), storable(answer["title"]), kind)


def _ask_child(kind: Kind, data: bytes) -> dict[str, str]:
    with tempfile.TemporaryFile() as given:
        given.write(data)
        given.seek(0)
        said, is_late = _run(kind, given)
    if is_late:
        raise UnreadableDocument("too_slow")
    try:
        answer: dict[str, str] = json.loads(said)
    except ValueError:  # it was ended by its limits, or went on for too long
        raise UnreadableDocument("too_much") from None
    return answer


def _run(kind: Kind, given: IO[bytes]) -> tuple[bytes, bool]:
    """Return what the child said, bounded, and whether it was stopped by the clock."""
    late = threading.Event()
    with subprocess.Popen(  # noqa: S603 - our own module, no shell
        [*_COMMAND, kind],
        stdin=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=settings.BASE_DIR,
        env={"PATH": os.defpath, "PYTHONIOENCODING": "utf-8"},  # no secret of ours
    ) as child:

        def stop() -> None:
            late.set()
            child.kill()

        clock = threading.Timer(_SECONDS, stop)
        clock.start()
        try:
            said = child.stdout.read(_MOST_ANSWERED) if child.stdout else b""
        finally:
            clock.cancel()
            child.kill()
    return said, late.is_set()
