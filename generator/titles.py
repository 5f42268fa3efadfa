"""What works are called in lists."""

from generator.models import LONGEST_TITLE


def short_title(title: str) -> str:
    title = " ".join(title.split())
    return title if len(title) <= LONGEST_TITLE else title[: LONGEST_TITLE - 1].rstrip() + "…"
