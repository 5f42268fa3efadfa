"""Who calls: the key in a request's header, and whether it may."""

from dataclasses import dataclass

from allauth.account.adapter import get_adapter
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest

from accounts import api_keys, errors
from accounts.models import ApiKey, Endpoint
from accounts.rights import current_rights_version
from api.v1.refusals import Refused, no_such_model, of_key
from providers.models import ModelSpec
from usage.actions import payer_of
from usage.models import Payer


@dataclass(frozen=True)
class Caller:
    """A key that worked at a version of the rights, who pays for it, and from where it is used."""

    key: ApiKey
    payer: Payer
    address: str | None
    rights: int

    def models(self) -> list[ModelSpec]:
        return list(ModelSpec.objects.open_to(self.key))

    def model(self, name: str) -> ModelSpec:
        """Return the model that is open to the key under this name. Raises `Refused`."""
        found = None
        if "\x00" not in name:
            found = ModelSpec.objects.open_to(self.key).filter(public_name=name).first()
        if found is None:
            raise no_such_model(name)
        return found

    def check(self, model: ModelSpec) -> None:
        """Raise `ApiKeyRefused` where the key ended, `Refused` where the model is not open to it.

        Asked again while an answer is under way, when rights have changed.
        """
        key = ApiKey.objects.select_related("owner").filter(pk=self.key.pk).first()
        if key is None:
            raise errors.UnknownKey
        api_keys.check_opens(key, self.address)
        if not ModelSpec.objects.open_to(key).filter(pk=model.pk).exists():
            raise Refused(404, "The model is not offered to you any more.", code="model_not_found")


def secret_in(request: HttpRequest) -> str:
    """Return the bearer token. Raises `Refused` where the header holds none."""
    given = request.headers.get("Authorization", "")
    scheme, _, secret = given.partition(" ")
    if scheme.lower() == "bearer" and secret.strip():
        return secret.strip()
    message = (
        "You didn't provide an API key. You need to provide your API key in an Authorization "
        "header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY)."
    )
    raise Refused(401, message)


def address_of(request: HttpRequest) -> str | None:
    """Return the client's address; proxies are believed as far as the settings say."""
    try:
        return get_adapter().get_client_ip(request)
    except (PermissionDenied, ImproperlyConfigured):
        return None


def caller_of(secret: str, address: str | None, endpoint: Endpoint) -> Caller:
    """Return who calls. Blocking. Raises `Refused`."""
    rights = current_rights_version()  # before the look at the key: what changes since is seen
    try:
        key = api_keys.authenticate(secret, address)
    except errors.ApiKeyRefused as error:
        raise of_key(error) from None
    if not key.opens(endpoint):
        message = "You have insufficient permissions for this operation. Missing scopes: "
        raise Refused(403, message + endpoint.value, code="insufficient_permissions")
    api_keys.note_use(key, address)
    return Caller(key, payer_of(key.owner, key), address, rights)
