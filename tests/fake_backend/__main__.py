"""`python -m tests.fake_backend --port 9100`: prints its address when it listens."""

import argparse
import asyncio
import signal

import uvloop

from tests.fake_backend.server import serve


async def main(port: int) -> None:
    stop = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    listener, _ = await serve("127.0.0.1", port)
    print(f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/v1", flush=True)
    await stop.wait()
    listener.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    uvloop.run(main(parser.parse_args().port))
