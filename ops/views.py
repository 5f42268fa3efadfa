"""`/healthz`: this process answers. `/readyz`: everything that an answer needs works."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ops import health


@login_not_required
@never_cache
@require_safe
def alive(request: HttpRequest) -> HttpResponse:
    """Answer 200, asking nothing else: a restart would not mend what this process waits for."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Answer 200 or 503 with `{"ready": bool, "parts": {name: bool}}`."""
    parts = health.report()
    everything = all(parts.values())
    return JsonResponse({"ready": everything, "parts": parts}, status=200 if everything else 503)
