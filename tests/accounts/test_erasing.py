"""Erasing somebody takes what is theirs; the ledger keeps its sums without their name."""

import pytest

from accounts import actions
from accounts.models import User
from assistants.models import SavedPrompt
from chat.models import Conversation, Draft, Message
from tests.administration.scenery import furnish, make_spec
from tests.people import make_administrator
from usage.models import Account, UsageRecord

pytestmark = pytest.mark.django_db


def test_what_is_theirs_goes_and_the_ledger_stays(owner, outsider):
    make_administrator()
    spec = make_spec()
    things, others = furnish(owner, spec), furnish(outsider, spec)
    address, pk = owner.email, owner.pk
    actions.erase_user(owner)

    assert not User.objects.filter(pk=pk).exists()
    for model in (Conversation, Draft, SavedPrompt):
        assert {row.owner for row in model.objects.all()} == {outsider}
    assert set(Message.objects.values_list("conversation", flat=True)) == {others.conversation.pk}
    record = UsageRecord.objects.get(pk=things.record.pk)
    assert record.output_tokens == 4
    assert record.account.user is None
    assert Account.objects.get(user=outsider).usage.exists()
    kept = f"{list(Account.objects.values())}{list(UsageRecord.objects.values())}"
    assert address not in kept
    assert str(pk) not in kept
