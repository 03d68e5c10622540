"""Tripwires: a member asks for a warning about searches for their own face or for consenting relatives.

Owns their templates. It must never store the picture, nor show anyone but the owner that a tripwire exists.
"""

from __future__ import annotations

from pathlib import Path

from plainview.casework import find
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import Member, Tripwire
from plainview.casework.workspace.services import services
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.wording import counted
from plainview.recognition.decode import read_file

MOST = 20
"""Most tripwires per member: chosen, a family; each costs every search one comparison."""


def add_tripwire(photograph: Path, label: str, *, consent: bool, acting_member: Member) -> Tripwire:
    """Store the template of the largest face in a photograph as a tripwire.

    Raises:
        BadMedia: the photograph cannot be used.
        Refused: no permission, no consent, no label, or too many.
    """
    with acting("tripwire.add", Permission.TRIPWIRE_OWN, acting_member):
        if not consent:
            raise Refused(
                "tripwire.consent",
                "Tripwire not added",
                "The person's consent is missing.",
                "Confirm the consent once the person has given it.",
            )
        if not label.strip():
            raise Refused(
                "tripwire.label",
                "Tripwire not added",
                "The label is missing.",
                "Enter a label by which you recognise the person.",
            )
        if Tripwire.objects.filter(owner=acting_member).count() >= MOST:
            raise Refused(
                "tripwire.many",
                "Tripwire not added",
                f"You already have {counted(MOST, 'tripwire')}.",
                "Remove one of them first.",
                act=Permission.TRIPWIRE_OWN,
            )
        engine, picture = services().engine, services().decoder.decode(read_file(photograph))
        _, face = engine.probe_face(picture)
        template = engine.template(picture, face.detection)
        wire = Tripwire(owner=acting_member, sealed=b"", sealed_label=b"")
        wire.sealed = services().templates.seal(template.tobytes(), f"tripwire:{wire.public_id}".encode())
        wire.sealed_label = services().openings.seal(
            label.strip().encode(), f"tripwire label:{wire.public_id}".encode()
        )
        wire.save()
        write_entry("tripwire.added", {"tripwire": wire.public_id}, acting_member=acting_member)
    return wire


def remove_tripwire(public_id: str, *, acting_member: Member) -> None:
    """Erase one of the acting member's tripwires.

    Raises:
        Refused: no permission, or not theirs.
    """
    with acting("tripwire.remove", Permission.TRIPWIRE_OWN, acting_member):
        wire = find.tripwire(public_id, acting_member)
        wire.delete()
        write_entry("tripwire.removed", {"tripwire": wire.public_id}, acting_member=acting_member)
