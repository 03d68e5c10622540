"""What a sign-in service sent by SAML, looked through before the library reads it.

Owns the limits: anyone may send such a message, and a small one can unpack to a large one. It must never decide who
signed it.
"""

from __future__ import annotations

import base64
import zlib
from xml.parsers.expat import ExpatError

from django.http import HttpRequest

from plainview.recognition.foreign import Unreadable
from plainview.serving.bodies import SMALL
from plainview.tables.markup import look_through

_NAMES = ("SAMLResponse", "SAMLRequest")


def cannot_be_read(request: HttpRequest) -> Exception | None:
    """Return why a message of a sign-in service cannot be read, or None."""
    try:
        for name in _NAMES:
            if name in request.POST:
                look_through(base64.b64decode(request.POST[name]))
            if name in request.GET:
                look_through(_inflated(base64.b64decode(request.GET[name])))
    except (ValueError, Unreadable, ExpatError) as error:
        return error
    return None


def _inflated(data: bytes) -> bytes:
    """Return what a message in an address was compressed from, or the message if it was not compressed.

    Raises:
        Unreadable: it is larger than a message that is sent in a form may be.
    """
    unpacking = zlib.decompressobj(-15)
    try:
        message = unpacking.decompress(data, SMALL)
    except zlib.error:
        return data
    if unpacking.unconsumed_tail:
        raise Unreadable(f"it unpacks to more than {SMALL >> 10} kB")
    return message
