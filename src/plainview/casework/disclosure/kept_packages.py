"""Packages that the server makes and stores, so that everyone receives the same file; and who downloaded them.

Owns the job that makes one. A package is sealed in the store like every picture. It must never outlive what it contains:
it is erased when something in it has to be, and only its hash stays, in the log.
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
from plainview.policy.wording import counted
from plainview.recheck.package import pack_items

KIND = "disclosure"


def ask_package(search_id: str, *, pictures: str = "", reason: str = "", acting_member: Member) -> Job:
    """Ask for a package that the server stores; the caller enqueues the job.

    Raises:
        Refused: no permission, unknown, not answered or erased, fewer pictures without a reason, or too large.
    """
    with acting("disclosure.make", Permission.DISCLOSURE_MAKE, acting_member):
        search = disclosable(search_id, acting_member)
        chosen = choose(pictures, reason, acting_member)
        rules.require(
            package_size(search.gallery_pictures or search.gallery_size or 0, services().engine.pack.dimension)
        )
        package = DisclosurePackage.objects.create(
            search=search, pictures=chosen.shown, pictures_reason=chosen.reason, asked_by=acting_member
        )
        return ask(KIND, package.pk, acting_member=acting_member)


def run_package(job: Job) -> str:
    """Make the package of a job and store it.

    Raises:
        Cancelled, Refused: it stopped; nothing is stored.
    """
    package = DisclosurePackage.objects.select_related("search", "asked_by__agency").get(pk=job.subject)
    if package.made_at is not None:
        return _in_words(package)
    member = package.asked_by
    beat(job, 0)
    with acting("disclosure.make", Permission.DISCLOSURE_MAKE, member):
        search = disclosable(package.search.public_id, member)
        _, policy = binding(member.agency)
        chosen = Pictures(package.pictures, policy.disclosure_pictures, package.pictures_reason)
        buffer = io.BytesIO()

        def write(items: Any, about: dict[str, Any]) -> str:
            return pack_items(buffer, items, about, services().signer.sign_note)

        disclosed = make(search, chosen, write, acting_member=member)
        package.blob, package.bytes = services().blobs.put(buffer.getvalue()), buffer.tell()
        package.manifest_sha256, package.items, package.entry = (
            disclosed.manifest_sha256,
            disclosed.items,
            disclosed.entry,
        )
        package.made_at = timezone.now()
        package.save()
    return _in_words(package)


def _in_words(package: DisclosurePackage) -> str:
    return f"Package {package.public_id}: {counted(package.items, 'item')}, {counted(package.bytes, 'byte')}."


def download(public_id: str, *, acting_member: Member) -> tuple[DisclosurePackage, bytes]:
    """Return a package of the agency to its supervisor, and log the download.

    Raises:
        Refused: no permission or unknown.
    """
    with acting("disclosure.download", Permission.DISCLOSURE_MAKE, acting_member):
        return _downloaded(find.package(public_id, acting_member), acting_member)


def download_disclosed(public_id: str, *, acting_member: Member) -> tuple[DisclosurePackage, bytes]:
    """Return a package of a search that is open to the defence, and log the download.

    Raises:
        Refused: no permission, or not open to this person.
    """
    with acting("disclosure.download", Permission.DISCLOSURE_READ, acting_member):
        return _downloaded(package_open_to(public_id, acting_member), acting_member)


def _downloaded(package: DisclosurePackage, member: Member) -> tuple[DisclosurePackage, bytes]:
    receipt = write_entry(
        "disclosure.downloaded",
        {
            "agency": member.agency.public_id,
            "search": package.search.public_id,
            "package": package.public_id,
            "manifest_sha256": package.manifest_sha256,
        },
        acting_member=member,
    )
    DisclosureDownload.objects.create(package=package, member=member, entry=receipt.entry)
    return package, services().blobs.get(package.blob)
