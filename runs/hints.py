"""Hints over the channel layer and to workers, from code that runs in threads.

A hint says that something changed; the truth is read from Postgres. A lost hint costs time only.
"""

import logging
from functools import cache
from typing import Any

import redis
from celery import Task
from channels.layers import get_channel_layer
from django.conf import settings

logger = logging.getLogger(__name__)


def group_channel(topic: str) -> str:
    """Return the pub/sub channel of a group, as `channels_redis.pubsub` names it."""
    return f"{settings.CHANNEL_PREFIX}__group__{topic}"


def encoded(message: dict[str, Any]) -> bytes:
    """Return a layer message as the channel layer serialises it."""
    return get_channel_layer().serialize(message)


@cache
def _client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)


def publish(topic: str, message: dict[str, Any]) -> None:
    """Send `message` to everybody who follows `topic`; never raises."""
    try:
        _client().publish(group_channel(topic), encoded(message))
    except redis.RedisError:
        logger.warning("no redis to tell %s about %s", topic, message["type"])


def send_task(task: Task, *args: str) -> None:
    """Ask a worker for `task`; never raises, and waits for no broker."""
    try:
        task.apply_async(args, retry=False)
    except Exception as error:
        logger.warning("no broker to ask for %s%s: %s", task.name, args, type(error).__name__)
