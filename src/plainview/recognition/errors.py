"""The errors of recognition: a picture or a model that cannot be used.

Owns the errors that leave this package, and every code of `BadMedia`. It must never say who is in a picture, nor repeat bytes of the
input in a message: file names and codes only.
"""

from __future__ import annotations

import logging
import secrets
import traceback
from pathlib import Path

_LOG = logging.getLogger(__name__)
_PLACES = 6  # innermost calls that the log names


class BadMedia(Exception):
    """A picture or video that cannot be used.

    Attributes:
        code: a stable word from `CODES`, for scripts.
        why: one sentence in plain words: what is wrong with this file.
        next_step: one sentence: what the person can do now.
    """

    def __init__(self, code: str, why: str, next_step: str) -> None:
        if code not in CODES:
            raise ValueError(f"unknown BadMedia code {code!r}: add it to recognition.errors.CODES")
        super().__init__(f"{why} {next_step}")
        self.code = code
        self.why = why
        self.next_step = next_step


class PackError(Exception):
    """A model pack that is missing, altered or not usable here.

    Attributes:
        why: one sentence: what is wrong with the pack.
        next_step: one sentence: what the person can do now.
    """

    def __init__(self, why: str, next_step: str) -> None:
        super().__init__(f"{why} {next_step}")
        self.why = why
        self.next_step = next_step


class PackMissing(PackError):
    """A model pack that is not installed yet, or whose files could not be fetched."""


def fault(where: str, detail: str, error: BaseException | None = None) -> BadMedia:
    """A failure of our own code over a file, whose details are in the server's log under a reference number.

    Args:
        where: the part of the software that failed.
        detail: one line for the operator; never a byte of the file, nor its name.
        error: the exception, of which the places in the code go to the log.
    """
    reference = logged(_LOG, f"{where} failed: {detail}", error)
    return BadMedia(
        "fault",
        f"Plainview failed on this file; the file itself may be whole. Reference {reference}.",
        "Tell the operator the reference: the server's log has the details.",
    )


def logged(log: logging.Logger, event: str, error: BaseException | None) -> str:
    """Write an error as one line of the server's log under a new reference number; return the number.

    Args:
        log: the logger.
        event: one line for the operator; never a byte of the file, nor its name.
        error: the exception, of which the kind and the places in the code go to the log, never the message.
    """
    reference = new_reference()
    steps = traceback.extract_tb(error.__traceback__) if error is not None else []
    places = ", called from ".join(f"{Path(step.filename).name}:{step.lineno}" for step in reversed(steps[-_PLACES:]))
    known = {"reference": reference} | ({"error": type(error).__name__} if error is not None else {})
    log.error("Reference %s: %s%s", reference, event, f" at {places}" if places else "", extra={"known": known})
    return reference


def new_reference() -> str:
    """Return a new number by which what a person is told and a line of the server's log are found together."""
    return f"{secrets.token_hex(2)}-{secrets.token_hex(2)}".upper()


CODES: dict[str, str] = {
    "unreadable_file": "the file cannot be opened",
    "empty": "the file has no bytes",
    "too_large": "the file is larger than the limit in bytes",
    "not_an_image": "the bytes are not a picture in an allowed format",
    "format_not_allowed": "a picture, but in a format that is not on the allow-list",
    "truncated": "the picture's data ends before the picture is complete",
    "corrupt": "the picture's data is damaged",
    "too_many_pixels": "the picture has more pixels than the budget",
    "too_small": "the picture has too few pixels to hold a face",
    "deep_colour": "more than 8 bits per channel, in a form that is not read",
    "kind_not_decodable": "a picture in an allowed format, but of a kind that is not read",
    "no_face": "no face was found",
    "face_too_small": "the largest face found is too small to compare",
    "several_faces": "the picture is of one person by its number, and no face is by far the largest",
    "no_such_face": "the face number asked for does not exist in this picture",
    "not_a_video": "the bytes are not a video in an allowed container",
    "video_format_not_allowed": "a playlist, picture or raw data instead of a video",
    "video_codec": "a video in a codec that is not decoded here",
    "no_such_stream": "the stream asked for does not exist in this video",
    "fault": "Plainview itself failed; the server's log has the details under the reference",
    "video_index_missing": "the recording ended before its list of frames was written",
    "no_video_stream": "a video file without moving pictures",
    "no_frames": "a video without a frame that can be decoded",
    "frame_changed": "the frame decoded now is not the one that was picked",
    "bad_edit": "an edit of the probe that is not valid, or does not fit the picture",
    "decoder_limit": "decoding took more memory or time than is allowed",
    "exchange_damaged": "an ANSI/NIST-ITL file that cannot be read",
    "exchange_xml": "an ANSI/NIST-ITL file in its XML encoding",
    "exchange_no_face": "an ANSI/NIST-ITL file or record without a face",
    "exchange_date": "a picture in an ANSI/NIST-ITL record whose date is in the future",
    "exchange_hash": "a picture in an ANSI/NIST-ITL record that does not match its hash",
}
"""Every code that `BadMedia` may carry, with its meaning."""
