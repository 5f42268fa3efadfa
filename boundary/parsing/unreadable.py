class Unreadable(Exception):
    """A document has no text for us; the word of `boundary.documents.errors` is the argument."""
