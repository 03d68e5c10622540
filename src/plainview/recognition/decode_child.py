"""The decoder's child: the only process in which a codec touches bytes that strangers made.

Owns the checks of a picture's headers, the decoding, and turning the result upright into 8-bit BGR. It
imports Pillow, pillow-heif and the JPEG XL plugin and nothing larger (no numpy, no OpenCV, no Django), locks itself down before
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
    PngImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,  # noqa: F401
)
from pillow_jxl import JpegXLImagePlugin

from plainview.recognition import decode_colour, lockdown
from plainview.recognition.decode_checks import (
    Limits,
    Refusal,
    attempt,
    check_kind,
    check_size,
    choose_page,
    count_frames,
)
from plainview.recognition.decode_header import PNG_TEXTS, Header, read_header, sniff, sniff_other
from plainview.recognition.decode_tiff import mended_tiff
from plainview.recognition.decode_wire import (
    BYTES_PER_PIXEL,
    CHANGES,
    FORMATS,
    OTHER_FORMATS,
    REQUEST,
    Reply,
    Status,
)

_HEADROOM = 32 * 2**20
"""Bytes of address space that must be left after start-up, or no picture could be decoded at all."""

_BAND_PIXELS = 2**16
"""Pixels that are packed at a time; what stays in the cache packs five times as fast as a whole photo."""

_TEXT_BYTES = 16 * 2**20
"""Bytes of one text or profile of a PNG, unpacked: image editors write histories of several million. A PNG with more
is read without its texts and profile."""

_JXL_SAMPLE = bytes.fromhex("ff0a4340240800010038004b188b158055fb7f0008a5883605")
"""16 x 16 pixels: encoding them would start threads, each with its own memory."""

_LIMIT_WORDS = ("unsupported", "not supported", "not implemented", "unknown", "cannot handle", "unrecognized")
"""What a library says about a kind of picture that it cannot read, although nothing is wrong with it."""

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
            os.write(replies, Refusal("decoder_limit").reply(serial).pack())
            return
        os.write(replies, answer(data, serial, limits, arena).pack())


def prepare(limits: Limits) -> None:
    """Set up the libraries, and run the paths that import lazily while importing is still possible."""
    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = None  # check_size is stricter, and its refusal names the numbers
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    JpegXLImagePlugin.DECODE_THREADS = 0
    PngImagePlugin.MAX_TEXT_CHUNK = _TEXT_BYTES
    PngImagePlugin.MAX_TEXT_MEMORY = 4 * _TEXT_BYTES
    pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)
    decode_colour.prepare()
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2000:01:01 00:00:00"
    sample = Image.new("P", (16, 16))
    sample.info["transparency"] = 0
    arena = mmap.mmap(-1, 16 * 16 * BYTES_PER_PIXEL)
    for name, mode in (
        ("JPEG", "RGB"),
        ("PNG", "P"),
        ("GIF", "P"),
        ("TIFF", "RGB"),
        ("WEBP", "RGBA"),
    ):
        file = io.BytesIO()
        sample.convert(mode).save(file, name, exif=exif.tobytes())
        answer(file.getvalue(), 0, limits, arena)
    answer(_JXL_SAMPLE, 0, limits, arena)


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
        if header.other is not None:
            raise Refusal("format_not_allowed", detail=header.other)
        return _decode_or_mend(data, name, header, serial, limits, arena)
    except Refusal as refusal:
        return refusal.reply(serial)
    except MemoryError:
        return Refusal("decoder_limit").reply(serial)
    except Exception as error:  # codecs raise anything; the text stays here, only a code leaves
        text = str(error).lower()
        if "memory" in text or "security limit" in text:
            return Refusal("decoder_limit").reply(serial)
        if header.cut_short or header.overrun or "truncated" in text or "end of file" in text:
            return Refusal("truncated").reply(serial)
        # The directory of a TIFF was read already: what Pillow does not identify then is a combination it lacks.
        odd_tiff = isinstance(error, UnidentifiedImageError) and data[:2] in (b"II", b"MM")
        if (
            header.rare
            or odd_tiff
            or isinstance(error, NotImplementedError)
            or any(word in text for word in _LIMIT_WORDS)
        ):
            return Refusal("kind_not_decodable").reply(serial)
        return Refusal("corrupt").reply(serial)


def _decode_or_mend(data: bytes, name: str, header: Header, serial: int, limits: Limits, arena: mmap.mmap) -> Reply:
    """Decode; a file whose pixels are whole and whose trimmings stop the library is decoded without these."""
    if header.jpeg_strips:  # a count that is too small would be pixels filled in
        data = mended_tiff(data)
    try:
        return _decode(data, name, header, serial, limits, arena)
    except (Refusal, MemoryError):
        raise
    except Exception:
        mended = _without_texts(data) if name == "PNG" else mended_tiff(data) if name == "TIFF" else data
        if mended == data:
            raise
    return _decode(mended, name, header, serial, limits, arena)


def _without_texts(data: bytes) -> bytes:
    """Return a PNG without its texts and its profile: what the pixels do not need."""
    parts, at = [data[:8]], 8
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] not in PNG_TEXTS | {b"iCCP", b"sPLT"}:
            parts.append(data[at:end])
        at = end
    return b"".join(parts)


def _allowed_format(data: bytes) -> str:
    name = sniff(data)
    if name == "AVIF" and not AvifImagePlugin.SUPPORTED:
        raise Refusal("format_not_allowed", detail=OTHER_FORMATS.index("AVIF"))
    if name is None:
        other = sniff_other(data)
        if other is None:
            raise Refusal("not_an_image")
        raise Refusal("format_not_allowed", detail=other)
    return name


def _decode(data: bytes, name: str, header: Header, serial: int, limits: Limits, arena: mmap.mmap) -> Reply:
    if header.size is not None:
        check_size(header.size, limits)
    if name == "JPEG" and header.bits > 8:  # libjpeg-turbo reads it, Pillow 13 does not
        raise Refusal("deep_colour", detail=header.bits)
    with Image.open(io.BytesIO(data), formats=(name,)) as image:
        check_size(image.size, limits)
        if isinstance(image, TiffImagePlugin.TiffImageFile):
            choose_page(image)
            check_size(image.size, limits)
        bits = check_kind(image, header)
        if header.cut_short:
            raise Refusal("truncated")
        if header.damaged:
            raise Refusal("corrupt")
        frames = count_frames(image)
        stored = _stored_size(image)
        image.load()
        check_size(image.size, limits)  # a HEIF header may promise another size than its pixels have
        if name == "JPEG" and _end_was_made_up(data, header.end, image):
            raise Refusal("truncated")
        orientation, day = _exif(image)
        upright, profiled = decode_colour.flatten(image, bits)
        changes = {
            "first_frame": frames != 1,
            "reduced_depth": bits > 8,
            "print_colours": image.mode == "CMYK",
            "print_profile": profiled,
            "high_dynamic_range": header.hdr,
        }
        if orientation in _UPRIGHT:
            upright = upright.transpose(_UPRIGHT[orientation])
        _write(upright, arena)
        kind = FORMATS.index(image.format or name)
    flags = sum(1 << CHANGES.index(change) for change, done in changes.items() if done)
    return Reply(
        serial,
        Status.PICTURE,
        kind,
        *upright.size,
        *stored,
        day=day,
        detail=bits if bits > 8 else 0,
        frames=min(frames, 2**32 - 1) if frames != 1 else 0,
        changes=flags,
    )


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
    if image.format == "JXL" and not getattr(image, "jpeg", False):
        exif = _not_turned_again(image)
    orientation = attempt(lambda: int(exif().get(ExifTags.Base.Orientation, 1)), 1)
    text = attempt(lambda: str(exif().get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.DateTimeOriginal, "")), "")
    day = attempt(lambda: date(int(text[0:4]), int(text[5:7]), int(text[8:10])).toordinal(), 0)
    return orientation, day


def _not_turned_again(image: Image.Image) -> Callable[[], Image.Exif]:
    """EXIF without its orientation: the JPEG XL decoder has turned the picture upright by the codestream's own."""

    def exif() -> Image.Exif:
        tags = image.getexif()
        tags.pop(ExifTags.Base.Orientation, None)
        return tags

    return exif


def _write(image: Image.Image, arena: mmap.mmap) -> None:
    """Pack an RGB picture into shared memory as BGR rows, in bands, so that no second copy is made."""
    width, height = image.size
    arena.seek(0)
    rows = max(1, _BAND_PIXELS // width)
    for top in range(0, height, rows):
        band = image if rows >= height else image.crop((0, top, width, min(top + rows, height)))
        arena.write(band.tobytes("raw", "BGR"))
