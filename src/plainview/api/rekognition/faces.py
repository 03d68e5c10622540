"""References and detected faces as that interface shows them.

Owns these forms. Boxes and points are shares of the picture's width and height, as there; pixels are ours.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from plainview.casework.models import Reference
from plainview.recognition.types import Face

_LANDMARKS = ("eyeRight", "eyeLeft", "nose", "mouthRight", "mouthLeft")
"""Our five points (recognition.types.Points), seen from the viewer: the person's right eye is on the left."""

EXTERNAL = "external_id"
"""Where a reference has its ExternalImageId: in what its source says about it."""


def box_of(box: Sequence[float], size: Sequence[int]) -> dict[str, float]:
    """Return a box (x, y, width, height; pixels) as shares of a picture of this width and height."""
    x, y, width, height = (float(value) for value in box)
    return {
        "Left": round(x / size[0], 6),
        "Top": round(y / size[1], 6),
        "Width": round(width / size[0], 6),
        "Height": round(height / size[1], 6),
    }


def image_id(digest: str) -> str:
    """Return the id of a picture: made of its SHA-256, so that the same picture always has the same."""
    return str(uuid.UUID(digest[:32]))


def reference_face(reference: Reference) -> dict[str, Any]:
    """Return a reference as a Face; a reference of an earlier version has no BoundingBox."""
    face: dict[str, Any] = {
        "FaceId": reference.public_id,
        "ImageId": image_id(reference.blob),
        "Confidence": _confidence(float(reference.quality_detail.get("detector_score", 1.0))),
        "IndexFacesModelVersion": reference.pack,
    }
    if reference.size:
        face["BoundingBox"] = box_of(reference.box, reference.size)
    if reference.provenance.get(EXTERNAL):
        face["ExternalImageId"] = reference.provenance[EXTERNAL]
    return face


def detail(face: Face, size: Sequence[int]) -> dict[str, Any]:
    """Return a detected face as a FaceDetail: what is measured, and nothing about the person."""
    measured = face.quality.components
    points = zip(_LANDMARKS, face.detection.points, strict=True)
    return {
        "BoundingBox": box_of(face.detection.box, size),
        "Confidence": _confidence(face.detection.score),
        "Landmarks": [
            {"Type": kind, "X": round(float(x) / size[0], 6), "Y": round(float(y) / size[1], 6)}
            for kind, (x, y) in points
        ],
        "Pose": {"Roll": _angle(measured["roll"]), "Yaw": _angle(measured["yaw"]), "Pitch": _angle(measured["pitch"])},
        "Quality": {
            "Brightness": round(100 * float(measured["luminance_mean"]) / 255, 3),
            "Sharpness": round(min(100.0, 100 * float(measured["sharpness"])), 3),
        },
    }


def _confidence(score: float) -> float:
    return round(100 * min(max(score, 0.0), 1.0), 4)


def _angle(degrees: float) -> float:
    return round(min(max(float(degrees), -180.0), 180.0), 3)
