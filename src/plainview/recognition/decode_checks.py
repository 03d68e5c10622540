"""What the decoder's child refuses, and which of a file's pictures it takes.

Owns these checks: size, depth, colours, camera raw, pages. It runs in the decoder's child only, before and after the
headers were read and never on pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from PIL import ImageFile, TiffImagePlugin

from plainview.recognition.decode_colour import DEEP_GREY
from plainview.recognition.decode_header import Header, raw_format
from plainview.recognition.decode_wire import OTHER_FORMATS, REFUSALS, Reply, Status

_COLOUR_MODES = {"1", "L", "P", "RGB", "RGBA", "RGBX", "LA", "PA", "La", "RGBa", "YCbCr", "CMYK"}

_Value = TypeVar("_Value")


class Refusal(Exception):
    """A picture that is not decoded, in the numbers of `decode_wire.Reply`."""

    def __init__(self, code: str, *, size: tuple[int, int] = (0, 0), detail: int = 0) -> None:
        super().__init__(code)
        self.code = code
        self.size = size
        self.detail = detail

    def reply(self, serial: int) -> Reply:
        """Return the reply to the request of this number."""
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


def check_size(size: tuple[int, int], limits: Limits) -> None:
    """Refuse a picture that is too large or too small.

    Raises:
        Refusal: too_many_pixels, too_small.
    """
    width, height = size
    if width * height > limits.max_pixels or max(size) > limits.max_side:
        raise Refusal("too_many_pixels", size=size)
    if min(size) < limits.min_side:
        raise Refusal("too_small", size=size)


def check_kind(image: ImageFile.ImageFile, header: Header) -> int:
    """Refuse what cannot become one 8-bit colour picture; return the bits a channel as stored."""
    bits = max(header.bits, int(image.info.get("bit_depth", 8)) if image.format == "HEIF" else 8)
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        bits = max(bits, *map(int, image.tag_v2.get(TiffImagePlugin.BITSPERSAMPLE, (8,))))
    if image.mode in DEEP_GREY and bits == 8:
        bits = 16
    jpeg_2000 = image.format == "JPEG2000" and image.mode not in DEEP_GREY
    if image.mode in ("I", "F") or (bits > 8 and jpeg_2000):
        # Numbers without a stated range; deep JPEG 2000 in colour, whose white Pillow 13 rounds up to 256 and shows
        # as black.
        raise Refusal("deep_colour", size=image.size, detail=bits if bits > 8 else 32)
    if image.mode == "LAB":
        raise Refusal("format_not_allowed", detail=OTHER_FORMATS.index("TIFF in Lab colour"))
    if image.mode not in _COLOUR_MODES | DEEP_GREY:
        raise Refusal("kind_not_decodable")
    return bits


_REDUCED = 1  # NewSubfileType (TIFF 6.0, tag 254): a smaller version of another picture of the file
_PAGES_LOOKED_AT = 8


def choose_page(image: TiffImagePlugin.TiffImageFile) -> None:
    """Go to the first page that is not a small version of another; refuse camera raw, which has only such a preview."""
    tags = image.tag_v2
    if 50706 in tags:  # DNGVersion
        raise Refusal("format_not_allowed", detail=OTHER_FORMATS.index("camera raw (DNG)"))
    if not int(tags.get(254, 0)) & _REDUCED:
        return
    raw = Refusal("format_not_allowed", detail=raw_format(str(tags.get(271, ""))))
    if 330 in tags:  # SubIFDs: where a camera puts the sensor's data
        raise raw
    for page in range(1, _PAGES_LOOKED_AT):
        try:
            image.seek(page)
        except EOFError:
            break
        if image.tag_v2.get(262) in (32803, 34892):  # colour filter array, linear raw
            raise raw
        if not int(image.tag_v2.get(254, 0)) & _REDUCED:
            return
    raise raw


def count_frames(image: ImageFile.ImageFile) -> int:
    """Return how many frames or pages a file has; 0 for several that were not counted, which takes a decoding."""
    # What is behind the first picture of an MPO (brightness for bright screens, the other eye) is not another picture.
    if image.format in ("JPEG", "MPO") or not getattr(image, "is_animated", False):
        return 1
    if image.format in ("GIF", "TIFF"):
        return 0
    return attempt(lambda: int(getattr(image, "n_frames", 0)), 0)


def attempt(read: Callable[[], _Value], otherwise: _Value) -> _Value:
    """Return what `read` reads, or `otherwise` where a library fails over it."""
    try:
        return read()
    except MemoryError:
        raise
    except Exception:  # Pillow raises a dozen kinds over damaged EXIF
        return otherwise
