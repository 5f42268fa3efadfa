"""Sockets that break at any moment, and sockets whose reader never reads."""

import asyncio
import base64
import os
import socket
import time

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from tests.faults.books import FILLER


def test_cut_at_random_points(scene, chance, times):
    """Readers whose connection breaks after a few messages, over and over; the text is exact."""
    goal = times(60, 200)
    count = times(8, 20)
    cut = lambda: None if done() else chance.randint(1, 12)  # noqa: E731
    done = lambda: sum(r.cuts for r in scene.readers.readers) >= goal  # noqa: E731
    while not done():
        exchanges = [scene.ask(f"fake-t100-d{chance.randint(15, 40)}-n200") for _ in range(count)]
        for exchange in exchanges:
            scene.watch(exchange, cut=cut)
        scene.finals([exchange.answer.run for exchange in exchanges])
    print(f"{sum(reader.cuts for reader in scene.readers.readers)} cuts")
    scene.all_caught_up()
    for reader in scene.readers.readers:
        (run_id,) = reader.page.most
        assert reader.page.words(run_id) == list(range(200))


def test_two_hundred_sockets_that_never_read(scene):
    """What they cost is bounded: more text costs no more, and who reads is not held up.

    A socket costs nothing while the kernel takes what is sent, and most once it stands in the
    middle of a text, which for some comes only with a later one. To keep each text for every
    socket would be 200 × 400 kB = 76 MiB and more each time.
    """
    house = scene.house
    exchange = scene.ask("fake-n1")
    scene.finals()
    costs = [house.memory("web") >> 20]
    deaf = [open_and_never_read(scene, exchange.conversation.pk) for _ in range(200)]
    try:
        while len(costs) < 3 or costs[-1] - costs[-3] > 20:
            print(f"web: {costs} MiB, before and after each text that 200 sockets do not read")
            assert len(costs) < 10, "it grows with each text"
            costs.append(memory_for(scene, exchange, 400_000) >> 20)
    finally:
        for each in deaf:
            each.close()


def memory_for(scene, exchange, size: int) -> int:
    """Let an answer of `size` be written and read by one page; return what the web process needs.

    The blocks are large and plain, so that rendering them is not what takes the time.
    """
    pieces = [f"w{n} {FILLER}" for n in range(size // len(FILLER))]
    scene.queue(pieces=pieces, delay_ms=20)
    again = scene.ask("fake-n1", exchange.conversation)
    reader = scene.watch(again)
    run = scene.finals([again.answer.run], seconds=60)[0]
    assert run.state == "done"
    scene.until(lambda: reader.page.state(run.pk) == "done", seconds=60)
    assert not reader.page.wrongs
    return scene.house.memory("web")


SAID = {
    "a word": ("hello", 4400),
    "an empty message": ("", 4400),
    "binary": (b"\x00\xff", 4400),
    "a megabyte": ("x" * 2**20, 1009),
    "a binary megabyte": (b"x" * 2**20, 1009),
    "no UTF-8": (Frame(Opcode.TEXT, b"\xff\xfe"), 1007),
    "an unknown kind of frame": (b"\x83\x80\x00\x00\x00\x00", 1002),
    "a frame without its mask": (b"\x81\x01x", 1002),
    "a continuation of nothing": (Frame(Opcode.CONT, b"x"), 1002),
}


@pytest.mark.parametrize("said", SAID)
def test_whoever_says_something_is_closed_with_a_code(scene, said):
    exchange = scene.ask("fake-n3")
    path = f"/ws/conversations/{exchange.conversation.pk}/?since={time.time() - 60}"
    what, code = SAID[said]

    async def say() -> int | None:
        headers = {"Cookie": scene.cookie}
        url = f"ws://127.0.0.1:{scene.house.port}{path}"
        async with connect(url, origin=scene.house.origin, additional_headers=headers) as mine:
            await mine.recv()
            try:
                if isinstance(what, Frame):
                    mine.protocol.send_frame(what)
                    mine.transport.write(b"".join(mine.protocol.data_to_send()))
                elif what[:1] in (b"\x81", b"\x83"):
                    mine.transport.write(what)
                else:
                    await mine.send(what)
                while True:
                    await mine.recv()
            except ConnectionClosed as closed:
                return closed.rcvd.code if closed.rcvd else None

    assert asyncio.run(asyncio.wait_for(say(), 20)) == code


def open_and_never_read(scene, conversation_id: object) -> socket.socket:
    """Open a socket as a browser does and leave what arrives in the kernel's smallest buffer."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    connection.connect(("127.0.0.1", scene.house.port))
    lines = [
        f"GET /ws/conversations/{conversation_id}/?since={time.time()} HTTP/1.1",
        f"Host: 127.0.0.1:{scene.house.port}",
        f"Origin: {scene.house.origin}",
        f"Cookie: {scene.cookie}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
    ]
    connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    assert connection.recv(12) == b"HTTP/1.1 101"
    return connection
