"""What a post is answered with that was not taken."""

from dataclasses import dataclass, field
from typing import Any, Self

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import escape

from providers.errors import LimitReached


@dataclass(frozen=True)
class Refusal:
    """`sentence` is safe to show; `headers` say how the limits stand and when to try again."""

    sentence: str
    status: int = 422
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def by_limit(cls, error: LimitReached) -> Self:
        return cls(str(error.sentence), 429, error.told_headers())

    def into(self, target: str) -> HttpResponse:
        """Put the sentence into the page's `target`, instead of what the request asked for."""
        where = {"HX-Retarget": target, "HX-Reswap": "innerHTML"}
        headers = {**self.headers, **where}
        return HttpResponse(escape(self.sentence), status=self.status, headers=headers)

    def on_page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        """Show the page again; `context` has the sentence, and the text that was sent."""
        response = render(request, template, context, status=self.status)
        for name, value in self.headers.items():
            response[name] = value
        return response
