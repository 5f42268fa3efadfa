"""Which models a server offers: asked of the server itself, completed by what is known of them."""

import logging
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from asgiref.sync import async_to_sync

from providers import actions, catalogue, errors
from providers.catalogue import is_openai_s
from providers.models import Ability, ModelSpec, Provider
from providers.offers import Offered

logger = logging.getLogger(__name__)

_SECONDS = 4.0


def offered(
    url: str, key: str, *, allow_private: bool, kind: str = Provider.Kind.OPENAI
) -> tuple[list[Offered], errors.ProviderError | None]:
    """Return the server's chat models, as far as it tells what they are, and why it did not.

    Blocking. Where OpenAI itself cannot be asked these are a few that it is known to have; of any
    other server that does not list its models there are none.
    """
    found, failed = {}, None
    try:
        found = {
            each.name: each for each in listed(url, key, allow_private=allow_private, kind=kind)
        }
    except errors.ProviderError as error:
        failed = error
        logger.warning("The provider's models could not be listed: %s", error.kind)
    talk = [name for name, each in found.items() if _talks(each)]
    able = catalogue.by_use(talk, url)
    if able:
        return [found[name] for name in able], None
    known = catalogue.OPENAI_MODELS if is_openai_s(url) else ()
    return [Offered(name) for name in known], failed


def listed(
    url: str, key: str, *, allow_private: bool, kind: str = Provider.Kind.OPENAI
) -> list[Offered]:
    """Return all the server lists, in its order. Blocking. Raises `ProviderError`."""
    # Here, since the web process knows this module and seldom needs what it loads.
    from providers import listing

    ask = async_to_sync(listing.listed)
    return ask(url, key, kind=kind, allow_private=allow_private, seconds=_SECONDS)


def add_models(provider: Provider, models: Iterable[Offered]) -> list[ModelSpec]:
    """Add models as their server offers them, with what is known of each.

    Those that can be asked for nothing here are switched off.
    """
    known = {}
    for each in models:
        facts = catalogue.known(
            each.name, provider.base_url, context_window=each.context_window, stated=each.stated
        )
        fields = {**asdict(facts), **asdict(facts.prices)}
        del fields["prices"], fields["assumes_window"]
        known[each.name] = {**fields, "is_enabled": bool(facts.abilities)}
    return actions.add_models(provider, known)


@dataclass(frozen=True, slots=True)
class Connected:
    """The models of a new provider; `error` says why its server was not heard, where it was not."""

    specs: list[ModelSpec]
    error: errors.ProviderError | None = None


def connect(provider: Provider, key: str, names: Iterable[str] = ()) -> Connected:
    """Store a new provider's key and add its models: those of `names`, else those it lists.

    The first that chats becomes the default where that was none or the embedded model. Blocking.
    Raises `ValidationError`.
    """
    if key:
        actions.store_credential(provider, key)
    models, error = [Offered(name) for name in dict.fromkeys(names)], None
    if not models:
        models, error = offered(
            provider.base_url, key, allow_private=provider.allow_private, kind=provider.kind
        )
    specs = add_models(provider, models)
    default = ModelSpec.objects.filter(is_default=True).select_related("provider").first()
    if default is None or default.provider.is_embedded:
        make_first_default(specs)
    return Connected(specs, error)


def make_first_default(specs: Iterable[ModelSpec]) -> None:
    """Let new conversations begin with the first of these that can chat, if there is one."""
    able = next((spec for spec in specs if Ability.CHAT in spec.abilities), None)
    if able is not None:
        actions.set_default_model(able)


def _talks(model: Offered) -> bool:
    return Ability.CHAT in catalogue.abilities(model.name, model.stated)
