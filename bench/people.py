"""People, their sessions and conversations, made in the house's database.

    python -m bench.people < plan.json

The plan: `upstream`, `model`, `people`, and `history` (messages each conversation begins with).
Prints, for each person, what a client needs to post and listen as they would.
"""

import datetime as dt
import json
import os
import sys
import uuid
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import (  # noqa: E402
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
)
from django.db import transaction  # noqa: E402
from django.utils import timezone  # noqa: E402
from django.utils.crypto import get_random_string  # noqa: E402

from accounts.models import User  # noqa: E402
from chat.models import Conversation, Message  # noqa: E402
from providers.actions import add_model, add_provider  # noqa: E402
from providers.models import ModelSpec, Provider  # noqa: E402

# About 200 tokens, so that one page of messages fills the model's context as many pages do.
PARAGRAPH = "The quick brown fox jumps over the lazy dog near the river bank. " * 13


def model_of(upstream: str, name: str) -> ModelSpec:
    """Return the model of that name at the fake backend, made at its first use."""
    provider = Provider.objects.filter(base_url=upstream).first()
    if provider is None:
        provider = add_provider("Fake", upstream, secret="bench", allow_private=True)
    model = ModelSpec.objects.filter(provider=provider, name=name).first()
    return model or add_model(
        provider, name, label="Fake", context_window=8192, max_output_tokens=4096
    )


def signed_in(number: int) -> tuple[User, str]:
    """Return a new person and the key of their session."""
    engine = __import__(settings.SESSION_ENGINE, fromlist=["SessionStore"])
    email = f"{uuid.uuid4().hex[:12]}-{number}@example.test"
    user = User(email=email)
    user.set_unusable_password()
    user.save()
    session = engine.SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return user, str(session.session_key)


def conversation_of(user: User, model: ModelSpec, history: int) -> Conversation:
    """Return a conversation of `history` messages, named already."""
    conversation = Conversation.objects.create(
        owner=user, model=model, title="Measured", titled_by=Conversation.TitledBy.PERSON
    )
    messages: list[Message] = []
    now = timezone.now()
    for number in range(history):
        at = now - dt.timedelta(seconds=60 + history - number)
        messages.append(
            Message(
                conversation=conversation,
                parent=messages[-1] if messages else None,
                role=Message.Role.ASSISTANT if number % 2 else Message.Role.USER,
                text=f"{number}. {PARAGRAPH}",
                created_at=at,
                updated_at=at,
            )
        )
    Message.objects.bulk_create(messages, batch_size=500)
    if messages:
        conversation.head = messages[-1]
        conversation.save(update_fields=["head"])
    return conversation


@transaction.atomic
def make(plan: dict[str, Any]) -> list[dict[str, Any]]:
    model = model_of(plan["upstream"], plan["model"])
    made = []
    for number in range(plan["people"]):
        user, session = signed_in(number)
        conversation = conversation_of(user, model, plan["history"])
        made.append(
            {
                "session": session,
                "csrf": get_random_string(32),
                "conversation": str(conversation.pk),
                "model": str(model.pk),
                "question": f"Please answer chat number {number}.",
            }
        )
    return made


if __name__ == "__main__":
    json.dump(make(json.load(sys.stdin)), sys.stdout)
