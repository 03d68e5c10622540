"""From the bytes of a file to one upright picture, or to a refusal that says what to do next.

Owns the public face of decoding: `Decoder`, `read_file`, and every sentence that answers a refused picture.
Must never hand bytes to a codec in this process: that happens in the restricted child of sandbox.py. Linux
only.
"""

from __future__ import annotations

import os
import queue
import stat
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from plainview.recognition.as_text import was_sent_as_text
from plainview.recognition.decode_wire import BYTES_PER_PIXEL, CHANGES, FORMATS, OTHER_FORMATS, REFUSALS, Reply, Status
from plainview.recognition.errors import BadMedia
from plainview.recognition.foreign import refer
from plainview.recognition.sandbox import ChildLost, DecodeLimits, DecoderUnavailable, Sandbox
from plainview.recognition.types import Picture

__all__ = ["DecodeLimits", "Decoder", "DecoderUnavailable", "read_file"]

_DEFAULT_LIMITS = DecodeLimits()

_PICTURES_PER_CHILD = 256
"""A child that was taken over unnoticed, or that leaks, is replaced after so many pictures."""

_UPSETTING = frozenset({"truncated", "corrupt", "decoder_limit"})
"""Refusals after which the child is replaced, because the bytes reached a codec and did not agree with it."""

_ALLOWED = "JPEG (also MPO), PNG, WebP, TIFF, BMP, GIF, HEIF or HEIC, AVIF, JPEG 2000 and JPEG XL"


