"""A house in which somebody asked, is being answered, was charged, and keeps things."""

import uuid
from types import SimpleNamespace
from unittest.mock import patch

from accounts.actions import save_team
from accounts.api_keys import issue_key
from accounts.models import Team, User
from assistants.actions import save_prompt
from chat.actions import save_draft, start_conversation
from generator.models import Work
from providers.models import Credential, ModelSpec, Provider
from providers.values import Prompt, Turn, Usage
from runs.models import Attempt, Run
from tests.generator.kitchen import make_recipe
from usage.actions import Settlement, hold, payer_of, settle
from usage.limits import set_limits
from usage.models import UsageRecord

SECRET = "sk-live-a-very-secret-key-9876"
WRITTEN = "Words-nobody-else-may-read"


def make_spec() -> ModelSpec:
    provider = Provider.objects.create(name="Scripted", base_url="http://127.0.0.1:1/v1")
    Credential.objects.create(provider=provider, name="main", secret=SECRET, last_four="9876")
    return ModelSpec.objects.create(provider=provider, name="scripted", label="Scripted model")


def furnish(owner: User, spec: ModelSpec) -> SimpleNamespace:
    save_team(Team(name=f"Team {owner.pk}"), [owner])
    issue_key(owner, "for a script")
    with patch("runs.actions.hint_worker", lambda run_id: None):
        exchange = start_conversation(owner, f"{WRITTEN} asked", spec, uuid.uuid4())
    run = exchange.answer.run
    set_limits(owner, requests_per_minute=1000)
    record = called(owner, spec)
    Run.objects.filter(pk=run.pk).update(prefix=f"{WRITTEN} prefix", text=f"{WRITTEN} answered")
    Attempt.objects.create(run=run, number=1, fence=1, usage=record)
    save_draft(owner, exchange.conversation, f"{WRITTEN} drafted")
    prompt = save_prompt(owner, name=f"{WRITTEN} name", text=f"{WRITTEN} kept")
    recipe = make_recipe(owner, name=f"{WRITTEN} dish", instructions=f"{WRITTEN} cooked")
    Work.objects.create(
        owner=owner,
        recipe="own",
        version=recipe.current,
        title=f"{WRITTEN} made",
        values={"v-what": f"{WRITTEN} filled in"},
        client_id=uuid.uuid4(),
    )
    return SimpleNamespace(
        conversation=exchange.conversation, run=run, record=record, prompt=prompt, spec=spec
    )


def called(user: User, spec: ModelSpec, *, reported: bool = True) -> UsageRecord:
    """One settled call in the ledger."""
    prompt = Prompt(turns=(Turn("user", "x"),), max_tokens=10)
    record = hold(payer_of(user), "chat", spec, prompt)
    settle(record, Settlement(Usage(3, 4), is_reported=reported, outcome="stop"))
    record.refresh_from_db()
    return record
