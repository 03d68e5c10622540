"""How a decoded picture becomes opaque 8-bit RGB: depth, print colours, transparency.

Owns these conversions; what they change is told to people by decode.py. It runs in the decoder's child only and imports
nothing but Pillow. Profiles of RGB and grey pictures are not applied.
"""

from __future__ import annotations

import functools
import io

from PIL import Image, ImageChops, ImageCms, TiffImagePlugin

_NEUTRAL = (128, 128, 128)
"""What shows through transparent pixels: the middle of the range, so that the border of a cut-out head makes
only a weak edge against dark hair and pale skin alike, and exposure is not pulled either way."""

DEEP_GREY = frozenset({"I;16", "I;16L", "I;16B", "I;16N"})
"""Pillow's modes of grey pictures with 9 to 16 bits."""


def prepare() -> None:
    """Make the screen profile and use it once, while importing is still possible."""
    ImageCms.profileToProfile(Image.new("RGB", (1, 1)), _srgb(), _srgb())


@functools.cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def flatten(image: Image.Image, bits: int) -> tuple[Image.Image, bool]:
    """Return the picture as opaque 8-bit RGB, transparency over `_NEUTRAL`, and whether its own profile was applied."""
    if image.mode in DEEP_GREY:
        return _eight_bits(image, bits).convert("RGB"), False
    if image.mode == "CMYK":
        profiled = _by_profile(image)
        return (image.convert("RGB"), False) if profiled is None else (profiled, True)
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        flat = Image.new("RGB", image.size, _NEUTRAL)
        flat.paste(layer, mask=layer.getchannel("A"))
        return flat, False
    return image if image.mode == "RGB" else image.convert("RGB"), False


def _eight_bits(image: Image.Image, bits: int) -> Image.Image:
    """Grey of 9 to 16 bits as the upper 8 of them; a TIFF may say that 0 is white."""
    big = image.mode == "I;16B"
    scale = 1 << (16 - bits) if image.format != "JPEG2000" else 1  # which Pillow has scaled to 16 bits
    wide = image.point(lambda value: value * scale + 0) if scale > 1 else image
    grey = Image.frombytes("L", image.size, wide.tobytes()[(0 if big else 1) :: 2])
    if isinstance(image, TiffImagePlugin.TiffImageFile) and image.tag_v2.get(262) == 0:
        return ImageChops.invert(grey)
    return grey


def _by_profile(image: Image.Image) -> Image.Image | None:
    """Return print colours as screen colours by the picture's own profile; None if it has none that can be read."""
    data = image.info.get("icc_profile")
    if not data or data[16:20] != b"CMYK":  # the colour space of the data (ICC.1:2010, 7.2.6)
        return None
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(data))
        return ImageCms.profileToProfile(image, profile, _srgb(), outputMode="RGB")
    except MemoryError:
        raise
    except Exception:  # a damaged profile does not cost the picture
        return None
