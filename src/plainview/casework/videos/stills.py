"""Picking a still: the frame is decoded again, checked against its recorded digest, and becomes an ordinary probe.

Owns the recorded origin of a pick. It must never search: the search that follows is authorised like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from plainview.casework import find
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import Member, Preparation, Still
from plainview.casework.probes.preparations import prepare, save
from plainview.casework.probes.probe import Further, Probe, public_part, secret_part
from plainview.casework.videos.read import groups_of, person_of, persons
from plainview.casework.videos.stored import open_video
from plainview.casework.videos.times import own_time, times
from plainview.casework.workspace.services import services
from plainview.policy import rules
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.wording import counted
from plainview.recognition.edits import written
from plainview.recognition.errors import BadMedia
from plainview.recognition.prepare import ready
from plainview.recognition.quality import MIN_PROBE_PX
from plainview.recognition.types import Picture
from plainview.recognition.video.fuse import MAX_FRAMES
from plainview.recognition.video.track import iou

_SAME_PLACE = 0.3
"""Least overlap (intersection over union) between the face found again and the still's face."""


@dataclass(frozen=True, slots=True)
class Picked:
    """A picked still: the whole upright frame as PNG, its file name, the face's box, and its origin.

    `provenance` has video, still, time_s, frame, frame_sha256, box and the edits that made the frame upright.
    """

    data: bytes
    name: str
    box: tuple[float, float, float, float]
    provenance: dict[str, Any] = field(default_factory=dict)


def pick_still(public_id: str, *, acting_member: Member) -> Picked:
    """Return a still as the original of a probe.

    Raises:
        Refused: no permission, unknown, or its case is closed.
        BadMedia: the frame no longer decodes to the same pixels.
    """
    with acting("still.pick", Permission.SEARCH_RUN, acting_member):
        still = find.still(public_id, acting_member)
        case = still.video.case
        rules.require(rules.case_open(case.number, case.closed_at.date() if case.closed_at else None))
    with open_video(still.video) as reader:
        frame = reader.frame_at(still.pts, still.frame_sha256, still.frame, still.turned)
    done, data = cv2.imencode(".png", frame.pixels, [cv2.IMWRITE_PNG_COMPRESSION, 3])
    if not done:
        raise ValueError("pixels that cannot be encoded")
    picked = Picked(
        bytes(np.asarray(data, dtype=np.uint8)),
        f"{still.video.public_id}-frame-{still.frame}.png",
        (still.box[0], still.box[1], still.box[2], still.box[3]),
        provenance(still, frame.turned, mirrored=frame.mirrored),
    )
    with acting("still.pick", Permission.SEARCH_RUN, acting_member):
        write_entry(
            "still.picked",
            {"agency": acting_member.agency.public_id, **public_part(picked.provenance)},
            secret_part(picked.provenance),
            acting_member=acting_member,
        )
    return picked


def provenance(still: Still, turned: int = 0, *, mirrored: bool = False) -> dict[str, Any]:
    """Return a still's origin as stored with a search; decimal numbers are texts, for the log."""
    part, own_s = own_time(still)
    return {
        "video": still.video.public_id,
        "still": still.public_id,
        "time_s": str(still.time_s),
        "frame": still.frame,
        "frame_sha256": still.frame_sha256,
        "box": [str(value) for value in still.box],
        "video_sha256": still.video.sha256,
        "turned": turned,
        "one_field": still.one_field,
        **({"mirrored": True} if mirrored else {}),
        **({"damaged": True} if still.damaged else {}),
        **({"same": groups} if len(groups := groups_of(still)) > 1 else {}),
        **({"stream": still.video.stream} if len(still.video.streams) > 1 else {}),
        **({"part": part, "part_time_s": str(own_s)} if still.video.joined else {}),
        **(
            {"clock": {"offset_s": str(still.video.clock_offset_s), **times(still)}}
            if still.video.clock_offset_s is not None
            else {}
        ),
    }


