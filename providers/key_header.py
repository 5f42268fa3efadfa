"""The header in which a server is told its key."""

from providers.models import Provider


def key_header(kind: str, secret: str) -> dict[str, str]:
    """Return the header with `secret` for a provider of `kind`; none where there is no key.

    Azure takes keys in a header of its own: `Authorization` is for its tokens there.
    """
    if not secret:
        return {}
    if kind == Provider.Kind.AZURE:
        return {"api-key": str(secret)}
    return {"Authorization": f"Bearer {secret}"}
