"""Made-up footage of real portraits, with the truth of who is where in every frame.

Owns nothing but making it: portraits walk through a textured room, near and far, sharp and blurred, alone and
together, with cuts between rooms. Every choice comes from one seed. It is for tests and measurements; faces that are
pasted into a picture are easier than faces in front of a camera, and say so wherever a figure is printed.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import av
import cv2
import numpy as np

from plainview.recognition.engine import Engine
from plainview.recognition.types import Pixels

Box = tuple[float, float, float, float]

RATE = 25
_FADE = 0.12  # share of a pasted portrait's side over which it blends into the room


@dataclass(frozen=True, slots=True)
class Portrait:
    """A photograph of one person: uint8 BGR pixels and the box of the face in it."""

    person: str
    pixels: Pixels
    box: Box


@dataclass(frozen=True, slots=True)
class Walk:
    """A portrait's way through the picture.

    Attributes:
        portrait: who.
        first, last: frames in which it is seen.
        begin, end: (x, y) of the middle of the face, pixels.
        widths: width of the face at the beginning and at the end, pixels.
        blur: standard deviation in pixels.
    """

    portrait: Portrait
    first: int
    last: int
    begin: tuple[float, float]
    end: tuple[float, float]
    widths: tuple[float, float]
    blur: float = 0.0


@dataclass
class Footage:
    """A video file and what it shows.

    Attributes:
        data: the file.
        frames: number of frames.
        truth: frame number -> the people in it, each with the box of the face.
    """

    data: bytes
    frames: int
    truth: dict[int, list[tuple[str, Box]]] = field(default_factory=dict)

    @property
    def people(self) -> set[str]:
        """Everybody who is in it."""
        return {person for rows in self.truth.values() for person, _ in rows}


def portrait(person: str, pixels: Pixels, engine: Engine) -> Portrait | None:
    """A portrait with its largest face; None where none is found."""
    faces = engine.glance(pixels)
    return Portrait(person, pixels, faces[0].box) if faces else None


def room(width: int, height: int, random: np.random.Generator) -> Pixels:
    """A blurred random texture with straight edges, which is no face: uint8 (height, width, 3), BGR."""
    small = random.integers(40, 215, (max(2, height // 90), max(2, width // 90), 3), dtype=np.uint8)
    out = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    for _ in range(12):
        x, y = int(random.integers(0, width)), int(random.integers(0, height))
        size = (int(random.integers(20, width // 4)), int(random.integers(20, height // 3)))
        colour = tuple(int(value) for value in random.integers(30, 220, 3))
        cv2.rectangle(out, (x, y), (x + size[0], y + size[1]), colour, -1)
    return cv2.GaussianBlur(out, (0, 0), 1.5).astype(np.uint8, copy=False)


def film(
    walks: Sequence[Walk],
    frames: int,
    *,
    size: tuple[int, int] = (1920, 1080),
    cuts: Sequence[int] = (),
    seed: int = 1,
    codec: str = "libx264",
    container: str = "mp4",
    options: dict[str, str] | None = None,
    pix_fmt: str = "yuv420p",
) -> Footage:
    """Film the walks.

    Args:
        walks: who is seen when and where; a later one walks in front.
        frames: length, `RATE` a second.
        size: (width, height), pixels.
        cuts: frames at which the room changes.
        seed: of rooms and sensor noise.
        codec, container, options, pix_fmt: as PyAV names them.
    """
    random = np.random.default_rng(seed)
    width, height = size
    file = io.BytesIO()
    footage = Footage(b"", frames)
    with av.open(file, "w", format=container) as out:
        stream: Any = out.add_stream(codec, rate=RATE, options=options or _fast(codec))
        stream.width, stream.height, stream.pix_fmt = width, height, pix_fmt
        stream.codec_context.time_base = Fraction(1, RATE)
        scene = room(width, height, random)
        # One square of noise, drawn at another place in every frame: a sensor's noise, without the cost of drawing it each time.
        noise = random.integers(-4, 5, (height, width, 1), dtype=np.int16)
        for number in range(frames):
            if number in cuts:
                scene = room(width, height, random)
            picture = scene.copy()
            rows = [
                (walk.portrait.person, _paste(picture, walk, number))
                for walk in walks
                if walk.first <= number <= walk.last
            ]
            footage.truth[number] = rows
            shifted = np.roll(noise, int(random.integers(0, height)), axis=0)
            noisy = cv2.add(picture, np.broadcast_to(shifted, picture.shape), dtype=cv2.CV_8U)
            picture = np.asarray(noisy, np.uint8)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="bgr24")
            frame.pts = number
            out.mux(stream.encode(frame.reformat(format=pix_fmt)))
        out.mux(stream.encode(None))
    footage.data = file.getvalue()
    return footage


def busy(
    portraits: Sequence[Portrait],
    seconds: float,
    *,
    size: tuple[int, int] = (1920, 1080),
    seed: int = 1,
    at_once: int = 3,
) -> tuple[list[Walk], list[int]]:
    """Walks for a busy clip: everybody comes once or twice, for half a second to six, near or far, walking or still.

    Returns:
        (walks, cuts): a cut about every ten seconds; nobody stays through a cut.
    """
    random = np.random.default_rng(seed)
    frames = int(seconds * RATE)
    cuts = list(range(10 * RATE, frames - 3 * RATE, 10 * RATE))
    walks: list[Walk] = []
    scale = size[1] / 1080
    for sitter in portraits:
        for _ in range(int(random.integers(1, 3))):
            long = int(random.uniform(0.5, 6.0) * RATE)
            for _attempt in range(50):
                first = int(random.integers(0, max(1, frames - long)))
                last = min(frames - 1, first + long)
                beside = [walk for walk in walks if walk.first <= last and first <= walk.last]
                twice = any(walk.portrait.person == sitter.person for walk in beside)
                if len(beside) < at_once and not twice and not any(first < cut <= last for cut in cuts):
                    break
            else:
                continue
            begin_width = float(np.exp(random.uniform(np.log(26), np.log(170)))) * scale
            end_width = begin_width * float(random.uniform(0.7, 1.4))
            margin = max(begin_width, end_width)
            begin = (
                float(random.uniform(margin, size[0] - margin)),
                float(random.uniform(margin, size[1] - margin)),
            )
            # Half stand still or nearly so, half walk: a face is about 16 cm wide, a person walks 1.4 m a second.
            way = float(random.choice([0.0, 0.3, 4.0, 8.0])) * begin_width * (last - first) / RATE
            angle = float(random.uniform(0, 2 * np.pi))
            end = (
                float(np.clip(begin[0] + way * np.cos(angle), margin, size[0] - margin)),
                float(np.clip(begin[1] + way * np.sin(angle) / 4, margin, size[1] - margin)),
            )
            blur = float(random.choice([0.0, 0.0, 1.0, 2.0])) * begin_width / 100
            walks.append(Walk(sitter, first, last, begin, end, (begin_width, end_width), blur))
    return walks, cuts


def _paste(picture: Pixels, walk: Walk, number: int) -> Box:
    """Draw a portrait into a picture, in place; returns the box of its face."""
    share = (number - walk.first) / max(1, walk.last - walk.first)
    x = walk.begin[0] + (walk.end[0] - walk.begin[0]) * share
    y = walk.begin[1] + (walk.end[1] - walk.begin[1]) * share
    width = walk.widths[0] + (walk.widths[1] - walk.widths[0]) * share
    left, top, face_width, face_height = walk.portrait.box
    scale = width / face_width
    pixels = walk.portrait.pixels
    side = (max(2, round(pixels.shape[1] * scale)), max(2, round(pixels.shape[0] * scale)))
    small = cv2.resize(pixels, side, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    if walk.blur > 0:
        small = cv2.GaussianBlur(small, (0, 0), walk.blur)
    x0, y0 = round(x - (left + face_width / 2) * scale), round(y - (top + face_height / 2) * scale)
    ramp_x = np.minimum(np.arange(side[0]), np.arange(side[0])[::-1]) / max(1.0, _FADE * side[0])
    ramp_y = np.minimum(np.arange(side[1]), np.arange(side[1])[::-1]) / max(1.0, _FADE * side[1])
    mask = np.minimum(1, ramp_y)[:, None, None] * np.minimum(1, ramp_x)[None, :, None]
    height, length = picture.shape[:2]
    a, b, c, d = max(0, x0), max(0, y0), min(length, x0 + side[0]), min(height, y0 + side[1])
    if a < c and b < d:
        part = (slice(b - y0, d - y0), slice(a - x0, c - x0))
        under = picture[b:d, a:c]
        picture[b:d, a:c] = (small[part] * mask[part] + under * (1 - mask[part])).astype(np.uint8)
    return (x - width / 2, y - face_height * scale / 2, width, face_height * scale)


def _fast(codec: str) -> dict[str, str]:
    """What makes an encoder quick; quality as a recorder's export has it."""
    if codec == "libx264":
        return {"preset": "veryfast", "crf": "23", "g": "50"}
    if codec == "libx265":
        return {"preset": "ultrafast", "crf": "26", "x265-params": "log-level=none:keyint=50"}
    if codec in ("mjpeg", "mpeg4", "mpeg2video"):
        return {"qmin": "3", "qmax": "3", "g": "25"}
    return {}
