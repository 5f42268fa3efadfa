"""The content security policy: strict everywhere, except where Django's administration lives.

Unfold draws the administration with Alpine, which evaluates the expressions in its attributes
('unsafe-eval') and sets styles. Nothing a model or a visitor wrote is rendered there as markup.
"""

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.middleware import CSPMiddleware, PolicyParts
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

ADMIN_POLICY = {
    "script-src": [SELF, UNSAFE_EVAL],
    "style-src": [SELF, UNSAFE_INLINE],
}


class AdminAwareCSPMiddleware(CSPMiddleware):
    """django-csp's, with the administration's policy below its address."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if request.path_info.startswith(reverse("admin:index")):
            parts.replace = {**(parts.replace or {}), **ADMIN_POLICY}
        return parts
