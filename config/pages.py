"""Pages over ASGI: all of a request, middlewares and view, in one thread of a small pool.

Django's own handler hops between the loop and a thread of the request's own around every
middleware: some twenty hops and a new thread for each request, which cost more than the view, and
more threads at once than there are database connections. Requests beyond the pool wait their turn.

An async view would run on a loop of its own in its thread here: mount what streams elsewhere.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix

from config.environment import env

# More would only wait for the interpreter's lock, and keep it from the loop that streams.
THREADS = 4


class Pages(ASGIHandler):
    """The ASGI application of all pages."""

    def __init__(self) -> None:
        super().__init__()
        threads = env.int("WEB_THREADS", default=THREADS)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="pages")

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        loop = asyncio.get_running_loop()
        run = copy_context().run
        try:
            response = await loop.run_in_executor(self._threads, run, self._answer, scope, body)
            await self.send_response(response, send)
            if response.streaming:
                await loop.run_in_executor(self._threads, run, response.close)
        finally:
            body.close()

    def _answer(self, scope: Any, body: Any) -> HttpResponseBase:
        """Return the response. What is whole is closed already: its thread's connection is free."""
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=self.__class__, scope=scope)
        request, refusal = self.create_request(scope, body)
        response: Any = refusal if request is None else self.get_response(request)
        response._handler_class = self.__class__
        if not response.streaming:
            response.close()
        return response
