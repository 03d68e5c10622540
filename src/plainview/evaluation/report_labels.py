"""The pages on which a person rules on suspicious pairs: pictures side by side, as HTML and as PNG sheets.

Owns their layout. It must never say which of the two a pair is: the score and the names are all it shows.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from plainview.evaluation.rulings import Suspect
from plainview.recognition.decode import Decoder, read_file
from plainview.recognition.types import Pixels
from plainview.storage.output import PRIVATE, replace_files

_SIDE, _GAP, _TEXT = 200, 16, 48  # pixels
_ACROSS, _DOWN = 4, 5  # pairs on a sheet
_FRAME = (110, 110, 22)  # BGR, the accent of the product
_PAPER, _INK = (246, 245, 242), (28, 30, 33)

_HEAD = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Pairs to rule on</title>
<style>body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;background:#f6f5f2;color:#1c1e21}
main{display:grid;grid-template-columns:repeat(auto-fill,minmax(26rem,1fr));gap:1.5rem}
figure{margin:0;padding:1rem;background:#fff;border:1px solid #d8d6d0}figure div{display:flex;gap:.5rem}
img{width:12rem;height:12rem;object-fit:contain;background:#eee}figcaption{overflow-wrap:anywhere;font-size:.875rem}</style>
<h1>Pairs to rule on</h1>
<p>Each pair contradicts its names: one name and a low score, or two names and a high score. The model may be
wrong, or the names, or another face than the named person's was compared (it is framed). Look
at both pictures and fill in rulings.csv under the pair's number: are both of one human
being (same), of two (different), or can it not be said (unsure)? Where one picture is under a wrong name, write
a or b into the column wrong.</p><main>
"""


@dataclass(frozen=True, slots=True)
class Compared:
    """A file and the box of the face that was compared: x, y, width, height in pixels."""

    path: Path
    box: tuple[float, float, float, float]


def write_pages(pairs: Sequence[Suspect], pictures: Mapping[str, Compared], decoder: Decoder, out: Path) -> list[Path]:
    """Write pairs.html, which needs no other file, and the same pairs as pairs-1.png, pairs-2.png, ...

    Args:
        pairs: numbered from 1 in this order.
        pictures: name -> file and face.
        decoder: decodes them.
        out: a folder, made if missing.

    Raises:
        BadMedia: a picture has changed since its template was made.
    """
    shown = {name: _small(decoder, pictures[name]) for pair in pairs for name in (pair.image_a, pair.image_b)}
    figures = [_figure(number, pair, shown) for number, pair in enumerate(pairs, start=1)]
    files = {"pairs.html": (_HEAD + "".join(figures) + "</main></html>\n").encode()}
    on_sheet = _ACROSS * _DOWN
    for start in range(0, len(pairs), on_sheet):
        sheet = io.BytesIO()
        _sheet(pairs[start : start + on_sheet], start + 1, shown).save(sheet, "PNG")
        files[f"pairs-{start // on_sheet + 1}.png"] = sheet.getvalue()
    replace_files(out, files, mode=PRIVATE)
    return [out / name for name in files]


def caption(number: int, pair: Suspect) -> str:
    """The line under a pair."""
    return f"{number}: {'one name' if pair.same else 'two names'}, score {pair.score:.3f}"


def _small(decoder: Decoder, picture: Compared) -> Pixels:
    pixels = decoder.decode(read_file(picture.path)).pixels
    scale = _SIDE / max(pixels.shape[:2])
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    x, y, wide, high = (round(value * scale) for value in picture.box)
    return np.asarray(cv2.rectangle(small, (x, y), (x + wide, y + high), _FRAME, 2), np.uint8)


def _figure(number: int, pair: Suspect, shown: Mapping[str, Pixels]) -> str:
    images = ""
    for letter, name in (("a", pair.image_a), ("b", pair.image_b)):
        data = base64.b64encode(cv2.imencode(".jpg", shown[name])[1].tobytes()).decode()
        images += f'<img alt="{letter}: {html.escape(name)}" src="data:image/jpeg;base64,{data}">'
    return (
        f"<figure><div>{images}</div><figcaption><strong>{caption(number, pair)}</strong><br>"
        f"a {html.escape(pair.image_a)}<br>b {html.escape(pair.image_b)}</figcaption></figure>\n"
    )


def _sheet(pairs: Sequence[Suspect], first: int, shown: Mapping[str, Pixels]) -> Image.Image:
    width, height = 2 * _SIDE + _GAP, _SIDE + _TEXT + _GAP
    down = -(-len(pairs) // _ACROSS)
    sheet = Image.new("RGB", (_ACROSS * width + _GAP, down * height + _GAP), _PAPER)
    pen = ImageDraw.Draw(sheet)
    bold, plain = ImageFont.load_default(15), ImageFont.load_default(11)
    for i, pair in enumerate(pairs):
        x, y = _GAP + i % _ACROSS * width, _GAP + i // _ACROSS * height
        for at, name in ((x, pair.image_a), (x + _SIDE, pair.image_b)):
            sheet.paste(Image.fromarray(np.ascontiguousarray(shown[name][:, :, ::-1])), (at, y))
        pen.text((x, y + _SIDE + 2), caption(first + i, pair), _INK, font=bold)
        for line, name in enumerate((pair.image_a, pair.image_b)):
            pen.text((x, y + _SIDE + 20 + 13 * line), name[-60:], _INK, font=plain)
    return sheet
