"""Creating a gallery under its passport."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.utils import timezone

from plainview.casework.actions.guard import acting
from plainview.casework.actions.log import write_entry
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
    """Create a gallery in the member's agency; `offences` limits it to these, none: to all of the agency's.

    Raises:
        Refused: no permission, the passport is not complete or has ended, or the name is taken.
    """
    name = name.strip()
    with acting("gallery.create", Permission.GALLERY_CREATE, acting_member):
        rules.require(
            rules.passport_complete(legal_basis, source, owner),
            rules.gallery_current(name, expires_on, timezone.now().date()),
        )
        if not name or Gallery.objects.filter(agency=acting_member.agency, name=name).exists():
            raise Refused(
                "gallery.name", "Gallery refused", f"The name {name!r} is empty or taken.", "Choose another."
            )
        gallery = Gallery.objects.create(
            agency=acting_member.agency,
            name=name,
            legal_basis=legal_basis.strip(),
            source=source.strip(),
            owner=owner.strip(),
            expires_on=expires_on,
            offences=sorted({" ".join(word.split()).lower() for word in offences} - {""}),
            created_by=acting_member,
        )
        write_entry(
            "gallery.created",
            {
                "agency": acting_member.agency.public_id,
                "gallery": gallery.pk,
                "name": name,
                "legal_basis": gallery.legal_basis,
                "source": gallery.source,
                "owner": gallery.owner,
                "expires_on": expires_on.isoformat(),
                "offences": gallery.offences,
            },
            acting_member=acting_member,
        )
    return gallery
