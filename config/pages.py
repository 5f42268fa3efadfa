"""Pages over ASGI: all of a request, middlewares and view, in one thread of a small pool.

Django's own handler hops between the loop and a thread of the request's own around every
middleware: some twenty hops and a new thread for each request, which cost more than the view, and
more threads at once than there are database connections. Requests beyond the pool wait their turn.

An async view would run on a loop of its own in its thread here: mount what streams elsewhere.
"""

import asyncio
import io
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.http.response import HttpResponse, HttpResponseBase
from django.urls import set_script_prefix

from boundary import bodies
from config.environment import env

# More would only wait for the interpreter's lock, and keep it from the loop that streams.
THREADS = 4
# Of any form; what is above the settings' limit is told by a page as long as it is below this.
MOST_BYTES = 8 * 2**20
_CLOSES = {"Connection": "close"}


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
            body = await bodies.read_body(scope, receive, MOST_BYTES)
        except RequestAborted:
            return
        except (bodies.TooLarge, TimeoutError) as error:
            status = 408 if isinstance(error, TimeoutError) else 413
            # What still comes is not read: the connection cannot be used again.
            await self.send_response(HttpResponse(status=status, headers=_CLOSES), send)
            return
        loop = asyncio.get_running_loop()
        run = copy_context().run
        file = io.BytesIO(body)
        response = await loop.run_in_executor(self._threads, run, self._answer, scope, file)
        await self.send_response(response, send)
        if response.streaming:
            await loop.run_in_executor(self._threads, run, response.close)

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
