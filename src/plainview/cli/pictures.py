"""Pictures for people: faces drawn on a photograph, and the contact sheet of a search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from plainview.recognition.crop import face_square
from plainview.recognition.types import Face, Picture, Pixels
from plainview.storage.output import OutputError, output

_TEAL = (22, 110, 110)  # RGB, the accent of the product
_PAPER, _INK = (246, 245, 242), (28, 30, 33)
_CELL, _GAP, _TEXT = 240, 24, 72  # pixels


@dataclass(frozen=True, slots=True)
class Cell:
    """One picture of a sheet: pixels (uint8, BGR), box (x, y, width, height) in pixels, lines under it."""

    pixels: Pixels
    box: Sequence[float]
    lines: tuple[str, ...]


def draw_faces(picture: Picture, faces: list[Face], out: Path) -> None:
    """Write the picture with each face's box, number and five points."""
    image = _image(picture.pixels)
    pen = ImageDraw.Draw(image)
    width = max(2, image.width // 300)
    for number, face in enumerate(faces, start=1):
        x, y, w, h = face.detection.box
        pen.rectangle((x, y, x + w, y + h), outline=_TEAL, width=width)
        pen.text((x + width + 2, y + width), f"{number}  q {face.quality.overall}", _TEAL, font=_font(16))
        for px, py in face.detection.points:
            pen.ellipse((px - width, py - width, px + width, py + width), fill=(255, 176, 0))
    _save(image, out)


def contact_sheet(title: str, probe: Cell, candidates: list[Cell], footer: str, out: Path) -> None:
    """Write one picture: the probe on the left, the candidates to its right in rank order, the receipt below."""
    columns = min(4, max(1, len(candidates)))
    rows = -(-len(candidates) // columns) or 1
    width = _GAP + (columns + 1) * (_CELL + _GAP) + _GAP
    height = 96 + rows * (_CELL + _TEXT + _GAP) + 48
    sheet = Image.new("RGB", (max(width, 860), height), _PAPER)
    pen = ImageDraw.Draw(sheet)
    pen.text((_GAP, 20), title, _INK, font=_font(20))
    pen.text(
        (_GAP, 50),
        "Similar faces, ranked. A person decides; a candidate is not an identification.",
        _INK,
        font=_font(14),
    )
    _put(sheet, pen, probe, _GAP, 92, frame=_TEAL)
    for i, cell in enumerate(candidates):
        x = 2 * _GAP + (1 + i % columns) * (_CELL + _GAP) - _GAP + _GAP // 2
        _put(sheet, pen, cell, x, 92 + (i // columns) * (_CELL + _TEXT + _GAP), frame=None)
    pen.text((_GAP, height - 34), footer, _INK, font=_font(12))
    _save(sheet, out)


def _save(image: Image.Image, out: Path) -> None:
    kind = Image.registered_extensions().get(out.suffix.lower())
    if kind not in ("PNG", "JPEG", "WEBP", "TIFF"):
        raise OutputError(f"{out} does not end as a picture does.", "Name a file that ends in .png or .jpg.")
    with output(out, replace=True) as file:
        image.save(file, kind)


def _put(
    sheet: Image.Image,
    pen: ImageDraw.ImageDraw,
    cell: Cell,
    x: int,
    y: int,
    frame: tuple[int, int, int] | None,
) -> None:
    sheet.paste(_crop(cell), (x, y))
    if frame is not None:
        pen.rectangle((x - 3, y - 3, x + _CELL + 2, y + _CELL + 2), outline=frame, width=3)
    for i, line in enumerate(cell.lines):
        pen.text((x, y + _CELL + 6 + i * 19), line, _INK, font=_font(14))


def _crop(cell: Cell) -> Image.Image:
    return _image(face_square(cell.pixels, cell.box, _CELL))


def _image(pixels: Pixels) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(pixels[:, :, ::-1]))


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
