"""Blocking database code for sockets: a few threads, so that they never want all connections."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, TypeVar

from django.db import close_old_connections

T = TypeVar("T")
THREADS = 3


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="sockets")


async def in_thread(call: Callable[..., T], *args: Any) -> T:
    """Run blocking database code; its connection goes back to the pool with its end."""
    return await asyncio.get_running_loop().run_in_executor(_threads(), _run, call, args)


def _run(call: Callable[..., T], args: tuple[Any, ...]) -> T:
    try:
        return call(*args)
    finally:
        close_old_connections()
