"""A member's favourite galleries: those at the top of their new search.

Owns the choice, which is the member's own. It must never decide which galleries may be searched.
"""

from __future__ import annotations

from plainview.casework import find
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import GalleryFavourite, Member
from plainview.policy.permissions import Permission


def set_favourite(name: str, favourite: bool, *, acting_member: Member) -> None:
    """Put a gallery of the member's agency at the top of their new searches, or take it away from there.

    Raises:
        Refused: no permission, or unknown.
    """
    with acting("gallery.favourite", Permission.SEARCH_RUN, acting_member):
        gallery = find.gallery(name, acting_member)
        if favourite:
            _, changed = GalleryFavourite.objects.get_or_create(member=acting_member, gallery=gallery)
        else:
            changed = bool(GalleryFavourite.objects.filter(member=acting_member, gallery=gallery).delete()[0])
        if changed:
            write_entry(
                "gallery.favourite",
                {"agency": acting_member.agency.public_id, "gallery": gallery.pk, "favourite": favourite},
                acting_member=acting_member,
            )
