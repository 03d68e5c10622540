"""A picture that was transferred as text is refused as such, and no whole or otherwise broken picture is called so."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from tests.factories import pictures

from plainview.recognition.as_text import was_sent_as_text
from plainview.recognition.decode import Decoder
from plainview.recognition.errors import BadMedia


def photograph(side: int) -> bytes:
    """A JPEG of noise: its data is as even as a photograph's."""
    pixels = np.random.default_rng(7).integers(0, 256, (side, side, 3), np.uint8)
    return pictures.saved(Image.fromarray(pixels), "JPEG", quality=90)


CHANGES = {
    "from Linux to Windows": lambda data: data.replace(b"\n", b"\r\n"),
    "to old Macs": lambda data: data.replace(b"\n", b"\r"),
    "without CR": lambda data: data.replace(b"\r", b""),
    "read as UTF-8": lambda data: data.decode("utf-8", "replace").encode(),
    "read as Latin-1": lambda data: data.decode("latin-1").encode(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_picture_that_was_sent_as_text_is_refused_with_what_to_do(decoder: Decoder, change: str) -> None:
    for whole in (photograph(160), pictures.png()):
        with pytest.raises(BadMedia) as caught:
            decoder.decode(CHANGES[change](whole))
        assert (caught.value.code, "transferred as text" in caught.value.why) == ("corrupt", True)
        assert "binary mode" in caught.value.next_step


def test_no_other_picture_is_called_so() -> None:
    whole = photograph(160)
    lines = b"\r\n".join([b"<xmp>"] * 900)
    described = whole[:2] + b"\xff\xe1" + (len(lines) + 2).to_bytes(2, "big") + lines + whole[2:]
    few = pictures.saved(Image.new("L", (64, 64), 90), "JPEG")
    for data in (
        whole,
        whole[: len(whole) // 2],
        whole[:5000] + bytes(90_000),
        described,
        described[:7000],
        few,
        few + b"\r\n" * 40,
        pictures.jpeg(),
        pictures.png(),
        b"\xff\xd8\xff",
        b"PNG",
        b"",
        b"\x89PNG\r\n\x1a\n",
    ):
        assert not was_sent_as_text(data)


@pytest.mark.parametrize("side", [16, 24, 40, 64, 140, 200])
def test_a_picture_whose_parts_repeat_is_no_proof(side: int) -> None:
    """Repeated bytes lack "\\r\\n" as often as one tile does: a crowd of 200 equal faces did."""
    for seed in range(4):
        tile = np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)
        tiled = Image.fromarray(np.tile(tile, (1600 // side, 1600 // side, 1)))
        for quality in (60, 90):
            assert not was_sent_as_text(pictures.saved(tiled, "JPEG", quality=quality))
