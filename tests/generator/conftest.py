"""What the generator's tests share: a model whose context is small, and no worker."""

import pytest

from providers.models import ModelSpec, Provider


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs stay queued until a test ends them."""
    monkeypatch.setattr("runs.actions.hint_worker", lambda run_id: None)


@pytest.fixture
def model(db: None) -> ModelSpec:
    provider = Provider.objects.create(name="A provider", base_url="http://127.0.0.1:1/v1")
    return ModelSpec.objects.create(
        provider=provider,
        name="m",
        label="Model M",
        is_default=True,
        makes_titles=False,
        context_window=2048,
        max_output_tokens=512,
    )
