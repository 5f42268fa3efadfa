"""Texts that are cut to what a column or a line holds."""


def shortened(text: str, longest: int) -> str:
    """Return `text`, of more than `longest` code points the beginning with an ellipsis."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"
