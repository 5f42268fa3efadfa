"""Answers that are sent in parts, taken together."""

from typing import Any

from asgiref.sync import async_to_sync


def whole(answer: Any) -> bytes:
    return async_to_sync(_whole)(answer)


async def _whole(answer: Any) -> bytes:
    return b"".join([part async for part in answer])
