"""Creating a gallery with its passport, and changing the passport; the log keeps the earlier content."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils import timezone

from plainview.audit.record import Value
from plainview.casework import find
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import Gallery, Member
from plainview.policy import rules
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission


def create_gallery(
    name: str,
    *,
    legal_basis: str,
    source: str,
    owner: str,
    expires_on: date,
    offences: Sequence[str] = (),
    acting_member: Member,
) -> Gallery:
    """Create a gallery in the member's agency, for these offences, or for all of the agency's if none is named.

    Raises:
        Refused: no permission, the passport is incomplete or has ended, or the name is taken.
    """
    name = name.strip()
    with acting("gallery.create", Permission.GALLERY_CREATE, acting_member):
        rules.require(
            rules.passport_complete(legal_basis, source, owner),
            rules.gallery_current(name, expires_on, timezone.now().date()),
        )
        if not name or Gallery.objects.filter(agency=acting_member.agency, name=name).exists():
            raise Refused(
                "gallery.name", "Gallery refused", f"The name {name!r} is empty or taken.", "Choose another name."
            )
        gallery = Gallery.objects.create(
            agency=acting_member.agency,
            name=name,
            legal_basis=legal_basis.strip(),
            source=source.strip(),
            owner=owner.strip(),
            expires_on=expires_on,
            offences=_offences(offences),
            created_by=acting_member,
        )
        write_entry(
            "gallery.created",
            {
                "agency": acting_member.agency.public_id,
                "gallery": gallery.pk,
                "name": name,
                **_passport(gallery),
            },
            acting_member=acting_member,
        )
    return gallery


@dataclass(frozen=True, slots=True)
class PassportChange:
    """New values of a passport; None keeps the present value. An empty list of offences allows every offence."""

    legal_basis: str | None = None
    source: str | None = None
    owner: str | None = None
    expires_on: date | None = None
    offences: Sequence[str] | None = None


def change_passport(name: str, change: PassportChange, *, reason: str, acting_member: Member) -> Gallery:
    """Change a gallery's passport, for instance when its legal basis is renewed.

    Raises:
        Refused: no permission, unknown, incomplete, already ended, no reason, or no change.
    """
    with acting("gallery.change", Permission.GALLERY_CREATE, acting_member):
        gallery = find.gallery(name, acting_member)
        before = _passport(gallery)
        for field in ("legal_basis", "source", "owner"):
            text = getattr(change, field)
            if text is not None:
                setattr(gallery, field, text.strip())
        if change.expires_on is not None:
            gallery.expires_on = change.expires_on
        if change.offences is not None:
            gallery.offences = _offences(change.offences)
        after = _passport(gallery)
        rules.require(
            rules.passport_complete(gallery.legal_basis, gallery.source, gallery.owner),
            rules.gallery_current(gallery.name, gallery.expires_on, timezone.now().date()),
        )
        if before == after:
            raise Refused(
                "gallery.same", "Nothing changed", "The passport already says this.", "Nothing more is needed."
            )
        if not reason.strip():
            raise Refused("gallery.why", "Passport not changed", "The reason is missing.", "State the reason.")
        gallery.save(update_fields=list(after))
        changed = {field: [before[field], after[field]] for field in after if before[field] != after[field]}
        write_entry(
            "gallery.changed",
            {"agency": acting_member.agency.public_id, "gallery": gallery.pk, "changed": changed},
            {"why": reason.strip()},
            acting_member=acting_member,
        )
    return gallery


def _passport(gallery: Gallery) -> dict[str, Value]:
    return {
        "legal_basis": gallery.legal_basis,
        "source": gallery.source,
        "owner": gallery.owner,
        "expires_on": gallery.expires_on.isoformat(),
        "offences": list(gallery.offences),
    }


def _offences(words: Sequence[str]) -> list[str]:
    return sorted({" ".join(word.split()).lower() for word in words} - {""})
