"""From a search to a verification in one line each: a gallery with foils, another trained member, filled-in forms."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import cv2
from django.utils import timezone
from tests.factories.live import photographs, wide
from tests.factories.models import collins, hopper
from tests.factories.power import invite_member
from tests.factories.stages import staged
from tests.factories.work import case, gallery, person, probe, search

from plainview.audit.record import Entry
from plainview.casework.enrolment.enrol import enrol
from plainview.casework.enrolment.manifest import Item
from plainview.casework.examination.examine import examine
from plainview.casework.examination.verify import answer_verification, open_verification
from plainview.casework.models import Examination, LogOpening, Member, Verification
from plainview.casework.people.members import join, record_training
from plainview.casework.workspace.services import services
from plainview.policy.examination import COMPONENTS, NOT, POTENTIAL

SIMILAR: dict[str, str] = dict.fromkeys(COMPONENTS, "similar")
UNLIKE: dict[str, str] = SIMILAR | {"nose": "dissimilar"}
NOTES = "the ears have SECRETNOTE the same lobe"


_KEPT = ("collins-tilted", "collins-broad", "hopper-b", "hopper-narrow", "hopper-broad", "hopper-tilted")


@staged
def many(folder: Path, name: str = "MARKER-gallery") -> str:
    """A gallery of eight references and a search in it under case MARKER-case; the search's id."""
    gallery(folder / "two", name)
    files = [path for path in sorted(photographs(folder / "many").iterdir()) if path.stem in _KEPT]
    days = [date(1990 + number, 1, 1) for number in range(len(files))]
    enrol(
        name,
        [
            Item(path, f"FILE-{path.name}", f"https://source.example/SRC-{path.name}", "", day)
            for path, day in zip(files, days, strict=True)
        ],
        acting_member=person("admin"),
    )
    case("MARKER-case")
    asked: dict[str, Any] = {"case": "MARKER-case", "gallery": name, "purpose": "find the MARKER rider", "top": 3}
    return search(probe(folder, "MARKER-probe.png"), **asked).search.public_id


def strangers(folder: Path, name: str = "MARKER-gallery") -> None:
    """Three references more that, by their templates, are neither of the two people: fillers of a pair of both."""
    folder.mkdir()
    faces = {
        "wide": wide(collins().pixels, 2.2),
        "wider": wide(collins().pixels, 2.6),
        "negative": 255 - hopper().pixels,
    }
    for kind, pixels in faces.items():
        cv2.imwrite(str(folder / f"{kind}.png"), pixels)
    items = [Item(path, path.name, f"https://source.example/{path.name}", "", None) for path in folder.iterdir()]
    enrol(name, items, acting_member=person("admin"))


@staged
def another(email: str, role: str = "verifier") -> Member:
    """One more trained member."""
    member = join(invite_member(email, [role], acting_member=person("admin")).code, email)
    today = timezone.now().date()
    course = "facial examination, FISWG curriculum"
    record_training(email, course, 24, today, date(2999, 1, 1), acting_member=person("admin"))
    return member


@staged
def examined(found: str, rank: int = 1, member: Member | None = None) -> Examination:
    """A potential candidate, examined by the sample examiner or somebody else; every caution acknowledged."""
    from plainview.casework import find
    from plainview.casework.search.meaning import cautions_about

    who = member or person("examiner")
    shown = [caution.id for caution in cautions_about(find.candidate(found, rank, who))]
    return examine(
        found, rank, components=SIMILAR, conclusion=POTENTIAL, notes=NOTES, acknowledged=shown, acting_member=who
    )


def answered(task: Verification, conclusion: str, foils: str = NOT) -> None:
    """The verifier's answer: this on the face that the task is about, that on the others."""
    open_verification(task.public_id, acting_member=task.verifier)
    words = {item.position: conclusion if item.is_candidate else foils for item in task.items.all()}
    full = {place: SIMILAR for place, word in words.items() if word == POTENTIAL}
    answer_verification(task.public_id, words, full, acting_member=task.verifier)


def told(entry: Entry) -> dict[str, Any]:
    """What an entry's commitments are of."""
    rows = LogOpening.objects.filter(entry_id=entry.seq)
    opened = [
        json.loads(services().openings.open(bytes(row.sealed), f"opening:{entry.seq}:{row.name}".encode()))
        for row in rows
    ]
    return {one["name"]: one["value"] for one in opened}
