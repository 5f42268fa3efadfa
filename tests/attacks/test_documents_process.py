"""A parser that was taken over: what it can still do, which is little."""

import json
import os
import socket
import subprocess
import sys
import threading
import time

import pytest
from django.conf import settings

from boundary.documents import UnreadableDocument, read_document, reading


def refused() -> str:
    with pytest.raises(UnreadableDocument) as error:
        read_document("a.txt", b"hello")
    return error.value.kind


@pytest.fixture
def child_runs(monkeypatch):
    def instead(code: str) -> None:
        monkeypatch.setattr(reading, "_COMMAND", (sys.executable, "-c", code))

    return instead


def test_words_without_end_are_not_listened_to(child_runs, monkeypatch):
    monkeypatch.setattr(reading, "_MOST_ANSWERED", 1_000_000)
    child_runs("while True: print('x' * 9999)")
    assert refused() == "too_much"


def test_silence_is_not_waited_for(child_runs, monkeypatch):
    monkeypatch.setattr(reading, "_SECONDS", 0.5)
    child_runs("import time; time.sleep(60)")
    began = time.monotonic()
    assert refused() == "too_slow"
    assert time.monotonic() - began < 5


def test_it_has_none_of_our_secrets(child_runs, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "open sesame")
    child_runs("import json, os; print(json.dumps({'text': ' '.join(os.environ), 'title': ''}))")
    assert "SECRET" not in read_document("a.txt", b"x").text


def test_only_a_few_run_at_once(monkeypatch):
    monkeypatch.setattr(reading, "_PATIENCE", 0.05)
    gate = threading.Event()
    monkeypatch.setattr(
        reading, "_ask_child", lambda kind, data: gate.wait(5) and {"text": "x", "title": ""}
    )
    threads = [
        threading.Thread(target=read_document, args=("a.txt", b"one"))
        for _ in range(reading.AT_ONCE)
    ]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    assert refused() == "busy"
    gate.set()
    for thread in threads:
        thread.join(5)
    assert read_document("a.txt", b"now there is room").text == "x"


ATTEMPTS = {
    "connect": "socket.create_connection(('127.0.0.1', PORT))",
    "look up a name": "socket.getaddrinfo('example.test', 80)",
    "run": "subprocess.run(['true'])",
    "shell": "os.system('true')",
    "write": "open('/tmp/x-of-a-parser', 'wb', 0).write(b'x')",
    "memory": "'x' * 600_000_000",
}


@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS)
def test_within_its_limits_a_parser_cannot(attempt, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = f"""
import os, socket, subprocess, boundary.parsing.formats as formats
from boundary.parsing.__main__ import main
PORT = {server.getsockname()[1]}
formats.text_of = lambda data, kind: (str({attempt.replace("/tmp", str(tmp_path))}), "")
main()
"""
        done = subprocess.run(
            [sys.executable, "-c", code, "text"],
            input=b"x",
            capture_output=True,
            cwd=settings.BASE_DIR,
            env={"PATH": os.defpath},
            timeout=30,
            check=False,
        )
    answer = json.loads(done.stdout)
    assert answer == {"error": "too_much" if "600" in attempt else "broken"}
