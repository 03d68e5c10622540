"""Whether a picture was transferred as text, as FTP's ASCII mode does, which changes bytes throughout.

Owns the proof. It must never guess: it answers only where chance cannot explain the bytes. A JPEG with such bytes often
decodes, to another picture.
"""

from __future__ import annotations

import numpy as np

_JPEG = b"\xff\xd8\xff"
_PNG, _SIGNATURE = b"PNG", b"\x89PNG\r\n\x1a\n"
_UTF_8 = tuple(text.encode() for text in ("\ufffd\ufffd\ufffd", "ÿØÿ", "\ufffdPNG", "\x89PNG"))
"""How JPEG and PNG begin where a program took their bytes for characters and wrote them as UTF-8."""

_SURE = 20
"""How often chance should have brought about what is not there once: e**-20 is one file in 500 million."""


def was_sent_as_text(data: bytes) -> bool:
    """Return whether line ends were changed in a JPEG or PNG, or its bytes were written as UTF-8.

    PNG's first bytes are made to show it (W3C, PNG, Third Edition, 5.2). Nothing in JPEG is, but compressed data has every
    byte equally often: no line end without CR, or none with it, is then no chance.

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
    if ends and returns and 0 < pairs < ends:
        return False
    # The usual number of a byte, whatever metadata with line ends, or zeros behind a cut, have of some.
    usual = float(np.median(np.bincount(np.frombuffer(data, np.uint8), minlength=256)))
    if not ends or not returns:
        return usual > _SURE
    return pairs == ends > usual / 4 > _SURE / 4 or (not pairs and usual / 256 > _SURE)
