"""What works are called in lists."""

from generator.models import LONGEST_TITLE
from generator.shortening import shortened


def short_title(title: str) -> str:
    return shortened(" ".join(title.split()), LONGEST_TITLE)
