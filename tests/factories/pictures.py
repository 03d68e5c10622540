"""The awkward pictures that people and attackers hand in, made as bytes.

Owns nothing but functions; each returns one file. Real pixels come from matplotlib's public-domain portrait
of Grace Hopper, so that codecs have something to compress.
"""

from __future__ import annotations

import functools
import io
import struct
import zlib
from typing import Any

import matplotlib.cbook
import pillow_heif
import pillow_jxl  # noqa: F401 (registers JPEG XL)
from PIL import Image

pillow_heif.register_heif_opener()

ORIENTATION, EXIF_IFD, DATE_TIME_ORIGINAL = 0x0112, 0x8769, 0x9003

_STORED_AS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""EXIF orientation -> how a camera held that way stores an upright picture."""


@functools.cache
def _portrait() -> Image.Image:
    path = matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)
    with Image.open(path) as image:
        return image.convert("RGB")


def portrait(size: tuple[int, int] = (96, 112), mode: str = "RGB") -> Image.Image:
    """The portrait at a size and in a mode of Pillow's."""
    return _portrait().resize(size).convert(mode)


def saved(image: Image.Image, name: str, **options: Any) -> bytes:
    """One picture in a format of Pillow's."""
    file = io.BytesIO()
    image.save(file, name, **options)
    return file.getvalue()


def jpeg(size: tuple[int, int] = (96, 112), **options: Any) -> bytes:
    return saved(portrait(size), "JPEG", **{"quality": 95, **options})


def png(size: tuple[int, int] = (96, 112), **options: Any) -> bytes:
    return saved(portrait(size), "PNG", **options)


def exif(*, orientation: int | None = None, taken: str | None = None) -> Image.Exif:
    """EXIF with an orientation (1 to 8) and a DateTimeOriginal ("YYYY:MM:DD HH:MM:SS", or any nonsense)."""
    tags = Image.Exif()
    if orientation is not None:
        tags[ORIENTATION] = orientation
    if taken is not None:
        tags.get_ifd(EXIF_IFD)[DATE_TIME_ORIGINAL] = taken
    return tags


def rotated(orientation: int, name: str = "JPEG", **options: Any) -> bytes:
    """A picture that is only upright after its EXIF orientation has been applied."""
    image = portrait()
    if orientation in _STORED_AS:
        image = image.transpose(_STORED_AS[orientation])
    return saved(image, name, exif=exif(orientation=orientation).tobytes(), **options)


