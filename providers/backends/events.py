"""Server-sent events out of bytes, however the network cut them.

The format: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream,
of which only the data matters here. More lenient than that in two points that servers need: an
event the stream ends in is given out, and a field named `error` (older llama.cpp) is an event.
"""

_BOM = b"\xef\xbb\xbf"
_MOST_LINE = 4 * 2**20


class EventTooLong(ValueError):
    """A line is longer than any answer's event can be."""


class EventReader:
    """Turns the bytes of a stream into the data of its events."""

    def __init__(self) -> None:
        self._rest = b""  # a line that has not ended
        self._data: list[bytes] = []  # lines of an event that has not ended
        self._at_start = True
        self._skip_newline = False  # the last part ended between CR and LF

    def feed(self, part: bytes) -> list[bytes]:
        """Return the data of each event that `part` completes."""
        if not (self._at_start or self._rest or self._data or self._skip_newline):
            plain = self._plain(part)
            if plain is not None:
                return plain
        return self._lines(part)

    def end(self) -> list[bytes]:
        """Return what an unfinished last event holds."""
        found = self._lines(b"\n\n")
        self._rest, self._data = b"", []
        return found

    def _plain(self, part: bytes) -> list[bytes] | None:
        """Read the usual case fast: whole events, each one line of data."""
        if not part.endswith(b"\n\n") or b"\r" in part:
            return None
        blocks = part[:-2].split(b"\n\n")
        for block in blocks:
            if not block.startswith(b"data: ") or b"\n" in block:
                return None
        return [block[6:] for block in blocks]

    def _lines(self, part: bytes) -> list[bytes]:
        if self._skip_newline and part:
            self._skip_newline = False
            part = part.removeprefix(b"\n")
        held = self._rest + part
        if self._at_start:
            if len(held) < len(_BOM) and _BOM.startswith(held):
                self._rest = held
                return []
            self._at_start = False
            held = held.removeprefix(_BOM)
        self._skip_newline = part.endswith(b"\r")
        *lines, self._rest = held.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        if len(self._rest) > _MOST_LINE:
            raise EventTooLong
        return [event for line in lines if (event := self._line(line)) is not None]

    def _line(self, line: bytes) -> bytes | None:
        """Take one line in; return the event's data when the line is the empty one that ends it."""
        if not line:
            if not self._data:
                return None
            event, self._data = b"\n".join(self._data), []
            return event
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
        elif name == b"error":
            self._data.append(b'{"error":' + value + b"}")
        return None
