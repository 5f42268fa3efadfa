"""What kind of picture some bytes are, by how they begin: what their server calls them is no proof.

https://mimesniff.spec.whatwg.org/#matching-an-image-type-pattern
"""

import re

_KINDS = (
    ("image/png", re.compile(rb"\x89PNG\r\n\x1a\n")),
    ("image/jpeg", re.compile(rb"\xff\xd8\xff")),
    ("image/gif", re.compile(rb"GIF8[79]a")),
    ("image/webp", re.compile(rb"RIFF....WEBPVP", re.DOTALL)),
)


def media_type(data: bytes) -> str | None:
    """Return the media type of a PNG, JPEG, GIF or WebP picture; None for anything else."""
    return next((kind for kind, begins in _KINDS if begins.match(data)), None)
