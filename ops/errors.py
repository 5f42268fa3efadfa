"""What keeps the house from starting, said in one sentence."""


class CannotStart(Exception):
    """Causerie cannot start; the message is one sentence for the person at the terminal."""
