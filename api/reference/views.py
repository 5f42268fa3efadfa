"""The page that tells programmers what /v1 takes."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import person
from accounts.models import Endpoint
from api.forms import models_for
from api.reference.calls import calls_of
from api.reference.errors import FAILURES
from api.reference.operations import OPERATIONS
from api.samples import base_url
from providers.models import Ability, ModelSpec

_NEEDS = {
    Endpoint.CHAT: Ability.CHAT,
    Endpoint.COMPLETIONS: Ability.COMPLETIONS,
    Endpoint.EMBEDDINGS: Ability.EMBEDDINGS,
}


@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    """Show each endpoint with calls that name a model the reader may ask, where there is one."""
    models = list(models_for(person(request)))
    url = base_url()
    shown = [
        (operation, calls_of(operation, url, _able(models, operation.endpoint)))
        for operation in OPERATIONS
    ]
    page = {"base_url": url, "operations": shown, "failures": FAILURES}
    return render(request, "api/reference.html", page)


def _able(models: list[ModelSpec], endpoint: Endpoint) -> str:
    need = _NEEDS.get(endpoint)
    return next((each.public_name or "" for each in models if need in each.abilities), "MODEL")
