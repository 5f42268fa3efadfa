"""One subscription a process: who listens hears what is published, in order, and nothing else."""

import asyncio
from typing import Any

import pytest
import redis
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer

from runs.hints import publish
from runs.hub import Hub, hub


class Ear:
    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.gaps = 0

    def hear(self, message: dict[str, Any]) -> None:
        self.heard.append(message["n"])

    def missed(self) -> None:
        self.gaps += 1


async def tell(group: str, *numbers: int) -> None:
    for number in numbers:
        await sync_to_async(publish)(group, {"type": "x", "n": number})


async def until(condition) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110  what is waited for has no event
            await asyncio.sleep(0.01)


async def test_listeners_hear_their_groups_in_order():
    one, two, other = Ear(), Ear(), Ear()
    for group, ear in (("hub.a", one), ("hub.a", two), ("hub.b", other)):
        await hub().join(group, ear)
    await tell("hub.a", 1, 2, 3)
    await tell("hub.b", 4)
    await until(lambda: other.heard)
    assert (one.heard, two.heard, other.heard) == ([1, 2, 3], [1, 2, 3], [4])


async def test_who_left_hears_nothing_and_the_others_go_on():
    one, two = Ear(), Ear()
    await hub().join("hub.c", one)
    await hub().join("hub.c", two)
    await hub().leave("hub.c", one)
    await tell("hub.c", 1)
    await until(lambda: two.heard)
    await hub().leave("hub.c", two)
    await tell("hub.c", 2)
    await hub().join("hub.c", one)
    await tell("hub.c", 3)
    await until(lambda: one.heard)
    assert (one.heard, two.heard) == ([3], [1])


async def test_the_layers_own_messages_arrive():
    ear = Ear()
    await hub().join("hub.d", ear)
    await get_channel_layer().group_send("hub.d", {"type": "x", "n": 7})
    await until(lambda: ear.heard == [7])


async def test_after_a_lost_connection_listeners_are_told_and_hear_again():
    ear = Ear()
    await hub().join("hub.e", ear)
    await hub()._pubsub.connection.disconnect()
    await until(lambda: ear.gaps)
    await tell("hub.e", 1)
    await until(lambda: ear.heard == [1])


async def test_joining_promises_nothing_without_redis(settings):
    settings.REDIS_URL = "redis://127.0.0.1:1"
    deaf = Hub()
    with pytest.raises(redis.RedisError, match="connect"):
        await deaf.join("hub.f", Ear())


async def test_joining_after_a_long_time_alone(monkeypatch):
    monkeypatch.setattr("runs.hub.HEALTH_SECONDS", 0.2)
    alone, ear = Hub(), Ear()
    for turn in range(3):
        async with asyncio.timeout(5):
            await alone.join("hub.g", ear)
        await tell("hub.g", turn)
        await until(lambda: ear.heard[-1:] == [turn])  # noqa: B023
        await alone.leave("hub.g", ear)
        await asyncio.sleep(0.5)


async def test_joining_gives_up_on_a_redis_that_does_not_answer(monkeypatch):
    monkeypatch.setattr("runs.hub.PATIENCE", 0.2)
    mute = Hub()
    monkeypatch.setattr(mute, "_tell", lambda *_: None)  # no confirmation is heard
    with pytest.raises(redis.RedisError, match="no word"):
        await mute.join("hub.h", Ear())


async def test_a_confirmation_that_is_heard_at_once_is_not_missed(monkeypatch):
    quick, ear = Hub(), Ear()
    subscribe = quick._pubsub.subscribe

    async def slow_to_return(channel: str) -> None:
        await subscribe(channel)
        await asyncio.sleep(0.1)  # the listener hears the answer meanwhile

    monkeypatch.setattr(quick._pubsub, "subscribe", slow_to_return)
    await quick.join("hub.i", ear)
    await quick.join("hub.j", ear)
