"""Comparing the face of one picture with the faces of another, both sent by a member: no gallery is there.

Owns the act and its entry. It must never name anybody (the pictures are not kept), nor give a score to a member who has a
verification to decide: saved from its page, the probe and each face would tell which of them is the candidate. Such a member
compares no pictures at all. Refusing only the faces of the task would need templates of pictures that a member can
blur or cut until they are below any threshold, and the refusal would itself be a comparison. The member ends it by deciding,
which takes minutes; searches go on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plainview.casework.examination.blind import waiting
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import Member
from plainview.casework.workspace.services import services
from plainview.policy import rules
from plainview.policy.examination import comparison_blind
from plainview.policy.permissions import Permission
from plainview.recognition.engine import compare
from plainview.recognition.types import Face, Picture
from plainview.scores.calibration import Calibration
from plainview.storage.base import digest_of

_MOST = 100  # faces of a picture that are compared: as Amazon Rekognition


@dataclass(frozen=True, slots=True)
class Compared:
    """A comparison: the face of the first picture, and each face of the second, largest first.

    Attributes:
        source, source_size: the largest face, and width and height of its picture in pixels.
        target_size: of the second picture.
        faces: face, cosine (-1 to 1), and in one of how many comparisons two strangers reach it; None if unknown.
    """

    source: Face
    source_size: tuple[int, int]
    target_size: tuple[int, int]
    faces: list[tuple[Face, float, float | None]]


def compare_pair(source: bytes, target: bytes, *, acting_member: Member) -> Compared:
    """Record the comparison, then compare.

    Args:
        source: a picture; its largest face is compared.
        target: a picture; all its faces are.
        acting_member: who compares.

    Raises:
        Refused: no permission; verification.undecided.
        BadMedia: a picture cannot be used.
    """
    engine = services().engine
    first, second = (services().decoder.decode(data) for data in (source, target))
    chosen = engine.probe_face(first)[1]
    faces = engine.faces(second)[:_MOST]
    with acting("faces.compare", Permission.SEARCH_RUN, acting_member):
        rules.require(comparison_blind(len(waiting(acting_member))))
        write_entry(
            "faces.compared",
            {"agency": acting_member.agency.public_id, "faces": len(faces)},
            {"source_sha256": digest_of(source), "target_sha256": digest_of(target)},
            acting_member=acting_member,
        )
    template = engine.template(first, chosen.detection)
    scores = [float(compare(template, engine.template(second, face.detection))) for face in faces]
    rows = [(face, score, _once_in(score)) for face, score in zip(faces, scores, strict=True)]
    return Compared(chosen, _size(first), _size(second), rows)


def _once_in(score: float) -> float | None:
    calibration = services().engine.pack.calibration
    if calibration is None:
        return None
    published = Calibration.fit(np.empty((0, 1), np.float32), calibration.cosine_at_fmr)
    return published.rate(score, size=1).once_in


def _size(picture: Picture) -> tuple[int, int]:
    height, width = picture.pixels.shape[:2]
    return width, height
