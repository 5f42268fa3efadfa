"""The form a question is written in, wherever it stands."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from django.urls import reverse

from accounts.models import User
from chat.actions import LONGEST_MESSAGE
from chat.models import Conversation, Draft
from providers.models import Ability, ModelSpec
from usage.nearing import Note


@dataclass(frozen=True)
class Composer:
    """The form a question is written in.

    `error` is a sentence about what was sent last, `note` what limits say before anything is sent.
    """

    url: str
    draft_url: str
    models: Sequence[ModelSpec]
    model: ModelSpec | None
    text: str = ""
    error: str = ""
    note: Note | None = None
    longest: int = LONGEST_MESSAGE
    client_id: uuid.UUID = field(default_factory=uuid.uuid4)

    @classmethod
    def of(
        cls, user: User, conversation: Conversation | None, text: str | None = None, error: str = ""
    ) -> Self:
        """Make the form for a conversation or a new one; without `text` it shows the draft."""
        models = list(ModelSpec.objects.usable_by(user).able_to(Ability.CHAT))
        if text is None:
            draft = Draft.objects.filter(owner=user, conversation=conversation).first()
            text = draft.text if draft else ""
        model = _chosen(models, conversation)
        return cls(
            url=_place("chat:message-send", "chat:conversation-start", conversation),
            draft_url=_place("chat:draft-save", "chat:new-draft-save", conversation),
            models=models,
            model=model,
            text=text,
            error=error,
            note=Note.to(user, model),
        )


def _place(within: str, new: str, conversation: Conversation | None) -> str:
    return reverse(within, args=[conversation.pk]) if conversation else reverse(new)


def _chosen(models: Sequence[ModelSpec], conversation: Conversation | None) -> ModelSpec | None:
    """Return the model the conversation had last, where it can still be asked, else the first."""
    last = conversation.model_id if conversation else None
    return next((model for model in models if model.pk == last), models[0] if models else None)
