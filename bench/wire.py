"""What a page received and how busy it was, from the DevTools protocol."""

from typing import Any

from playwright.sync_api import Page


class Wire:
    """Counts from its making: requests, their bytes as sent, and the socket's messages."""

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)
        self.requests = 0
        self.encoded = 0
        self.messages = 0
        self.bytes = 0
        self._began: dict[str, float] = {}
        self._session.on("Network.requestWillBeSent", self._sent)
        self._session.on("Network.loadingFinished", self._finished)
        self._session.on("Network.webSocketFrameReceived", self._received)
        self._session.send("Network.enable")
        self._session.send("Performance.enable", {"timeDomain": "timeTicks"})

    def _sent(self, event: dict[str, Any]) -> None:
        if not event["request"]["url"].startswith("data:"):
            self.requests += 1

    def _finished(self, event: dict[str, Any]) -> None:
        self.encoded += int(event["encodedDataLength"])

    def _received(self, event: dict[str, Any]) -> None:
        self.messages += 1
        self.bytes += len(event["response"]["payloadData"].encode())

    def _metrics(self) -> dict[str, float]:
        listed = self._session.send("Performance.getMetrics")["metrics"]
        return {each["name"]: each["value"] for each in listed}

    def start(self) -> None:
        """Begin a stretch: forget the socket's messages, note the main thread's time."""
        self.messages = self.bytes = 0
        self._began = self._metrics()

    def stop(self) -> dict[str, Any]:
        """Return what the stretch came to; `busy` is the main thread's share of its time."""
        ended = self._metrics()
        wall = ended["Timestamp"] - self._began["Timestamp"]
        busy = (ended["TaskDuration"] - self._began["TaskDuration"]) / wall
        return {"busy": busy, "messages": self.messages, "bytes": self.bytes, "wall_s": wall}
