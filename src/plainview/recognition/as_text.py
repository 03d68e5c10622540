"""Whether a picture was transferred as text, as FTP's ASCII mode does, which changes bytes throughout.

Owns the proof. It must never guess: it answers only where chance cannot explain the bytes. A JPEG with such bytes often
decodes, to another picture.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

_JPEG = b"\xff\xd8\xff"
_PNG, _SIGNATURE = b"PNG", b"\x89PNG\r\n\x1a\n"
_UTF_8 = tuple(text.encode() for text in ("\ufffd\ufffd\ufffd", "ÿØÿ", "\ufffdPNG", "\x89PNG"))
"""How JPEG and PNG begin where a program took their bytes for characters and wrote them as UTF-8."""

_SURE = 20
"""How often chance should have brought about what is not there once: e**-20 is one file in 500 million."""


def was_sent_as_text(data: bytes) -> bool:
    """Return whether line ends were changed in a JPEG or PNG, or its bytes were written as UTF-8.

    PNG's first bytes are made to show it (W3C, PNG, Third Edition, 5.2). Nothing in JPEG is, but compressed data has every
    byte equally often: no line end, or none without CR, is then no chance. That a large one has none with CR is no proof:
    pictures that repeat themselves have few pairs of bytes, and codes of JPEG leave some pairs out.

    Args:
        data: the whole file.
    """
    if data.startswith(_UTF_8):
        return True
    if data[1:4] == _PNG:
        return not data.startswith(_SIGNATURE) and data[4:5] in (b"\r", b"\n")
    if not data.startswith(_JPEG):
        return False
    ends, returns, pairs = data.count(b"\n"), data.count(b"\r"), data.count(b"\r\n")
    if ends and returns and pairs < ends:
        return False
    values = np.frombuffer(data, np.uint8)
    # The usual number of a byte, whatever metadata with line ends, or zeros behind a cut, have of some.
    usual = float(np.median(np.bincount(values, minlength=256)))
    if usual <= _SURE or usual / 4 >= ends > 0 < returns:
        return False
    return _independent(values) / 256 > _SURE


def _independent(values: NDArray[np.uint8]) -> float:
    """The number of bytes by chance that would have as many different pairs of neighbours.

    A picture whose parts repeat, as a tiled one's do, has many bytes and few of them by chance.
    """
    possible = 1 << 16
    neighbours = np.bincount(values[:-1].astype(np.uint16) << 8 | values[1:], minlength=possible)
    return -possible * math.log(max(1, possible - int(np.count_nonzero(neighbours))) / possible)
