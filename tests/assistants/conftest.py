import pytest

from assistants.actions import save_prompt
from assistants.models import SavedPrompt


@pytest.fixture
def prompt(owner) -> SavedPrompt:
    """The owner's, with one variable to fill in and one with a default."""
    return save_prompt(
        owner, name="Polite mail", command="mail", text="Write {{what}} in a {{tone|friendly}} way."
    )
