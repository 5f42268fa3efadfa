"""Static files, answered in front of Django: no session, no middleware, no thread per request."""

from typing import Any
from wsgiref.headers import Headers

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from servestatic.asgi import FileServerASGI
from servestatic.middleware import ServeStaticMiddleware
from servestatic.utils import run_async_in_thread


class StaticFiles(ServeStaticMiddleware):
    """servestatic's files (those of the manifest) as an ASGI layer around `application`."""

    def __init__(self, application: Any) -> None:
        super().__init__(_never)
        self.around = application

    def add_cache_headers(self, headers: Headers, path: str, url: str) -> None:
        """Say on files what Django's security middleware says on pages, too."""
        super().add_cache_headers(headers, path, url)
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = settings.SECURE_REFERRER_POLICY

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        file = None
        if scope["type"] == "http":
            if self.autorefresh:  # in development
                file = await run_async_in_thread(self.find_file, scope["path"])
            else:
                file = self.files.get(scope["path"])
        if file is None:
            await self.around(scope, receive, send)
        else:
            await FileServerASGI(file)(scope, receive, send)


async def _never(request: HttpRequest) -> HttpResponseBase:
    raise AssertionError("only the files of a middleware are used here")
