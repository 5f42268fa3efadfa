"""Titles, made by the model where it is able."""

import logging
import re

from celery import shared_task

from chat.actions import title_from
from chat.models import Conversation
from providers.errors import ProviderError
from providers.values import Prompt, Turn
from runs.engine import engine
from runs.hints import publish
from runs.models import Run
from usage.metered import complete

logger = logging.getLogger(__name__)

ASK = (
    "Write a title of two to six words for the conversation that begins with the message below. "
    "Use the message's language. Answer with the title alone.\n\n"
)


def title_of(answer: str) -> str:
    """Return the title in a model's answer: its first line, without Markdown's marks."""
    lines = (
        re.sub(r"\*\*|`", "", line).strip(" \"'“”«»*").lstrip("# ") for line in answer.split("\n")
    )
    return title_from(next(filter(None, lines), "").removesuffix("."))


@shared_task
def title_conversation(run_id: str) -> None:
    """Name a conversation after its first answer, unless its owner or a model already did."""
    run = Run.objects.select_related("model__provider").get(pk=run_id)
    conversation = Conversation.objects.filter(
        messages__run=run, titled_by=Conversation.TitledBy.WORDS
    ).first()
    if conversation is None or run.model is None:
        return
    first = conversation.messages.filter(parent=None).order_by("created_at").first()
    if first is None:
        return
    prompt = Prompt(turns=(Turn("user", ASK + first.text[:2000]),), max_tokens=60)
    try:
        answer = engine().call(complete(run.account_id, "title", run.model, prompt))
    except ProviderError as error:
        logger.info("no title for %s: %s", conversation.pk, error.kind)
        return
    title = title_of(answer)
    if title:
        Conversation.objects.filter(
            pk=conversation.pk, titled_by=Conversation.TitledBy.WORDS
        ).update(title=title, titled_by=Conversation.TitledBy.MODEL)
        publish(conversation.topic, {"type": "topic.changed", "what": "title"})
