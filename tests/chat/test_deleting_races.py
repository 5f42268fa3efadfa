"""A conversation is deleted while others write in it: each gets an answer, none of them a fault."""

import threading
import uuid

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from chat import actions
from chat.models import Conversation, Draft, Message
from runs.models import Run
from runs.states import State

ROUNDS = 12


def attempt(verb, barrier: threading.Barrier, faults: list[BaseException]) -> None:
    try:
        barrier.wait(10)
        verb()
    except (Conversation.DoesNotExist, Message.DoesNotExist, ValidationError):
        pass
    except BaseException as error:
        faults.append(error)
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_deleting_beside_everything_else(owner, model, ended):
    faults: list[BaseException] = []
    for _ in range(ROUNDS):
        exchange = actions.start_conversation(owner, "Hello", model, uuid.uuid4())
        answer = ended(exchange, "Half", State.INTERRUPTED)
        talk = Conversation.objects.get(pk=exchange.conversation.pk)
        verbs = [
            lambda talk=talk: actions.delete_conversation(talk),
            lambda talk=talk: actions.send_message(talk, "More", model, uuid.uuid4()),
            lambda talk=talk: actions.save_draft(owner, talk, "half a thought"),
            lambda answer=answer: actions.regenerate(answer, model, uuid.uuid4()),
            lambda answer=answer: actions.continue_answer(answer, model, uuid.uuid4()),
            lambda answer=answer: actions.show_branch(answer),
        ]
        barrier = threading.Barrier(len(verbs))
        threads = [threading.Thread(target=attempt, args=(verb, barrier, faults)) for verb in verbs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert faults == []
    assert not Conversation.objects.exists()
    assert not Message.objects.exists()
    assert not Draft.objects.exists()
    assert not Run.objects.live().exists()
