"""What the connection to a provider is like: is it there, takes it the keys, does a model stream.

The list of models is asked for with each key, and once without any, since some servers give it to
anybody: there only an answer tells whether a key is valid. Then one model says a few words.
"""

import asyncio
import time
from collections.abc import Coroutine
from contextlib import aclosing
from typing import Any, TypeVar

from django.db import transaction

from boundary.encryption import UnreadableSecretError
from ops.audit.acts import Act
from ops.audit.trail import record
from providers import errors
from providers.actions import rest_key
from providers.listing import listed
from providers.models import Ability, Credential, ModelSpec, Provider
from providers.values import Prompt, Turn
from usage.metered import MeteredCall, close_connections, open_call
from usage.models import Payer
from usage.report import Asked, Heard, Line, Verdict, as_a_backend, lines_of

# Seconds. The whole takes no longer than the two together, and a moment.
LIST_SECONDS = 4.0
STREAM_SECONDS = 8.0
# A model that wrote within the last of them is slow, not silent.
SILENT_SECONDS = 3.0
MOST_TOKENS = 16
T = TypeVar("T")


def try_connection(provider: Provider, payer: Payer) -> list[Line]:
    """Try it, at the payer's expense; return what was found, in the order of the trying.

    That it was tried is recorded, and whether all was well.
    Blocking, for a thread without a loop. Raises no error of a provider.
    """
    keys = list(provider.credentials.usable(provider)) if provider.base_url else []
    asked = _run(_ask_with_all(provider, keys))
    spec = provider.specs.filter(is_enabled=True).able_to(Ability.CHAT).first()
    _rest_refused_keys(asked)
    heard = None
    if spec and any(each.leads_on for each in as_a_backend(asked)):
        heard = _hear(spec, payer)
    lines = lines_of(provider, asked, spec, heard)
    passed = not any(line.verdict == Verdict.FAILED for line in lines)
    with transaction.atomic():  # its own: nothing is held while others are waited for
        record(Act.PROVIDER_TESTED, provider, passed=passed)
    return lines


def _rest_refused_keys(asked: list[Asked]) -> None:
    """What was just refused is not the key to ask a model with."""
    for each in asked:
        if each.key and isinstance(each.error, errors.ProviderError):
            rest_key(each.error, each.key)


async def _ask_with_all(provider: Provider, keys: list[Credential]) -> list[Asked]:
    """Return the answers: the one without a key first."""
    return list(await asyncio.gather(*(_ask(provider, key) for key in (None, *keys))))


async def _ask(provider: Provider, key: Credential | None) -> Asked:
    began = time.monotonic()
    try:
        found = await listed(
            provider.base_url,
            key.secret if key else "",
            kind=provider.kind,
            allow_private=provider.allow_private or provider.is_embedded,
            seconds=LIST_SECONDS,
        )
    except (errors.ProviderError, UnreadableSecretError) as error:
        return Asked(key, time.monotonic() - began, error=error)
    return Asked(key, time.monotonic() - began, found=len(found))


def _hear(spec: ModelSpec, payer: Payer) -> Heard:
    """Let the model say a few words."""
    most = min(MOST_TOKENS, spec.max_output_tokens)
    prompt = Prompt((Turn("user", "Say hello."),), max_tokens=most)
    try:
        with transaction.atomic():
            call = open_call(payer, "test", spec, prompt)
    except errors.ProviderError as error:
        return Heard(error=error)
    heard = Heard(credential_id=call.record.credential_id)
    outcome = "cancelled"
    try:
        outcome = _run(_read(call, heard))
    finally:
        call.close(outcome)
    return heard


async def _read(call: MeteredCall, heard: Heard) -> str:
    """Note in `heard` what comes; return the outcome for the ledger."""
    began = last = time.monotonic()
    outcome = "stop"
    try:
        async with asyncio.timeout(STREAM_SECONDS), aclosing(call.stream()) as deltas:
            async for delta in deltas:
                last = time.monotonic()
                heard.first_seconds = heard.first_seconds or last - began
                outcome = delta.finish_reason or outcome
    except errors.ProviderError as error:
        heard.error = error
        outcome = error.kind
    except TimeoutError:
        if heard.first_seconds is None:
            heard.error = errors.FirstTokenTimeout()
        elif time.monotonic() - last > SILENT_SECONDS:
            heard.error = errors.IdleTimeout()
        outcome = heard.error.kind if heard.error else "cancelled"
    finally:
        await close_connections()
    return outcome


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Run on a loop of its own, without waiting for a look-up of a name that never ends.

    `asyncio.run` would wait: for its threads, in which names are looked up.
    """
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