def draft_still(public_id: str, *, together: bool = False, acting_member: Member) -> Preparation:
    """Pick a still and begin a draft with it: step 1 of a search. Its face is chosen, its origin is left open.

    Args:
        public_id: the still.
        together: also search with the person's best other stills, as one probe; they are picked at the search.
        acting_member: the member who picks.

    Raises:
        Refused, BadMedia: as `pick_still`.
    """
    picked = pick_still(public_id, acting_member=acting_member)
    still = find.still(public_id, acting_member)
    number = still.video.case.number
    if together:
        picked.provenance["with"] = [other.public_id for other in best_others(still)]
    draft = prepare(number, picked.name, picked.data, provenance=picked.provenance, acting_member=acting_member)
    shares = [iou(tuple(face["box"]), picked.box) for face in draft.faces]
    if shares and max(shares) >= _SAME_PLACE:
        face = shares.index(max(shares)) + 1
        if draft.faces[face - 1]["box"][2] >= MIN_PROBE_PX:
            draft = save(draft.public_id, {"face": face}, acting_member=acting_member)
    return draft


def best_others(still: Still) -> list[Still]:
    """Return the person's best stills from other frames, as many as a probe takes."""
    number = person_of(still)
    rows = next((person.stills for person in persons(still.video) if person.number == number), [])
    others = [other for other in rows if other.pts != still.pts and other.quality > 0]
    return others[: MAX_FRAMES - 1]


def further_frames(stills: Sequence[str], beside: str, *, acting_member: Member) -> tuple[Further, ...]:
    """Pick more stills of the person in the still `beside`, to search with all of them as one probe.

    Raises:
        Refused: as `pick_still`; too many; or another person or video.
        BadMedia: as `pick_still`.
    """
    if len(stills) >= MAX_FRAMES:
        raise Refused(
            "still.too_many",
            "Search refused",
            f"{counted(len(stills) + 1, 'frame was', 'frames were')} chosen; at most {MAX_FRAMES} are allowed.",
            "Choose the best frames.",
        )
    first = find.still(beside, acting_member)
    frames = []
    for public_id in stills:
        other = find.still(public_id, acting_member)
        same = other.video_id == first.video_id and person_of(other) == person_of(first)
        if not same or other.pk == first.pk:
            raise Refused(
                "still.other_person",
                "Search refused",
                f"{public_id} is not another still of the same person in the same video.",
                "Search for each person with a separate probe.",
            )
        picked, picture, number = _found_again(public_id, acting_member)
        number, face = services().engine.probe_face(picture, number)
        frames.append(Further(picked.data, picture, number, face, picked.provenance))
    return tuple(frames)


def prepare_still(public_id: str, *, together_with: Sequence[str] = (), acting_member: Member) -> Probe:
    """Pick a still and prepare it as the probe of a search, alone or with others of the same person.

    Raises:
        Refused, BadMedia: as `pick_still` and `further_frames`; or the face was not found in the frame again.
    """
    further = further_frames(together_with, public_id, acting_member=acting_member)
    picked, picture, number = _found_again(public_id, acting_member)
    done = ready(services().engine, picture, (), number)
    chain = tuple(written(done.chain))
    return Probe(picked.name, picked.data, done.picture, done.number, done.face, chain, picked.provenance, further)


def _found_again(public_id: str, member: Member) -> tuple[Picked, Picture, int]:
    """Pick a still; return it, its picture and the number of its face there.

    Raises:
        Refused, BadMedia: as `pick_still`; or the face was not found in the frame again.
    """
    picked = pick_still(public_id, acting_member=member)
    picture = services().decoder.decode(picked.data)
    shares = [iou(face.detection.box, picked.box) for face in services().engine.faces(picture)]
    if not shares or max(shares) < _SAME_PLACE:
        raise BadMedia("no_face", "The face of the still was not found in its frame again.", "Choose another still.")
    return picked, picture, shares.index(max(shares)) + 1
