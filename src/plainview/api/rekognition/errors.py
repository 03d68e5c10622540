"""Errors in the words of Amazon Rekognition, each with the id of our rule in its message.

Owns which error class a refusal becomes, because software decides by the class what it does next.
"""

from __future__ import annotations

import json

from django.http import HttpResponse

from plainview.policy.decision import Refused
from plainview.recognition.errors import BadMedia

MEDIA_TYPE = "application/x-amz-json-1.1"

_ABSENT = frozenset({"gallery.unknown"})
"""Rules whose refusal is that interface's ResourceNotFoundException; a rule that is in neither list is an AccessDeniedException."""

_WRONG = frozenset({"reference.unknown", "reference.expunged"})
"""Rules whose refusal is its InvalidParameterException: a FaceId that is not in the collection."""

_NO_FACE = frozenset({"no_face", "no_such_face", "face_too_small"})


class AwsError(Exception):
    """An error of the interface: its class, a message, an HTTP status."""

    def __init__(self, name: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.name, self.message, self.status = name, message, status


def invalid(message: str) -> AwsError:
    """Return that a parameter is wrong."""
    return AwsError("InvalidParameterException", message)


def of_refusal(refused: Refused) -> AwsError:
    """Return the error of a refusal."""
    message = f"{refused.what}: {refused.why} {refused.next_step} [{refused.rule_id}]"
    if refused.rule_id in _WRONG:
        return invalid(message)
    return AwsError("ResourceNotFoundException" if refused.rule_id in _ABSENT else "AccessDeniedException", message)


def of_media(bad: BadMedia) -> AwsError:
    """Return the error of a picture that cannot be used."""
    message = f"{bad.why} {bad.next_step} [media.{bad.code}]"
    if bad.code in _NO_FACE:
        return invalid(message)
    return AwsError("ImageTooLargeException" if bad.code == "too_large" else "InvalidImageFormatException", message)


def answer(error: AwsError, request_id: str) -> HttpResponse:
    """Return the answer."""
    body = {"__type": error.name, "message": error.message, "Code": error.name, "Logref": request_id}
    return HttpResponse(json.dumps(body), status=error.status, content_type=MEDIA_TYPE)
