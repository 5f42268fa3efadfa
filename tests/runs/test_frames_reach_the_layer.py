"""Our frames and hints arrive through the channel layer, as its own messages would."""

import uuid

import pytest
from channels.layers import get_channel_layer

from runs.buffer import Buffer, Frame
from runs.hints import publish


@pytest.fixture
async def listener():
    layer = get_channel_layer()
    channel = await layer.new_channel()
    topic = f"topic.{uuid.uuid4()}"
    await layer.group_add(topic, channel)
    yield layer, channel, topic
    await layer.flush()


async def test_a_frame_of_the_script_is_a_message_of_the_layer(listener):
    layer, channel, topic = listener
    buffer = Buffer()
    frame = Frame(uuid.uuid4(), topic, fence=3, offset=0, text="Grüße 🜚")
    pipe = buffer.pipeline()
    await buffer.append(pipe, frame, 0)
    assert await pipe.execute() == [len(frame.text.encode())]
    assert await layer.receive(channel) == frame.message()
    assert await buffer.read(frame.run_id, 3) == frame.text
    await buffer.close()


async def test_a_hint_from_a_thread_is_a_message_of_the_layer(listener):
    layer, channel, topic = listener
    publish(topic, {"type": "run.changed", "run": "x"})
    assert await layer.receive(channel) == {"type": "run.changed", "run": "x"}
