"""Measures how well a face can be compared: size, sharpness, light, pose, and whether its lower part is covered.

Owns what each quality component means, in which unit, and the sentences that tell a person what is wrong
with a picture. Names follow ISO/IEC 29794-5 where it has one. It must never judge a person: every number
here is about the picture. Light is measured with limits so wide that skin tone alone does not reach them.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from plainview.recognition.align import ALIGNED_SIDE, TEMPLATES, align, similarity
from plainview.recognition.cover import COVERED, covers
from plainview.recognition.disturbance import signal
from plainview.recognition.turned import turned_by
from plainview.recognition.types import Detection, Pixels, Points, Quality

MIN_FACE_PX = 16
"""Pixels: faces less wide are not enrolled, nor followed in a video. Measured by the Plainview authors with the default pack, 300
people of LFW, one full-size reference and one probe scaled down each: at 64 pixels 1 in 100 mated pairs
scores below the cosine of FMR 1e-3 and 99 % are ranked first; at 32 it is 2 and 99 %, at 24 4 and 98 %, at
20 9 and 94 %, at 16 20 and 85 %, at 12 57 and 61 %. Small faces of real cameras, which also blur, do
worse."""

MIN_PROBE_PX = 12
"""Pixels: faces less wide are not searched with. A probe is often all there is: of 80 faces of lfw-dev scaled to 16 pixels, which
are measured as 13 to 18 wide, 9 in 10 are ranked first (docs/reference/recognition.md); the quality says how little it is."""

USUAL_FACE_PX = 60
"""Pixels: from this width on, more pixels did not raise scores in the measurement above."""

COMPONENTS: dict[str, tuple[str, str]] = {
    "face_width": ("pixels", "width of the detected box"),
    "inter_eye_distance": ("pixels", "distance between the two eye points"),
    "sharpness": (
        "ratio",
        "strength of the finest detail over that of the next coarser: 0.35 blurred, 0.8 sharp",
    ),
    "detail_width": ("pixels", "width of a sharp face with as much detail as this one; at most about 110"),
    "luminance_mean": ("grey levels", "mean brightness of the face, 0 to 255"),
    "contrast": ("grey levels", "standard deviation of the brightness of the face"),
    "under_exposed": ("share", "part of the face with brightness 25 or less, 0 to 1"),
    "over_exposed": ("share", "part of the face with brightness 247 or more, 0 to 1"),
    "yaw": ("degrees", "estimate from five points; positive: turned towards the right edge of the picture"),
    "pitch": ("degrees", "estimate from five points; positive: looking up"),
    "roll": ("degrees", "estimate from five points; positive: tilted clockwise in the picture"),
    "turned": (
        "degrees",
        "how far the face lies turned clockwise in the picture, -179 to 180; 0: held upright",
    ),
    "detector_score": ("score", "confidence of the detector that this is a face, 0 to 1"),
    "cover": (
        "score",
        "how covered mouth and nose seem (a mask, a scarf, a hand), 0 to 1: 0.5 is the limit; no probability",
    ),
    "eye_cover": ("score", "how covered the eyes seem (dark glasses), 0 to 1: 0.5 is the limit; no probability"),
    "noise": ("ratio", "noise over the contrast of the face, at the size that the network sees: 0.03 in good light"),
    "compression_artifacts": ("ratio", "steps at the edges of JPEG blocks over other steps: 1 none, 2.4 at quality 10"),
    "motion_blur": (
        "ratio",
        "detail along the direction that has least over that which has most: 0.6 usual, 0.1 smeared by movement",
    ),
    "outside": ("share", "part of the face, from forehead to chin, that is outside the picture or blank, 0 to 1"),
}
"""Component name -> (unit, meaning)."""

TURNED = "The face is turned by {:.0f} degrees in the picture. It is compared turned upright."

_Curve = tuple[tuple[float, ...], tuple[float, ...]]

_LOSSES: dict[str, _Curve] = {
    "detail_width": ((8, 12, 16, 20, 24, 32, 60), (95, 72, 50, 33, 17, 7, 0)),
    "noise": ((0.1, 0.38, 0.5, 0.76, 1.25, 2.0), (0, 11, 16, 30, 46, 70)),
    "luminance_mean": ((5, 7, 13, 19, 35, 210, 235, 250), (70, 52, 22, 10, 0, 0, 60, 100)),
    "contrast": ((1, 2, 4, 12), (60, 30, 5, 0)),
    "over_exposed": ((0.2, 0.5, 0.9), (0, 40, 100)),
    "cover": ((0.5, 0.6, 0.9), (0, 15, 35)),
    "compression_artifacts": ((1.5, 1.9, 2.4, 4.0, 6.0), (0, 10, 22, 52, 75)),
    "eye_cover": ((0.3, 0.5, 0.9), (0, 25, 42)),
    "outside": ((0.02, 0.2, 0.5, 0.8), (0, 30, 70, 100)),
    "motion_blur": ((0.05, 0.13, 0.22, 0.35, 0.45), (85, 62, 30, 5, 0)),
    "yaw": ((20, 45, 70, 90), (0, 25, 70, 100)),
    "pitch": ((15, 30, 45, 70), (0, 30, 60, 100)),
    "detector_score": ((0.0, 0.2, 0.3, 0.6, 0.75, 0.85, 0.92), (100, 80, 65, 40, 25, 8, 0)),
}
"""Component -> (values, points of 100 that it takes off), straight lines between; angles by their size without sign.
Set by the tuning half of lfw-dev, so that the score is about the share of a mated score that is left: 60 people and 18
kinds of probes that are small, dark, noisy, blurred, compressed, covered or cut off, as the search prepares them
(docs/reference/recognition.md, "Quality"). Angles and too much light are set by judgement."""

_TOGETHER = (
    ("noise", "luminance_mean", "contrast", "over_exposed", "cover"),
    ("eye_cover", "outside", "motion_blur"),
    ("yaw", "pitch"),
)
"""Components that one fault moves together: of these only the worst counts. Noise looks like a mask, the picture's edge like
movement."""

_ROWS, _COLUMNS = (0.25, 0.95), (0.2, 0.8)
"""The part of the aligned face, as shares of its side, that shows the face and little else."""

_SPOTS = 16  # across and down: spots of the face that are in the picture or not

_ADVISE_FROM = 15  # points lost

_NOSE_DEPTH = 17.0
"""Pixels of the aligned face by which the nose tip stands out before the plane of eyes and mouth: 30 mm where
the eyes are 63 mm apart (35.2 pixels). A round figure for adults; a nose longer by a third shows as a yaw
larger by about a third."""


def _model_inverse() -> NDArray[np.float64]:
    flat = TEMPLATES["arcface-112"].astype(np.float64)
    mirrored = np.array([flat[:, 0].mean() * 2, 0]) + flat[[1, 0, 2, 4, 3]] * [-1, 1]
    solid = np.column_stack([(flat + mirrored) / 2, [0, 0, _NOSE_DEPTH, 0, 0]])
    # YuNet puts the tip lower than the template does: without this 2,844 LFW faces look down by 7 degrees.
    solid[2, 1] += 2.0
    return np.linalg.pinv((solid - solid.mean(axis=0)).T)


_MODEL_INVERSE = _model_inverse()

_BLUR: _Curve = ((0.34, 0.36, 0.375, 0.40, 0.45, 0.505, 0.60, 0.70, 0.80), (8, 6, 4, 3, 2, 1.5, 1, 0.5, 0))
"""Sharpness -> standard deviation in pixels of the Gaussian blur that brings a sharp face there (mean of
100 LFW faces scaled to 20, 30, 40, 60 and 125 pixels; the means of these sizes differ by less than
0.06)."""


def assess(pixels: Pixels, detection: Detection) -> Quality:
    """Measure one face.

    Args:
        pixels: uint8, shape (height, width, 3), BGR, 0-255.
        detection: the face, in pixels of that picture.

    Returns:
        The components of `COMPONENTS`, the overall score and advice, worst first.

    Raises:
        ValueError: the points of the detection are all the same, or not finite.
    """
    matrix = similarity(detection.points, TEMPLATES["arcface-112"])
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    # The face at its own resolution: enlarging it would look like blur.
    side = min(max(round(ALIGNED_SIDE / scale), 16), ALIGNED_SIDE)
    aligned = align(pixels, detection.points)
    at_own = aligned if side == ALIGNED_SIDE else align(pixels, detection.points, side=side)
    grey = cv2.cvtColor(at_own, cv2.COLOR_BGR2GRAY)
    inner = (
        slice(int(_ROWS[0] * side), int(_ROWS[1] * side)),
        slice(int(_COLUMNS[0] * side), int(_COLUMNS[1] * side)),
    )
    face = grey[inner]
    sharpness, evenness = _detail(grey.astype(np.float32), inner)
    width = detection.box[2]
    eyes = detection.points[1] - detection.points[0]
    yaw, pitch, roll = pose(detection.points)
    disturbed = signal(pixels, detection.box)
    noise = disturbed.noise_seen(max(1.0, width))
    mouth, hidden_eyes = covers(aligned, noise)
    components = {
        "face_width": width,
        "inter_eye_distance": float(np.hypot(eyes[0], eyes[1])),
        "sharpness": sharpness,
        "detail_width": _detail_width(width * min(1.0, scale * side / ALIGNED_SIDE), sharpness),
        "luminance_mean": float(face.mean()),
        "contrast": float(face.std()),
        "under_exposed": np.count_nonzero(face <= 25) / face.size,
        "over_exposed": np.count_nonzero(face >= 247) / face.size,
        "yaw": yaw,
        "pitch": pitch,
        "roll": roll,
        "turned": float(turned_by(detection.points)),
        "detector_score": detection.score,
        "cover": mouth,
        "eye_cover": hidden_eyes,
        "noise": noise,
        "compression_artifacts": disturbed.blocks,
        "motion_blur": evenness,
        "outside": max(_outside(pixels, detection.points), _blank(aligned)),
    }
    return summarise(components)


def pose(points: Points) -> tuple[float, float, float]:
    """Estimate how the head is turned, from five points.

    An average face in three dimensions (the alignment template, with the nose standing out) is fitted to
    the points as seen from far away (scaled orthographic projection, least squares), and the nearest
    rotation is read as angles. Noses and mouths differ between people: read the result as within about 10
    degrees, not as a measurement of the head.

    Args:
        points: see `types.Points`.

    Returns:
        (yaw, pitch, roll) in degrees. Positive: turned towards the right edge of the picture, looking up,
        tilted clockwise. Roll is measured first and taken out of the other two.
    """
    rows = (points - points.mean(axis=0)).astype(np.float64).T @ _MODEL_INVERSE
    rows /= max(float(np.linalg.norm(rows, axis=1).mean()), 1e-9)
    (a, b, c), (d, e, f) = rows.tolist()
    left, _, right = np.linalg.svd(np.array([*rows, [b * f - c * e, c * d - a * f, a * e - b * d]]))
    rotation = left * [1.0, 1.0, np.linalg.det(left @ right)] @ right
    roll = np.arctan2(rotation[1, 0], rotation[0, 0])
    ahead = np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]]) @ rotation[:2, 2]
    yaw = np.arctan2(ahead[0], rotation[2, 2])
    pitch = np.arctan2(-ahead[1], np.hypot(ahead[0], rotation[2, 2]))
    return float(np.degrees(yaw)), float(np.degrees(pitch)), float(np.degrees(roll))


def summarise(components: dict[str, float]) -> Quality:
    """Give the overall score and the advice that belong to measured components.

    Args:
        components: every name of `COMPONENTS`, in its unit.

    Returns:
        The overall score is 100 less the points that its components take off; advice is given from 15 points on.
    """
    lost = _lost(components)
    worst_first = sorted((name for name in lost if lost[name] >= _ADVISE_FROM), key=lambda name: -lost[name])
    sentences = [_sentence(name, components) for name in worst_first]
    if turned := components.get("turned"):
        sentences.append(TURNED.format(abs(turned)))
    if components["cover"] >= COVERED:
        sentences.append("Mouth or nose seem covered, or out of the picture.")
    if components.get("eye_cover", 0.0) >= COVERED:
        sentences.append("The eyes seem covered, as by dark glasses.")
    apart = sum(points for name, points in lost.items() if not any(name in group for group in _TOGETHER))
    worst = sum(max((lost[name] for name in group if name in lost), default=0.0) for group in _TOGETHER)
    overall = max(0, round(100 - apart - worst))
    return Quality(overall=overall, components=components, advice=tuple(dict.fromkeys(filter(None, sentences))))


def _lost(components: dict[str, float]) -> dict[str, float]:
    """Return the points that each component takes off; one that an earlier version did not measure takes none."""
    return {
        name: float(np.interp(abs(components[name]), *curve)) for name, curve in _LOSSES.items() if name in components
    }


@dataclass(frozen=True, slots=True)
class Explained:
    """One component in plain words.

    Attributes:
        name: of COMPONENTS.
        label: what a person calls it.
        measured: the value with its unit.
        advice: what is wrong and what it means; "" when it is as usual.
    """

    name: str
    label: str
    measured: str
    advice: str


def explain(components: dict[str, float]) -> list[Explained]:
    """Every component that the overall score rests on, worst first, in plain words."""
    lost = _lost(components)
    return [
        Explained(
            name,
            _LABELS[name][0],
            _LABELS[name][1].format(abs(components[name])),
            _sentence(name, components) if lost[name] >= _ADVISE_FROM else "",
        )
        for name in sorted(lost, key=lambda name: -lost[name])
    ]


_LABELS = {
    "detail_width": ("Detail", "as a sharp face {:.0f} pixels wide"),
    "luminance_mean": ("Brightness", "{:.0f} of 255"),
    "contrast": ("Contrast", "{:.0f} grey levels"),
    "over_exposed": ("Too bright to see", "{:.2f} of the face"),
    "yaw": ("Turned to the side", "{:.0f}°"),
    "pitch": ("Tipped up or down", "{:.0f}°"),
    "detector_score": ("Seen as a face", "{:.2f} of 1"),
    "cover": ("Mouth and nose covered", "{:.2f} of 1"),
    "eye_cover": ("Eyes covered", "{:.2f} of 1"),
    "noise": ("Noise", "{:.2f} of the contrast"),
    "compression_artifacts": ("Compression", "block edges × {:.1f}"),
    "motion_blur": ("Movement", "{:.2f} of usual detail in one direction"),
    "outside": ("Outside the picture", "{:.2f} of the face"),
}
"""Component -> (label, how its value is written)."""


def _detail(grey: NDArray[np.float32], inner: tuple[slice, slice]) -> tuple[float, float]:
    """Sharpness: finest detail over the next coarser; and evenness: detail where it is least over where it is most.

    Both of sharpness are standard deviations of difference-of-Gaussian bands. Natural pictures have about as much
    contrast in every octave, so the ratio is near 1 at any size and any contrast, and falls towards 1/3 under blur. Rounding
    to 8 bits adds noise of variance 1/12 to the finest band, which is taken off. Evenness is the smaller over the larger
    eigenvalue of the structure tensor (Foerstner and Guelch, 1987).
    """
    fine = cv2.GaussianBlur(grey, (0, 0), 1.0)
    coarse = cv2.GaussianBlur(fine, (0, 0), 3.0**0.5)  # together a blur of 2 pixels
    finest = max(0.0, float((grey - fine)[inner].var()) - 1 / 12)
    sharpness = float(np.sqrt(finest / (float((fine - coarse)[inner].var()) + 1 / 12)))
    detail = grey - coarse
    across, down = (cv2.Scharr(detail, cv2.CV_32F, *order)[inner].astype(np.float64) for order in ((1, 0), (0, 1)))
    a, b, c = float((across * across).mean()), float((across * down).mean()), float((down * down).mean())
    spread = float(np.hypot((a - c) / 2, b))
    most, least = (a + c) / 2 + spread, (a + c) / 2 - spread
    return sharpness, max(0.0, least) / most if most > 0 else 1.0


def _outside(pixels: Pixels, points: Points) -> float:
    """The part of the inner face that is not in the picture: where its corners and edges would be."""
    height, width = pixels.shape[:2]
    back = cv2.invertAffineTransform(similarity(points, TEMPLATES["arcface-112"]))
    corners = (
        back @ np.array([[_COLUMNS[i] * ALIGNED_SIDE, _ROWS[j] * ALIGNED_SIDE, 1] for i in (0, 1) for j in (0, 1)]).T
    )
    if (corners >= -0.5).all() and (corners.max(axis=1) <= [width - 0.5, height - 0.5]).all():
        return 0.0  # most faces: what is between the corners is inside too
    across, down = np.meshgrid(
        np.linspace(*_COLUMNS, _SPOTS) * ALIGNED_SIDE, np.linspace(_ROWS[0], _ROWS[1], _SPOTS) * ALIGNED_SIDE
    )
    x, y = back @ np.stack([across.ravel(), down.ravel(), np.ones(_SPOTS**2)])
    return float(((x < -0.5) | (y < -0.5) | (x > width - 0.5) | (y > height - 0.5)).mean())


def _blank(aligned: Pixels) -> float:
    """The part of the face's columns that have one colour from forehead to chin: a picture pasted on a canvas."""
    rows = slice(int(_ROWS[0] * ALIGNED_SIDE), int(_ROWS[1] * ALIGNED_SIDE))
    columns = slice(int(_COLUMNS[0] * ALIGNED_SIDE), int(_COLUMNS[1] * ALIGNED_SIDE))
    return float((np.ptp(aligned[rows, columns], axis=0).max(axis=1) <= 1).mean())


