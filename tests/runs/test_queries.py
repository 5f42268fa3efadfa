"""What one answer costs the database: counted, so that it stays so."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chat.actions import send_message
from providers.actions import store_credential
from providers.values import Delta
from runs import actions, claims
from runs.checkpoints import mark_first_text
from runs.states import State
from tests.runs.scripted import REPORTED, ScriptedBackend


@pytest.fixture(autouse=True)
def _no_backend(monkeypatch):
    monkeypatch.setattr("usage.metered.backend_for", lambda spec, credential: ScriptedBackend())


def statements(call) -> tuple[object, list[str]]:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        result = call()
    kinds = [q["sql"].split()[0] for q in captured.captured_queries]
    return result, [
        kind for kind in kinds if kind not in ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT")
    ]


def answer(run) -> list[list[str]]:
    """Bring a Run from its claim to its end; return the statements of each step."""
    claimed, claim = statements(lambda: claims.claim(run.pk, "w"))
    call, begin = statements(lambda: actions.begin_attempt(claimed, 1))
    _, first = statements(lambda: mark_first_text([(run.pk, claimed.fence)]))
    call._note(Delta(text="Text", finish_reason="stop", usage=REPORTED))
    _, finish = statements(
        lambda: actions.finish(claimed, State.DONE, text="Text", call=call, finish_reason="stop")
    )
    return [claim, begin, first, finish]


def test_the_statements_of_an_answer(ask):
    assert answer(ask()) == [
        ["SELECT", "SELECT", "UPDATE"],  # the Run, its model's routes, the claim
        # teams, prompt, lock, keys, the books, limits, hold, attempt
        ["SELECT", "WITH", *["SELECT"] * 3, "WITH", "INSERT", "INSERT"],
        ["UPDATE"],
        ["UPDATE", "UPDATE", "UPDATE", "UPDATE", "WITH"],  # run, message, attempt, ledger, limits
    ]


def test_a_key_without_limits_costs_a_statement_a_minute(ask, spec):
    store_credential(spec.provider, "sk-0123456789abcdef")
    first, second = answer(ask())[1], answer(ask())[1]
    used = ["SELECT", "WITH", *["SELECT"] * 3, "WITH", "INSERT", "UPDATE", "INSERT"]
    assert (first, second) == (used, [kind for kind in used if kind != "UPDATE"])


def test_a_limit_costs_its_lock_and_its_count(ask, spec):
    store_credential(spec.provider, "sk-0123456789abcdef", max_streams=3)
    answer(ask())
    assert answer(ask())[1] == ["SELECT", "WITH", *["SELECT"] * 5, "WITH", "INSERT", "INSERT"]


def test_a_conversation_longer_than_the_context_costs_one_statement_more(ask, person, spec):
    run = ask()
    short = answer(run)
    conversation = run.message.conversation
    for _ in range(40):
        conversation.refresh_from_db()
        run = send_message(conversation, "word " * 200, spec, uuid.uuid4()).answer.run
        long = answer(run)
    short[1].insert(2, "UPDATE")  # where the model's view begins
    assert long == short
