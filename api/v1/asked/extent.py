"""How much a request makes a model read and write: what a hold is reckoned from."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Extent:
    """`texts` are all that is read as text, `tokens` what was given as ids of them.

    `cap` is the program's own on each choice; `writes` says whether there is output to cap at all.
    Where there is more than text (`has_media`), a model reads what its context holds at most. What
    is not counted in tokens (`is_bounded`) has a cost that nobody knows before.
    """

    texts: tuple[str, ...] = ()
    tokens: int = 0
    has_media: bool = False
    writes: bool = False
    cap: int | None = None
    choices: int = 1
    is_bounded: bool = True

    def most_of_each(self, most: int) -> int | None:
        """Return the tokens of a choice at most, by a model that writes `most`."""
        if not self.writes:
            return None
        return most if self.cap is None else min(self.cap, most)