def _detail_width(width: float, sharpness: float) -> float:
    """How wide a sharp face with as much detail would be: `width` pixels, blurred as `sharpness` says.

    A blur of s pixels and the sampling of a sharp face (0.7 pixels, fitted) add as variances. Fitted to mated
    scores: a face of 60 pixels blurred by 3 does as one of 13 does unblurred, one of 30 blurred by 1 as one
    of 17.
    """
    blur = float(np.interp(sharpness, *_BLUR))
    return width / float(np.hypot(1.0, blur / 0.7))


_SENTENCES = {
    "contrast": "The face has little contrast.",
    "noise": "The picture is noisy: grain hides detail of the face.",
    "compression_artifacts": "The picture is strongly compressed: its blocks show in the face.",
    "motion_blur": "The face is smeared by movement.",
    "outside": "Part of the face is outside the picture.",
    "cover": "",  # said from its own limit on
    "eye_cover": "",
}


def _sentence(name: str, components: dict[str, float]) -> str:
    """Say in one or two short sentences what is wrong with a component."""
    value = components[name]
    width = components["face_width"]
    if name == "detail_width":
        if value > width * 0.6:
            return f"The face is {width:.0f} pixels wide. {USUAL_FACE_PX} or more is usual."
        return f"The face is blurred: it shows as much as a sharp face {value:.0f} pixels wide."
    if name in ("luminance_mean", "over_exposed"):
        dark = name == "luminance_mean" and value < 128
        return "The face is very dark." if dark else "The face is too bright: parts of it are plain white."
    if name == "yaw":
        return f"The head is turned about {abs(value):.0f} degrees to the side."
    if name == "pitch":
        return f"The head is tipped about {abs(value):.0f} degrees {'up' if value > 0 else 'down'}."
    if name in _SENTENCES:
        return _SENTENCES[name]
    return "The detector is not sure that this is a face, or it is partly covered."
