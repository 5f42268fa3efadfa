"""Titles, made by the model where it is able."""

import asyncio
import logging
import re
from uuid import UUID

from celery import shared_task

from chat import actions
from chat.models import Conversation, Message
from providers.errors import ProviderError
from providers.values import Prompt, Turn
from runs.engine import engine
from runs.models import Run
from usage.metered import complete

logger = logging.getLogger(__name__)

TITLE_SECONDS = 30
ASK = (
    "Write a title of two to six words for the conversation that begins with the message below. "
    "Use the message's language. Answer with the title alone.\n\n"
)


def title_of(answer: str) -> str:
    """Return the title in a model's answer: its first line, without Markdown's marks."""
    lines = (
        re.sub(r"\*\*|`", "", line).strip(" \"'“”«»*").lstrip("# ") for line in answer.split("\n")
    )
    return actions.title_from(next(filter(None, lines), "").removesuffix("."))


@shared_task
def title_conversation(run_id: str) -> None:
    """Name a conversation after its first answer, unless its owner or a model already did."""
    answers = Message.objects.select_related(
        "conversation", "parent", "run__model", "run__served_by__provider"
    )
    by_words = Conversation.TitledBy.WORDS
    unnamed = answers.filter(run_id=UUID(run_id), conversation__titled_by=by_words)
    answer = next(iter(unnamed), None)
    if answer is None or answer.run is None or answer.run.served_by is None:
        return
    first = answer.parent
    if first is not None and first.parent_id is not None:
        first = answer.conversation.messages.filter(parent=None).order_by("created_at").first()
    if first is None:
        return
    prompt = Prompt(turns=(Turn("user", ASK + first.text[:2000]),), max_tokens=60)
    engine().start(_name(answer.conversation, answer.run, prompt))


async def _name(conversation: Conversation, run: Run, prompt: Prompt) -> None:
    """Ask the model that answered, on the engine's loop: no thread of the worker waits for it."""
    assert run.served_by is not None
    try:
        async with asyncio.timeout(TITLE_SECONDS):
            answer = await complete(run.payer, "title", run.served_by, prompt, run.model)
    except (ProviderError, TimeoutError) as error:
        logger.info("no title for %s: %r", conversation.pk, error)
        return
    await engine().db(actions.name_by_model, conversation, title_of(answer))
