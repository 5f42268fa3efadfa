"""Text as the database can keep it."""


def storable(text: str) -> str:
    """Return `text` without NUL and half surrogate pairs, which are in place of what they were."""
    if has_surrogates(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text.replace("\0", "\ufffd")


def has_surrogates(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
