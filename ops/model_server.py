"""Serve the embedded model on a loopback port: `python -m ops.model_server PORT`."""

import os
import signal
import sys
import threading

import xllamacpp

from ops.model import MEMORY_TOKENS, NAME, SLOTS, THREADS, weights


def parameters(port: int, key: str) -> xllamacpp.CommonParams:
    """Return llama.cpp's settings: few threads, no pages, nothing that shows other chats' text."""
    chosen = xllamacpp.CommonParams()
    chosen.model.path = str(weights())
    chosen.model_alias = {NAME}
    chosen.hostnames = ["127.0.0.1"]
    chosen.port = port
    chosen.api_keys = [key]
    chosen.n_ctx = MEMORY_TOKENS
    chosen.n_parallel = SLOTS
    chosen.kv_unified = True
    chosen.cpuparams.n_threads = THREADS
    chosen.cpuparams_batch.n_threads = 2 * THREADS
    chosen.n_threads_http = SLOTS + 2
    chosen.cache_ram_mib = 0
    chosen.ui = chosen.endpoint_slots = False
    chosen.verbosity = 1
    # So small a model repeats itself for ever without a penalty, and wanders off when it is warm.
    chosen.sampling.penalty_repeat = 1.15
    chosen.sampling.temp = 0.5
    return chosen


def main() -> None:
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    server = xllamacpp.Server(parameters(int(sys.argv[1]), os.environ["EMBEDDED_MODEL_KEY"]))
    while not ended.wait(1):
        pass
    del server


if __name__ == "__main__":
    main()
