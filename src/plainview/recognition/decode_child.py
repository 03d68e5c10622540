"""The decoder's child: the only process in which a codec touches bytes that strangers made.

Owns the checks of a picture's headers, the decoding, and turning the result upright into 8-bit BGR. It
imports Pillow and pillow-heif and nothing larger (no numpy, no OpenCV, no Django), locks itself down before
it reads its first request, and must never open, send or print anything: pixels go to shared memory, a few
numbers down one pipe. Started by sandbox.py as `python -I` with an empty environment.
"""

from __future__ import annotations

import io
import json
import mmap
import os
import warnings
from collections.abc import Callable
from datetime import date
from typing import TypeVar

import pillow_heif
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,  # noqa: F401 (registers itself; nothing can be imported once the locks are closed)
    ExifTags,
    GifImagePlugin,  # noqa: F401
    Image,
    ImageChops,
    ImageFile,
    Jpeg2KImagePlugin,  # noqa: F401
    JpegImagePlugin,  # noqa: F401
    MpoImagePlugin,  # noqa: F401
    PngImagePlugin,  # noqa: F401
    TiffImagePlugin,
    WebPImagePlugin,  # noqa: F401
)

from plainview.recognition import lockdown
from plainview.recognition.decode_header import Header, read_header, sniff, sniff_other
from plainview.recognition.decode_wire import (
    BYTES_PER_PIXEL,
    FORMATS,
    OTHER_FORMATS,
    REFUSALS,
    REQUEST,
    Reply,
    Status,
)

_NEUTRAL = (128, 128, 128)
"""What shows through transparent pixels: the middle of the range, so that the border of a cut-out head makes
only a weak edge against dark hair and pale skin alike, and exposure is not pulled either way."""

_HEADROOM = 32 * 2**20
"""Bytes of address space that must be left after start-up, or no picture could be decoded at all."""

_BAND_PIXELS = 2**16
"""Pixels that are packed at a time; what stays in the cache packs five times as fast as a whole photo."""