def jpeg_that_stops_in_the_middle() -> bytes:
    whole = jpeg()
    return whole[: len(whole) // 2]


def jpeg_without_end_marker() -> bytes:
    """Every coded block is there; only the two bytes FF D9 are lost."""
    return jpeg()[:-2]


def jpeg_with_made_up_end(**options: Any) -> bytes:
    """Half a picture with an end marker put behind it, which libjpeg fills up without a word."""
    whole = jpeg((256, 256), **options)
    return whole[: len(whole) // 2] + b"\xff\xd9"


def jpeg_12_bit() -> bytes:
    """A frame header that announces 12 bits a sample."""
    whole = jpeg()
    at = whole.index(b"\xff\xc0") + 4
    return whole[:at] + b"\x0c" + whole[at + 1 :]


def cmyk_jpeg() -> bytes:
    return saved(portrait(mode="CMYK"), "JPEG")


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def handmade_png(width: int, height: int, bits: int, colour: int, row: bytes) -> bytes:
    """A PNG of equal raw rows (without their filter byte)."""
    return _png(width, height, bits, colour, zlib.compress((b"\0" + row) * height, 9))


def _png(width: int, height: int, bits: int, colour: int, data: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(kind, body) for kind, body in chunks)


@functools.cache
def black_png(side: int) -> bytes:
    """Grey zeros, compressed a thousandfold; `side` must be a multiple of 100.

    A hundred rows are compressed once and repeated: after a full flush the same rows give the same bytes.
    """
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    hundred_rows = squeeze.compress(bytes(100 * (1 + side))) + squeeze.flush(zlib.Z_FULL_FLUSH)
    adler32_of_zeros = struct.pack(">HH", side * (1 + side) % 65521, 1)
    return _png(side, side, 8, 0, b"\x78\xda" + hundred_rows * (side // 100) + b"\x03\0" + adler32_of_zeros)


def huge_png() -> bytes:
    """Less than a megabyte that becomes 900 million pixels."""
    return black_png(30_000)


def huge_canvas(name: str) -> bytes:
    """A small GIF, BMP or WEBP whose header announces 16,000 x 16,000 pixels."""
    side = 16_000
    if name == "WEBP":
        whole = saved(portrait(), name, exif=exif(orientation=1))  # with EXIF there is a canvas header
        at, field = 24, (side - 1).to_bytes(3, "little")
    else:
        whole = saved(portrait(), name)
        at, field = (6, struct.pack("<H", side)) if name == "GIF" else (18, struct.pack("<I", side))
    return whole[:at] + field * 2 + whole[at + 2 * len(field) :]


def deep_grey_png() -> bytes:
    """16 bits, which Pillow opens as mode I;16."""
    return handmade_png(32, 32, 16, 0, bytes(64))


def deep_rgb_png() -> bytes:
    """16 bits a channel, which Pillow opens as 8-bit RGB without a word."""
    return handmade_png(32, 32, 16, 2, bytes(192))


def png_with_changed_pixels() -> bytes:
    """One byte of the compressed data changed, the checksum left as it was."""
    whole = bytearray(png())
    whole[whole.index(b"IDAT") + 100] ^= 0x10
    return bytes(whole)


def png_with_wrong_checksum() -> bytes:
    """The pixel data is whole; its chunk's checksum is not, as after a careless edit."""
    whole = bytearray(png())
    whole[whole.index(b"IEND") - 5] ^= 0x10
    return bytes(whole)


def png_without_end_chunk() -> bytes:
    return png()[:-12]


def _frames() -> tuple[Image.Image, list[Image.Image]]:
    return portrait(), [portrait().rotate(90 * turn) for turn in (1, 2)]


def animated(name: str) -> bytes:
    """Three frames as GIF, PNG (APNG), WEBP, AVIF or TIFF (three pages)."""
    first, rest = _frames()
    return saved(first, name, save_all=True, append_images=rest)


def mpo() -> bytes:
    first, rest = _frames()
    return saved(first, "MPO", save_all=True, append_images=rest, quality=95)


def palette_alpha_png() -> bytes:
    """Left half opaque red, right half a transparent palette entry."""
    image = Image.new("P", (32, 32), 0)
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.paste(1, (16, 0, 32, 32))
    return saved(image, "PNG", transparency=1)


def half_transparent(name: str = "PNG", mode: str = "RGBA", **options: Any) -> bytes:
    """White everywhere; opaque on the left, fully transparent on the right."""
    image = Image.new("RGBA", (32, 32), (255, 255, 255, 255))
    image.paste((255, 255, 255, 0), (16, 0, 32, 32))
    return saved(image.convert(mode), name, **options)


def tiff(bits: int = 8, **tags: Any) -> bytes:
    """An RGB TIFF written by hand, because Pillow writes no 16-bit RGB; `tags`: t254=1 sets tag 254 to 1."""
    side, step = 32, bits // 8
    entries = {
        256: side,
        257: side,
        258: bits,
        259: 1,
        262: 2,
        277: 3,
        278: side,
        279: side * side * 3 * step,
        **{int(name[1:]): value for name, value in tags.items()},
    }
    start = 8 + 2 + 12 * (len(entries) + 1) + 4
    entries[273] = start
    directory = b"".join(struct.pack("<HHII", tag, 4, 1, entries[tag]) for tag in sorted(entries))
    header = b"II*\0" + struct.pack("<IH", 8, len(entries))
    return header + directory + bytes(4) + bytes([200]) * (side * side * 3 * step)


def float_rgb_tiff() -> bytes:
    """Three channels of 32-bit floating point, which Pillow does not know."""
    return tiff(32, t339=3)


def camera_raw(maker: str) -> bytes:
    """The first directory of a camera's raw file: a small preview, the maker, and a pointer to the sensor's data."""
    return tiff_of({254: 1, 256: 32, 257: 32, 258: 8, 259: 1, 262: 2, 277: 3, 278: 32, 330: 8}, maker)


def tiff_of(numbers: dict[int, int], maker: str) -> bytes:
    """A TIFF of 32 x 32 grey pixels with these tags and the maker's name (271)."""
    name, count = maker.encode() + b"\0", len(numbers) + 3
    start = 8 + 2 + 12 * count + 4
    numbers = {**numbers, 273: start + len(name), 279: 32 * 32 * 3}
    rows = {tag: struct.pack("<HHII", tag, 4, 1, value) for tag, value in numbers.items()}
    rows[271] = struct.pack("<HHII", 271, 2, len(name), start)
    directory = b"".join(rows[tag] for tag in sorted(rows))
    return b"II*\0" + struct.pack("<IH", 8, count) + directory + bytes(4) + name + bytes([200]) * (32 * 32 * 3)


def print_profile(lab: tuple[int, int, int]) -> bytes:
    """An ICC profile of CMYK in which every colour without black looks like `lab` (8-bit L, a, b), black like black."""
    ramp = bytes(range(256))
    table = b"".join(bytes(lab) if not corner & 1 else bytes([0, 128, 128]) for corner in range(16))
    lut = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    tags = {b"A2B0": lut + ramp * 4 + table + ramp * 3}
    start = 128 + 4 + 12 * len(tags)
    listed, body = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        listed += name + struct.pack(">II", start + len(body), len(data))
        body += data
    size = start + len(body)
    head = struct.pack(">I4sI", size, b"lcms", 0x02400000) + b"prtrCMYKLab " + bytes(12) + b"acsp"
    return head + bytes(128 - len(head)) + listed + body


def heic(**options: Any) -> bytes:
    return saved(portrait(), "HEIF", quality=90, **options)


def deep_heic() -> bytes:
    """10 bits a channel, as cameras with HDR write it."""
    file = io.BytesIO()
    pillow_heif.encode("RGB;16", (64, 64), bytes(64 * 64 * 6), file, quality=50)
    return file.getvalue()


def deep_jpeg2000() -> bytes:
    """A JPEG 2000 codestream whose components announce 16 bits, which Pillow scales down."""
    whole = bytearray(saved(portrait(), "JPEG2000", no_jp2=True))
    whole[42:51:3] = bytes([15, 15, 15])
    return bytes(whole)
