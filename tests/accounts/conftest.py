import pytest


@pytest.fixture(autouse=True)
def _fresh_rates(_no_rates_used):
    """These tests sign in and up more often than a person may."""
