"""Packages that the server makes and keeps, so that everybody is given the very same file; and who took them.

Owns the job that makes one. A package is sealed in the store like every picture; it is dropped when something in it has to
be erased, and what stays is its hash in the log.
"""

from __future__ import annotations

import io
from typing import Any

from django.utils import timezone

from plainview.casework import find
from plainview.casework.disclosure.make import Pictures, choose, disclosable, make
from plainview.casework.disclosure.read import package_open_to
from plainview.casework.jobs import ask, beat
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import DisclosureDownload, DisclosurePackage, Job, Member
from plainview.casework.people.read import binding
from plainview.casework.workspace.services import services
from plainview.policy import rules
from plainview.policy.disclosure import package_size
from plainview.policy.permissions import Permission
from plainview.recheck.package import pack_items

KIND = "disclosure"


def ask_package(search_id: str, *, pictures: str = "", reason: str = "", acting_member: Member) -> Job:
    """Ask for a package that the server keeps; the caller enqueues the job.

    Raises:
        Refused: no permission, unknown, not answered or erased, fewer pictures without a reason, or too large.
    """
    with acting("disclosure.make", Permission.DISCLOSURE_MAKE, acting_member):
        search = disclosable(search_id, acting_member)
        chosen = choose(pictures, reason, acting_member)
        rules.require(package_size(search.gallery_size or 0, services().engine.pack.dimension))
        row = DisclosurePackage.objects.create(
            search=search, pictures=chosen.shown, pictures_reason=chosen.reason, asked_by=acting_member
        )
        return ask(KIND, row.pk, acting_member=acting_member)


def run_package(job: Job) -> str:
    """Make the package of a job and keep it.

    Raises:
        Cancelled, Refused: it stopped; nothing of it is kept.
    """
    row = DisclosurePackage.objects.select_related("search", "asked_by__agency").get(pk=job.subject)
    if row.made_at is not None:
        return _said(row)
    member = row.asked_by
    beat(job, 0)
    with acting("disclosure.make", Permission.DISCLOSURE_MAKE, member):
        search = disclosable(row.search.public_id, member)
        _, policy = binding(member.agency)
        chosen = Pictures(row.pictures, policy.disclosure_pictures, row.pictures_reason)
        held = io.BytesIO()

        def write(items: Any, about: dict[str, Any]) -> str:
            return pack_items(held, items, about, services().signer.sign_note)

        made = make(search, chosen, write, acting_member=member)
        row.blob, row.bytes = services().blobs.put(held.getvalue()), held.tell()
        row.manifest_sha256, row.items, row.entry = made.manifest_sha256, made.items, made.entry
        row.made_at = timezone.now()
        row.save()
    return _said(row)


def _said(row: DisclosurePackage) -> str:
    return f"Package {row.public_id}: {row.items} items, {row.bytes:,} bytes."


def download(public_id: str, *, acting_member: Member) -> tuple[DisclosurePackage, bytes]:
    """Give a package of the agency to its supervisor; who took it and when is an entry.

    Raises:
        Refused: no permission or unknown.
    """
    with acting("disclosure.download", Permission.DISCLOSURE_MAKE, acting_member):
        return _taken(find.package(public_id, acting_member), acting_member)


def download_disclosed(public_id: str, *, acting_member: Member) -> tuple[DisclosurePackage, bytes]:
    """Give the defence a package of a search that is open to them; who took it and when is an entry.

    Raises:
        Refused: no permission, or it is not open to them.
    """
    with acting("disclosure.download", Permission.DISCLOSURE_READ, acting_member):
        return _taken(package_open_to(public_id, acting_member), acting_member)


def _taken(row: DisclosurePackage, member: Member) -> tuple[DisclosurePackage, bytes]:
    receipt = write_entry(
        "disclosure.downloaded",
        {
            "agency": member.agency.public_id,
            "search": row.search.public_id,
            "package": row.public_id,
            "manifest_sha256": row.manifest_sha256,
        },
        acting_member=member,
    )
    DisclosureDownload.objects.create(package=row, member=member, entry=receipt.entry)
    return row, services().blobs.get(row.blob)