class Decoder:
    """A pool of restricted child processes that decode pictures from strangers. Thread-safe.

    Each child has no file, no network, no environment, and limited memory and time. Children start in the
    background at once, serve many pictures, and are replaced after a crash, a limit, a picture that upset
    them and after every `_PICTURES_PER_CHILD` pictures.

    >>> with Decoder() as decoder:
    ...     picture = decoder.decode(read_file(path))
    """

    def __init__(self, *, limits: DecodeLimits = _DEFAULT_LIMITS, children: int = 1) -> None:
        """Make the pool.

        Args:
            limits: what one picture may cost.
            children: pictures decoded at the same time, at least 1.
        """
        if children < 1:
            raise ValueError("a decoder needs at least one child")
        self._limits = limits
        self._workers = [_Worker(limits) for _ in range(children)]
        self._idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        # The executor's threads live until close(), as the children need (see Sandbox).
        self._threads = ThreadPoolExecutor(max_workers=children, thread_name_prefix="plainview-decode")
        for worker in self._workers:
            self._idle.put(worker)
            self._threads.submit(self._warm_up)

    def decode(self, data: bytes) -> Picture:
        """Decode one file.

        Args:
            data: the whole file.

        Returns:
            The picture; `pixels` is uint8 (height, width, 3), BGR, 0-255, C-contiguous, upright. Grey and
            palette pictures become BGR, transparency shows neutral grey (128, 128, 128), deeper channels keep
            their upper 8 bits, print colours are converted. Colour profiles of RGB and grey are not applied.

        Raises:
            BadMedia: the file does not have a whole picture in an allowed format within the limits.
            DecoderUnavailable: no child can be started; no fault of this file.
        """
        return self.submit(data).result()

    def submit(self, data: bytes) -> Future[Picture]:
        """Decode one file in the background, so that the caller can go on with another picture.

        Args:
            data: the whole file.

        Returns:
            A future whose result and exceptions are those of `decode`.
        """
        return self._threads.submit(self._decode, data)

    def close(self) -> None:
        """Finish what was submitted and has begun, cancel the rest, and end the children."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        for worker in self._workers:
            worker.close()

    def _warm_up(self) -> None:
        worker = self._idle.get()
        try:
            worker.warm_up()
        finally:
            self._idle.put(worker)

    def _decode(self, data: bytes) -> Picture:
        worker = self._idle.get()
        try:
            return worker.decode(data)
        finally:
            self._idle.put(worker)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Worker:
    """One sandbox and the rule when its child is replaced. Used by one thread at a time."""

    def __init__(self, limits: DecodeLimits) -> None:
        self._limits = limits
        self._sandbox = Sandbox(limits)
        self._served = 0

    def warm_up(self) -> None:
        """Start the child ahead of the first picture, which reports the failure if there is one."""
        self._sandbox.start()

    def decode(self, data: bytes) -> Picture:
        """See `Decoder.decode`."""
        _check_length(len(data), self._limits)
        if was_sent_as_text(data):
            raise BadMedia(
                "corrupt",
                "The picture was transferred as text, which changed its bytes throughout.",
                "Copy it again from its source in binary mode.",
            )
        try:
            reply = self._sandbox.exchange(data)
        except ChildLost as lost:
            self._served = 0
            raise _lost(over_limit=lost.over_limit, limits=self._limits) from None
        self._served += 1
        picture = self._copy(reply) if reply.status == Status.PICTURE else None
        if self._served >= _PICTURES_PER_CHILD or (picture is None and REFUSALS[reply.kind] in _UPSETTING):
            self._sandbox.retire()
            self._served = 0
        if picture is None:
            raise _refusal(reply, self._limits)
        return picture

    def close(self) -> None:
        """End the child."""
        self._sandbox.close()

    def _copy(self, reply: Reply) -> Picture:
        count = reply.width * reply.height * BYTES_PER_PIXEL
        shared = np.frombuffer(self._sandbox.pixels, np.uint8, count)
        pixels = shared.reshape(reply.height, reply.width, BYTES_PER_PIXEL).copy()
        self._sandbox.release(count)
        return Picture(
            pixels=pixels,
            format=FORMATS[reply.kind],
            stored_size=(reply.stored_width, reply.stored_height),
            captured_on=date.fromordinal(reply.day) if reply.day else None,
            notes=_notes(reply),
        )


def _notes(reply: Reply) -> tuple[str, ...]:
    """What decoding changed or left out, in sentences for people."""
    done = {change for bit, change in enumerate(CHANGES) if reply.changes >> bit & 1}
    notes = []
    if "first_frame" in done:
        frames = f"{reply.frames:,} frames or pages" if reply.frames else "several frames or pages"
        which = "primary picture" if FORMATS[reply.kind] == "HEIF" else "first one"
        notes.append(f"The file has {frames}. Only the {which} is used.")
    if "reduced_depth" in done:
        notes.append(f"The picture has {reply.detail} bits per channel. It is used with 8.")
    if "high_dynamic_range" in done:
        notes.append("The picture is for high dynamic range screens: light and dark are only roughly right.")
    if "print_profile" in done:
        notes.append("Print colours (CMYK) were converted with the colour profile of the file.")
    elif "print_colours" in done:
        notes.append("Print colours (CMYK) were converted without a colour profile: they are only roughly right.")
    return tuple(notes)


def read_file(path: Path, limits: DecodeLimits = _DEFAULT_LIMITS) -> bytes:
    """Read a file that should be a picture, without waiting for anything that is not a plain file.

    Args:
        path: where it is; links are followed.
        limits: of these, `max_bytes`.

    Returns:
        All of its bytes, at least one.

    Raises:
        BadMedia: unreadable_file, empty or too_large.
    """
    try:
        # Without O_NONBLOCK opening a pipe waits until somebody writes to it.
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        try:
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode):
                raise BadMedia(
                    "unreadable_file",
                    f"{path.name!r} is not a plain file ({_file_kind(status.st_mode)}).",
                    "Choose a picture file.",
                )
            _check_length(status.st_size, limits)
            with os.fdopen(fd, "rb", closefd=False) as file:
                data = file.read(limits.max_bytes + 1)
        finally:
            os.close(fd)
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        reason = error.strerror if isinstance(error, OSError) else "its name is not valid"
        raise BadMedia(
            "unreadable_file",
            f"{path.name!r} cannot be read: {reason}.",
            "Check that the file exists and that you may read it.",
        ) from error
    _check_length(len(data), limits)
    return data


def _file_kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder"
    if stat.S_ISFIFO(mode):
        return "a pipe"
    return "a device or socket"


def _check_length(length: int, limits: DecodeLimits) -> None:
    if length == 0:
        raise BadMedia(
            "empty",
            "The file is empty (0 bytes).",
            "Copy or export the picture again: the transfer may have been interrupted.",
        )
    if length > limits.max_bytes:
        raise BadMedia(
            "too_large",
            f"The file has {length:,} bytes; the limit is {limits.max_bytes:,}.",
            "Export a smaller copy, and record the change as an edit.",
        )


def _lost(*, over_limit: bool, limits: DecodeLimits) -> BadMedia:
    if over_limit:
        return _over_limit(limits)
    refusal = BadMedia(
        "corrupt",
        "The decoder failed on this picture: its data is damaged, or was made to do harm.",
        "Get the file again from its source. Do not repair it by hand.",
    )
    refer(refusal, None)
    return refusal


def _over_limit(limits: DecodeLimits) -> BadMedia:
    return BadMedia(
        "decoder_limit",
        f"Decoding the picture took more than {limits.cpu_seconds} s of computing time, "
        f"{limits.wall_seconds:g} s in all, or {limits.memory_bytes // 2**20:,} MiB of memory.",
        "Export the picture as a smaller JPEG or PNG, and record the change as an edit.",
    )


def _refusal(reply: Reply, limits: DecodeLimits) -> BadMedia:
    """The words for a refusal of the child; the child itself only sends numbers."""
    code = REFUSALS[reply.kind]
    size = f"{reply.width:,} x {reply.height:,} pixels"
    if code == "decoder_limit":
        return _over_limit(limits)
    if code == "too_many_pixels":
        why = f"The picture has {size}; the limit is {limits.max_pixels:,} in all and {limits.max_side:,} on a side."
        return BadMedia(code, why, "Crop the picture or scale it down, and record the change as an edit.")
    if code == "too_small":
        why = f"The picture has {size}; below {limits.min_side} on a side no face can be compared."
        return BadMedia(code, why, "Get a larger picture from the source. Enlarging this one adds no detail.")
    if code == "deep_colour":
        return BadMedia(
            code,
            f"The picture has {reply.detail} bits per channel, in a form that Plainview does not read.",
            "Convert the picture to 8 bits per channel, check the result, and record the change as an edit.",
        )
    if code == "format_not_allowed":
        return _not_allowed(OTHER_FORMATS[reply.detail])
    return BadMedia(code, *_PLAIN[code])


def _not_allowed(name: str) -> BadMedia:
    code = "format_not_allowed"
    if "camera raw" in name:
        return BadMedia(
            code,
            f"The file's format is {name}: the data of a camera's sensor, which each program develops differently.",
            "Export it as JPEG or TIFF with the program of the camera's maker, and record the change as an edit.",
        )
    if name == "web page (HTML)":
        return BadMedia(
            code,
            "The file is a web page (HTML), although its name may end like a picture's.",
            "Open the page, save the picture that it shows, and use that file.",
        )
    if "archive" in name or "document" in name or name == "PDF":
        article = "an" if name.startswith("old") else "a"
        return BadMedia(
            code,
            f"The file is {article} {name}: pictures in it can be used once they are taken out.",
            "Take the pictures out of it, and use these files.",
        )
    if name == "video":
        return BadMedia(code, "The file is a video, no picture.", "Have its people found as a video, and use a still.")
    if name.startswith("ANSI/NIST-ITL"):
        xml = name.endswith("XML")
        return BadMedia(
            code,
            "The file is an ANSI/NIST-ITL file in its XML encoding, which Plainview does not read."
            if xml
            else "The file is an ANSI/NIST-ITL file. It can be enrolled in a gallery, but is no picture by itself.",
            "Ask the sender for the traditional encoding (.an2)."
            if xml
            else "Enrol it in a gallery, or take the picture out of it with the program of the sender.",
        )
    if name in _CARRIED:
        return BadMedia("not_an_image", *_CARRIED[name])
    return BadMedia(
        code,
        f"The file's format, {name}, is not allowed. Allowed formats: {_ALLOWED}.",
        "Export the picture as JPEG or PNG, and record the change as an edit.",
    )


_CARRIED = {
    "picture behind other bytes": (
        "A JPEG or PNG picture begins inside the file, behind other data.",
        "Get the file again. If this is the only one, cut off what is before the picture, and record the change as an edit.",
    ),
    "picture as base64": (
        "The file has a picture written as text (base64).",
        "Decode the text to a picture file, and record the change as an edit.",
    ),
    "file of zeros": (
        "The file has only zeros: its content was never written, as after a broken copy or when deleted files were recovered.",
        "Get the file again from its source.",
    ),
    "AppleDouble": (
        'macOS wrote this file beside a picture; its name begins with "._". The picture is in the other file.',
        "Use the file of the same name without these two characters.",
    ),
}

_PLAIN = {
    "not_an_image": (
        f"The file is not a picture in a known format. Allowed formats: {_ALLOWED}.",
        "Check that this is the right file, whatever its name ends in.",
    ),
    "truncated": (
        "The picture's data ends before the picture is complete.",
        "Copy or download the whole file again.",
    ),
    "corrupt": (
        "The picture's data is damaged.",
        "Get the file again. If it opens elsewhere, export it as PNG and record the change as an edit.",
    ),
    "kind_not_decodable": (
        "The picture is of a rare kind of its format, which Plainview does not read. Nothing is wrong with the file.",
        "Export it as PNG or JPEG in another program, and record the change as an edit.",
    ),
}
"""Code -> (why, next step), for the refusals whose words need no numbers."""