_COLOUR_MODES = {"1", "L", "P", "RGB", "RGBA", "RGBX", "LA", "PA", "La", "RGBa", "YCbCr"}

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation -> what turns the stored picture upright (EXIF 2.32, tag 0x0112)."""


_Value = TypeVar("_Value")


class _Refusal(Exception):
    """A picture that is not decoded, in the numbers of `decode_wire.Reply`."""

    def __init__(self, code: str, *, size: tuple[int, int] = (0, 0), detail: int = 0) -> None:
        super().__init__(code)
        self.code = code
        self.size = size
        self.detail = detail

    def reply(self, serial: int) -> Reply:
        width, height = (min(side, 2**32 - 1) for side in self.size)
        kind = REFUSALS.index(self.code)
        return Reply(serial, Status.REFUSED, kind, width, height, detail=min(self.detail, 2**32 - 1))


class Limits:
    """The limits that the parent handed down: pixels, pixels a side, seconds of CPU time, bytes."""

    def __init__(self, settings: dict[str, int]) -> None:
        self.max_pixels = settings["max_pixels"]
        self.max_side = settings["max_side"]
        self.min_side = settings["min_side"]
        self.cpu_seconds = settings["cpu_seconds"]
        self.memory_bytes = settings["memory_bytes"]


def main(settings: str) -> None:
    """Serve pictures until the parent closes the pipe.

    Args:
        settings: JSON object of integers: parent (process id), arena_fd, arena_bytes and the limits.
    """
    values = json.loads(settings)
    lockdown.die_with_parent(values["parent"])
    limits = Limits(values)
    # Libraries may print to 1 and 2; only the reply pipe, under a number that they do not know, is believed.
    requests, replies = open(0, "rb", closefd=False), os.dup(1)  # noqa: SIM115 (open while it lives)
    os.dup2(2, 1)
    arena = mmap.mmap(values["arena_fd"], values["arena_bytes"])
    os.close(values["arena_fd"])
    prepare(limits)
    needed = lockdown.address_space_in_use() + _HEADROOM
    if needed > limits.memory_bytes:
        os.write(replies, Reply(0, Status.TOO_LITTLE_MEMORY, detail=needed).pack())
        return
    lockdown.lock(limits.memory_bytes)
    os.write(replies, Reply(0, Status.READY).pack())
    while len(head := requests.read(REQUEST.size)) == REQUEST.size:
        serial, length = REQUEST.unpack(head)
        lockdown.renew_cpu_time(limits.cpu_seconds)
        try:
            data = requests.read(length)
        except MemoryError:  # the rest of the request is lost, so is this child
            os.write(replies, _Refusal("decoder_limit").reply(serial).pack())
            return
        os.write(replies, answer(data, serial, limits, arena).pack())


def prepare(limits: Limits) -> None:
    """Set up the libraries, and run the paths that import lazily while importing is still possible."""
    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = None  # _check_size is stricter, and its refusal names the numbers
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2000:01:01 00:00:00"
    sample = Image.new("P", (16, 16))
    sample.info["transparency"] = 0
    arena = mmap.mmap(-1, 16 * 16 * BYTES_PER_PIXEL)
    for name, mode in (("JPEG", "RGB"), ("PNG", "P"), ("GIF", "P"), ("TIFF", "RGB"), ("WEBP", "RGBA")):
        file = io.BytesIO()
        sample.convert(mode).save(file, name, exif=exif)
        answer(file.getvalue(), 0, limits, arena)


def answer(data: bytes, serial: int, limits: Limits, arena: mmap.mmap) -> Reply:
    """Decode one picture into shared memory, or say in numbers why not.

    Args:
        data: the file.
        serial: the number of the request.
        limits: what the picture may cost.
        arena: shared memory; receives uint8 (height, width, 3), BGR, 0-255, upright, without padding.
    """
    header = Header()
    try:
        name = _allowed_format(data)
        header = read_header(name, data)
        return _decode(data, name, header, serial, limits, arena)
    except _Refusal as refusal:
        return refusal.reply(serial)
    except MemoryError:
        return _Refusal("decoder_limit").reply(serial)
    except Exception as error:  # codecs raise anything; the text stays here, only a code leaves
        text = str(error).lower()
        if "memory" in text or "security limit" in text:
            return _Refusal("decoder_limit").reply(serial)
        cut_short = header.cut_short or "truncated" in text or "end of file" in text
        return _Refusal("truncated" if cut_short else "corrupt").reply(serial)


def _allowed_format(data: bytes) -> str:
    name = sniff(data)
    if name == "AVIF" and not AvifImagePlugin.SUPPORTED:
        raise _Refusal("format_not_allowed", detail=OTHER_FORMATS.index("AVIF"))
    if name is None:
        other = sniff_other(data)
        if other is None:
            raise _Refusal("not_an_image")
        raise _Refusal("format_not_allowed", detail=other)
    return name


def _decode(data: bytes, name: str, header: Header, serial: int, limits: Limits, arena: mmap.mmap) -> Reply:
    if header.size is not None:
        _check_size(header.size, limits)
    if header.bits > 8:
        raise _Refusal("deep_colour", detail=header.bits)
    with Image.open(io.BytesIO(data), formats=(name,)) as image:
        _check_size(image.size, limits)
        _check_kind(image, len(data))
        if header.cut_short:
            raise _Refusal("truncated")
        if header.damaged:
            raise _Refusal("corrupt")
        stored = _stored_size(image)
        image.load()
        _check_size(image.size, limits)  # a HEIF header may promise another size than its pixels have
        if name == "JPEG" and _end_was_made_up(data, header.end, image):
            raise _Refusal("truncated")
        orientation, day = _exif(image)
        upright = _flatten(image)
        if orientation in _UPRIGHT:
            upright = upright.transpose(_UPRIGHT[orientation])
        _write(upright, arena)
        kind = FORMATS.index(image.format or name)
    return Reply(serial, Status.PICTURE, kind, *upright.size, *stored, day=day)


def _check_size(size: tuple[int, int], limits: Limits) -> None:
    width, height = size
    if width * height > limits.max_pixels or max(size) > limits.max_side:
        raise _Refusal("too_many_pixels", size=size)
    if min(size) < limits.min_side:
        raise _Refusal("too_small", size=size)


def _check_kind(image: ImageFile.ImageFile, length: int) -> None:
    """Refuse what would have to be changed to become one 8-bit colour picture."""
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        _check_tiff(image, length)
    # The first frame of an MPO and the primary picture of a HEIF are meant to stand for the file.
    if image.format not in ("MPO", "HEIF") and getattr(image, "is_animated", False):
        frames = 0 if image.format in ("GIF", "TIFF") else getattr(image, "n_frames", 0)  # counting is costly
        raise _Refusal("animated", size=image.size, detail=frames)
    if image.mode == "CMYK":
        raise _Refusal("cmyk", size=image.size)
    bits = image.info.get("bit_depth", 8) if image.format == "HEIF" else 8
    if bits > 8 or image.mode in ("I", "F") or image.mode.startswith("I;16"):
        raise _Refusal("deep_colour", size=image.size, detail=bits if bits > 8 else _mode_bits(image.mode))
    if image.mode == "LAB":
        raise _Refusal("format_not_allowed", detail=OTHER_FORMATS.index("TIFF in Lab colour"))
    if image.mode not in _COLOUR_MODES:
        raise _Refusal("corrupt")


def _mode_bits(mode: str) -> int:
    return 32 if mode in ("I", "F") else 16


def _check_tiff(image: TiffImagePlugin.TiffImageFile, length: int) -> None:
    """Refuse deep TIFF, camera raw files (TIFFs with a small preview in front), and strips beyond the end."""
    tags = image.tag_v2
    if 50706 in tags or int(tags.get(254, 0)) & 1:  # DNGVersion; NewSubfileType: a reduced-resolution version
        raise _Refusal("format_not_allowed", detail=OTHER_FORMATS.index("camera raw"))
    bits = max(tags.get(TiffImagePlugin.BITSPERSAMPLE, (8,)))
    if bits > 8:
        raise _Refusal("deep_colour", size=image.size, detail=bits)
    for offsets, counts in ((273, 279), (324, 325)):  # strips, tiles
        spans = zip(tags.get(offsets, ()), tags.get(counts, ()), strict=False)
        if any(offset + count > length for offset, count in spans):
            raise _Refusal("truncated")


def _stored_size(image: ImageFile.ImageFile) -> tuple[int, int]:
    """(width, height) before orientation; Pillow announces a TIFF already turned."""
    width, height = image.size
    if isinstance(image, TiffImagePlugin.TiffImageFile) and image.tag_v2.get(274) in (5, 6, 7, 8):
        return height, width
    return width, height


def _end_was_made_up(data: bytes, end: int, image: Image.Image) -> bool:
    """Whether a JPEG's coded data stops too early although its end marker is there.

    libjpeg fills what is missing with mid-grey (in a progressive picture: with too little detail) and tells
    nobody. So when the last pixels are exactly that grey, or the picture is progressive, decode again with
    other bytes in front of the end marker: they change nothing in a whole picture, and become pixels in one
    that lacks some. (Arithmetic coding, where they would always count, has no such end; see `Header.end`.)

    Args:
        data: the file.
        end: where its end marker is.
        image: what was decoded, still as stored.
    """
    width, height = image.size
    corner = image.crop((max(0, width - 8), height - 1, width, height))
    grey = all(band.getextrema() == (128, 128) for band in corner.split())
    if not end or not (grey or image.info.get("progressive")):
        return False
    filled = data[:end] + bytes(range(16, 80)) * 4 + data[end:]
    with Image.open(io.BytesIO(filled), formats=("JPEG",)) as second:
        second.load()
        return ImageChops.difference(image, second).getbbox() is not None


def _exif(image: Image.Image) -> tuple[int, int]:
    """(orientation, ordinal of the capture date or 0); what makes no sense counts as not there."""
    exif = image.getexif
    orientation = _attempt(lambda: int(exif().get(ExifTags.Base.Orientation, 1)), 1)
    text = _attempt(lambda: str(exif().get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.DateTimeOriginal, "")), "")
    day = _attempt(lambda: date(int(text[0:4]), int(text[5:7]), int(text[8:10])).toordinal(), 0)
    return orientation, day


def _attempt(read: Callable[[], _Value], otherwise: _Value) -> _Value:
    try:
        return read()
    except MemoryError:
        raise
    except Exception:  # Pillow raises a dozen kinds over damaged EXIF
        return otherwise


def _flatten(image: Image.Image) -> Image.Image:
    """The picture as opaque RGB; transparency over `_NEUTRAL`."""
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        flat = Image.new("RGB", image.size, _NEUTRAL)
        flat.paste(layer, mask=layer.getchannel("A"))
        return flat
    return image if image.mode == "RGB" else image.convert("RGB")


def _write(image: Image.Image, arena: mmap.mmap) -> None:
    """Pack an RGB picture into shared memory as BGR rows, in bands, so that no second copy is made."""
    width, height = image.size
    arena.seek(0)
    rows = max(1, _BAND_PIXELS // width)
    for top in range(0, height, rows):
        band = image if rows >= height else image.crop((0, top, width, min(top + rows, height)))
        arena.write(band.tobytes("raw", "BGR"))
