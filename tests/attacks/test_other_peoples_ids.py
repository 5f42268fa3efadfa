"""Every address that takes an id, asked with somebody else's: it is as if there were none.

The addresses are those of the house itself, so that one that is added later is tried too: it fails
here until this says whose row its id can be.
"""

import uuid
from collections.abc import Iterator

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core import serializers
from django.db import models
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.api_keys import issue_key
from accounts.models import User
from assistants.actions import save_prompt
from chat.actions import start_conversation
from chat.models import Draft
from providers.models import ModelSpec, Provider
from runs.models import Run
from tests.api.conftest import recently_proven
from tests.generator.kitchen import make_recipe
from tests.generator.newsroom import whole

# By the route's beginning: whose id it takes, of the rows that `owned` makes.
KINDS = {
    "accounts/2fa/webauthn/keys/": "passkey",
    "settings/sessions/": "session",
    "settings/keys/": "key",
    "prompts/": "prompt",
    "c/": "conversation",
    "m/": "message",
    "generate/recipes/": "recipe",
    "generate/recipes/versions/": "version",
    "generate/own/": "recipe",
    "generate/works/": "work",
    "generate/variants/": "variant",
    "generate/articles/": "article",
    "generate/sections/": "section",
    "generate/versions/": "section version",
}
# These carry a secret instead, and belong to whoever has it.
BY_SECRET = ("accounts/^confirm-email/", "accounts/^password/reset/key/")
SECRETS = "What the owner alone knows"


def routes(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    for each in resolver.url_patterns:
        route = before + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from routes(each, route)
        else:
            yield route, each


def with_ids() -> list[str]:
    found = (route for route, _ in routes(get_resolver()) if not route.startswith("admin/"))
    return [
        route
        for route in found
        if "<" in route and "<slug:" not in route and not route.startswith(BY_SECRET)
    ]


def kind_of(route: str) -> str:
    beginnings = [beginning for beginning in KINDS if route.startswith(beginning)]
    assert beginnings, f"{route} takes an id: say of what, in KINDS"
    return KINDS[max(beginnings, key=len)]


def address(route: str, pk: object) -> str:
    """Return the address with `pk` in the place of the route's only parameter."""
    before, _, rest = route.partition("<")
    of_one_field = "?field=v-what" if route.endswith("/check/") else ""
    return f"/{before}{pk}{rest.partition('>')[2]}{of_one_field}"


@pytest.fixture
def owned(owner: User, monkeypatch: pytest.MonkeyPatch) -> dict[str, models.Model]:
    """One row of each kind, the owner's."""
    monkeypatch.setattr("runs.actions.hint_worker", lambda run_id: None)
    provider = Provider.objects.create(name="P", base_url="http://127.0.0.1:1/v1")
    spec = ModelSpec.objects.create(provider=provider, name="m", label="M", public_name="m")
    exchange = start_conversation(owner, SECRETS, spec, uuid.uuid4())
    passkey = Authenticator.objects.create(
        user=owner,
        type=Authenticator.Type.WEBAUTHN,
        data={"name": SECRETS, "credential": {"clientExtensionResults": {}}},
    )
    session = UserSession.objects.create(
        user=owner, ip="192.0.2.1", user_agent=SECRETS, session_key="s" * 32
    )
    recipe = make_recipe(owner, name=SECRETS, prompt=f"{SECRETS} {{{{what}}}} {{{{tone}}}}")
    plan = [(SECRETS, SECRETS), ("Another", SECRETS)]
    article = whole(owner, spec, topic=SECRETS, plan=plan)
    section = article.sections.in_order()[0]
    return {
        "recipe": recipe,
        "version": recipe.current,
        "work": article.work,
        "variant": article.outline,
        "article": article,
        "section": section,
        "section version": section.current,
        "conversation": exchange.conversation,
        "message": exchange.answer,
        "prompt": save_prompt(owner, name=SECRETS, text=SECRETS),
        "key": issue_key(owner, SECRETS)[0],
        "passkey": passkey,
        "session": session,
    }


def rows(owned: dict[str, models.Model]) -> str:
    """Return all that is in the rows, and how many there are of each kind."""
    kinds = [type(row) for row in owned.values()]
    counts = [kind._default_manager.count() for kind in (*kinds, Draft, Run)]
    fresh = [type(row)._default_manager.get(pk=row.pk) for row in owned.values()]
    return f"{counts} {serializers.serialize('json', fresh)}"


def another(row: models.Model) -> object:
    """Return an id of the same kind that nothing has."""
    return uuid.uuid4() if isinstance(row.pk, uuid.UUID) else row.pk + 1_000_000


def asked(owned: dict[str, models.Model]) -> dict[str, object]:
    """What the addresses of these pages ask for, the owner's as well."""
    return {"before": owned["message"].pk}


def fields() -> dict[str, object]:
    """What the forms of these pages take, all of it at once."""
    return {
        "text": "Theirs now",
        "title": "Theirs now",
        "name": "Theirs now",
        "command": "now",
        "overlap": "0",
        "client_id": uuid.uuid4(),
        "day_budget": "5",
        "decision": f"accept:{uuid.uuid4()}",
        "do": "add",
        "new": uuid.uuid4(),
    }


@pytest.mark.parametrize("route", with_ids())
@pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
def test_somebody_elses_is_not_there(outsider, owned, route, method):
    row = owned[kind_of(route)]
    browser, before = recently_proven(outsider), rows(owned)

    def ask(pk: object) -> tuple[int, str]:
        given = {"get": asked(owned), "post": fields()}.get(method, {})
        response = getattr(browser, method)(address(route, pk), given)
        assert SECRETS not in response.content.decode()
        return response.status_code, response.get("Location", "").replace(str(pk), "…")

    theirs = ask(row.pk)
    assert theirs == ask(another(row)), "the answer says whether there is one"
    assert theirs[0] in (404, 405)
    assert rows(owned) == before


@pytest.mark.parametrize("route", with_ids())
def test_the_addresses_are_right(owner, owned, route):
    """Else the test above would ask for what is nobody's."""
    browser = recently_proven(owner)
    url = address(route, owned[kind_of(route)].pk)
    answers = {browser.get(url, asked(owned)).status_code, browser.post(url, fields()).status_code}
    assert answers & {200, 204, 302, 409, 422}


@pytest.mark.parametrize("route", with_ids())
def test_nobody_is_told_nothing(owned, route):
    before, browser = rows(owned), Client()
    for pk in (owned[kind_of(route)].pk, another(owned[kind_of(route)])):
        for response in (browser.get(address(route, pk)), browser.post(address(route, pk))):
            assert response.status_code in (302, 401, 403, 405)
            assert SECRETS not in response.content.decode()
    assert rows(owned) == before
