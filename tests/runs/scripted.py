"""A backend inside the test's process that writes what a test tells it, when it tells it."""

import asyncio
from collections.abc import AsyncGenerator

from providers.values import Delta, Prompt, Usage

REPORTED = Usage(input_tokens=11, output_tokens=7)


class ScriptedBackend:
    """Plays one script a call: texts, seconds to wait, errors to raise, deltas."""

    def __init__(self, *scripts: list[str | float | Exception | Delta]) -> None:
        self.scripts = list(scripts)
        self.prompts: list[Prompt] = []
        self.closed = 0

    async def stream(self, prompt: Prompt, *, request_id: str) -> AsyncGenerator[Delta, None]:
        self.prompts.append(prompt)
        try:
            for step in self.scripts.pop(0):
                if isinstance(step, Exception):
                    raise step
                if isinstance(step, float):
                    await asyncio.sleep(step)
                else:
                    yield Delta(text=step) if isinstance(step, str) else step
        finally:
            self.closed += 1

    async def complete(self, prompt: Prompt, *, request_id: str) -> Delta:
        self.prompts.append(prompt)
        return Delta(text="A title", finish_reason="stop", usage=REPORTED)


END = Delta(finish_reason="stop", usage=REPORTED)
