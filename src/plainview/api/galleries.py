"""Galleries with their passports, and their references: list, create, enrol, read, erase.

Owns their fields on the API. The acts are those of the pages and commands (casework.galleries, .enrolment, .erasure).
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Body, File, Form, UploadedFile
from pydantic import Field

from plainview.api import jobs
from plainview.api.common import (
    Cut,
    Day,
    FormIn,
    In,
    Moment,
    Out,
    Short,
    Text,
    bytes_of,
    etag_of,
    member_of,
    part_of,
    require_match,
    slice_of,
)
from plainview.casework import find
from plainview.casework.enrolment.incoming import MAX_FILE_BYTES
from plainview.casework.enrolment.intake import ask_files
from plainview.casework.enrolment.sent import Sent, enrol_sent
from plainview.casework.erasure.expunge import expunge
from plainview.casework.galleries.passports import PassportChange, change_passport, create_gallery
from plainview.casework.galleries.read import galleries, gallery_size, statistics
from plainview.casework.models import Gallery, Reference
from plainview.casework.workspace.services import services


class GalleryIn(In):
    """A gallery to create, with its passport."""

    name: Short = Field(description="Its name in the agency.", max_length=100)
    basis: Text = Field(description="Legal basis.")
    source: Text = Field(description="Where its pictures come from.")
    owner: Short = Field(default="", max_length=200, description="Who owns the pictures; by default the agency.")
    expires: Day = Field(description="Last day on which it may be searched.")
    offences: list[Short] = Field(default=[], max_length=100, description="Only for these offences; none: all.")


class PassportIn(In):
    """A change of a passport; what is left out stays."""

    reason: Text
    basis: Text | None = None
    source: Text | None = None
    owner: Short | None = Field(default=None, max_length=200)
    expires: Day | None = None
    offences: list[Short] | None = Field(default=None, max_length=100, description="An empty list allows all.")


class LinkIn(FormIn):
    """Where pictures come from, if no manifest says it."""

    source_url: Short = ""


class GalleryOut(Out):
    """A gallery with its passport."""

    id: int = Field(description="As in the address of its page.")
    name: str
    references: int
    basis: str
    source: str
    owner: str
    expires: date
    offences: list[str]
    created_at: Moment


class GalleriesOut(Out):
    """A part of the list of galleries."""

    items: list[GalleryOut]
    next: str | None


class ReferenceOut(Out):
    """A reference: one enrolled face with its origin."""

    id: str
    gallery: str
    face: int = Field(description="Number of the face in its picture.")
    box: list[float]
    quality: int
    sha256: str = Field(description="Of the picture.")
    file_name: str
    source_url: str
    page_url: str
    captured_on: str | None
    provenance: dict[str, Any]


class ContentsOut(Out):
    """The content of a gallery in numbers: what its page draws."""

    references: int = Field(description="Faces.")
    pictures: int = Field(description="Files.")
    expunged: int = Field(description="Erased faces.")
    subjects: int = Field(description="People, by the source's numbers.")
    of_subjects: int = Field(description="References that are theirs.")
    quality: list[int] = Field(description="References by quality: 0 to 9, 10 to 19, and so on to 90 to 100.")
    years: dict[str, int] = Field(description="Year of capture -> references.")
    undated: int = Field(description="References without a date.")
    calibrated_at: Moment | None = Field(description="When the gallery's own figures were made; null before the first.")
    changed_since: int = Field(description="Changes of the gallery since then.")


class ReferencesOut(Out):
    """A part of the list of references."""

    items: list[ReferenceOut]
    next: str | None


class OriginIn(FormIn):
    """Where a picture comes from."""

    source_url: Short = Field(default="", description="Link to where the picture came from.")
    page_url: Short = Field(default="", description="Link to the page that showed it.")
    captured_on: Short = Field(default="", description="Day of capture: 2024-11-05, 2024-11 or 2024.")
    subject: Short = Field(default="", description="Your source's number of the person, never a name.")


class FailedOut(Out):
    """A picture that could not be enrolled."""

    path: str
    code: str
    why: str


class EnrolledOut(Out):
    """What an enrolment did."""

    enrolled: int = Field(description="Pictures enrolled by this request.")
    duplicates: int = Field(description="Pictures that the gallery had already.")
    references: list[ReferenceOut] = Field(description="The references that the gallery has of the picture.")
    failed: list[FailedOut]


class ErasedOut(Out):
    """An erased reference."""

    id: str
    erased: bool
    entry: int = Field(description="Entry of the log.")


class Erasing(In):
    """Why a reference is erased."""

    reason: Text = Field(description="The reason in words; it is stored.")
    never_again: bool = Field(default=False, description="Bar the same picture from every gallery.")


def shown(gallery: Gallery) -> GalleryOut:
    """Return a gallery as the API shows it."""
    return GalleryOut(
        id=gallery.pk,
        name=gallery.name,
        references=gallery_size(gallery),
        basis=gallery.legal_basis,
        source=gallery.source,
        owner=gallery.owner,
        expires=gallery.expires_on,
        offences=gallery.offences,
        created_at=gallery.created_at,
    )


def reference_shown(reference: Reference) -> ReferenceOut:
    """Return a reference as the API shows it."""
    return ReferenceOut(
        id=reference.public_id,
        gallery=reference.gallery.name,
        face=reference.face_number,
        box=reference.box,
        quality=reference.quality,
        sha256=reference.blob,
        file_name=reference.file_name,
        source_url=reference.source_url,
        page_url=reference.page_url,
        captured_on=reference.captured_iso or None,
        provenance=reference.provenance,
    )


def gallery_list(request: HttpRequest, page: Cut) -> object:
    """List the agency's galleries with their passports, by name."""
    return slice_of(galleries(member_of(request)), page, shown)


def version_of(gallery: Gallery) -> str:
    """Return the version of a passport, for the header ETag."""
    passport = (gallery.legal_basis, gallery.source, gallery.owner, gallery.expires_on.isoformat(), gallery.offences)
    return etag_of(gallery.pk, *passport)


def gallery_show(request: HttpRequest, response: HttpResponse, name: str) -> GalleryOut:
    """Return a gallery with its passport; the passport's version is in the header ETag."""
    gallery = find.gallery(name, member_of(request))
    response.headers["ETag"] = version_of(gallery)
    return shown(gallery)


def gallery_contents(request: HttpRequest, name: str) -> ContentsOut:
    """Return the content of a gallery in numbers, as its page draws it: quality, years, people."""
    gallery = find.gallery(name, member_of(request))
    content = statistics(gallery, gallery.pack or services().engine.pack.identity)
    return ContentsOut(
        references=content.references,
        pictures=content.pictures,
        expunged=content.expunged,
        subjects=content.subjects,
        of_subjects=content.of_subjects,
        quality=list(content.quality),
        years={str(year): count for year, count in content.years.items()},
        undated=content.undated,
        calibrated_at=content.calibration.made_at if content.calibration else None,
        changed_since=content.changed_since,
    )


def gallery_create(request: HttpRequest, gallery: Body[GalleryIn]) -> GalleryOut:
    """Create a gallery with its passport."""
    member = member_of(request)
    created = create_gallery(
        gallery.name,
        legal_basis=gallery.basis,
        source=gallery.source,
        owner=gallery.owner or member.agency.name,
        expires_on=gallery.expires,
        offences=gallery.offences,
        acting_member=member,
    )
    return shown(created)


def reference_list(request: HttpRequest, name: str, page: Cut) -> object:
    """List the references of a gallery, the newest first."""
    gallery = find.gallery(name, member_of(request))
    rows = Reference.objects.filter(gallery=gallery).exclude(template=b"").select_related("gallery")
    return part_of(rows.defer("template"), page, reference_shown)


def reference_enrol(
    request: HttpRequest,
    name: str,
    image: Annotated[UploadedFile, File(description="A photograph; every face in it becomes a reference.")],
    origin: Form[OriginIn],
) -> EnrolledOut:
    """Enrol one picture. A picture that cannot be used is in `failed`, with its reason."""
    data = bytes_of(image, MAX_FILE_BYTES)
    sent = Sent(image.name or "", data, origin.source_url, origin.page_url, origin.captured_on, subject=origin.subject)
    enrolled = enrol_sent(name, [sent], acting_member=member_of(request), cores=1)
    return EnrolledOut(
        enrolled=enrolled.result.enrolled,
        duplicates=enrolled.result.duplicates,
        references=[reference_shown(reference) for every in enrolled.references.values() for reference in every],
        failed=[FailedOut(**failure) for failure in enrolled.result.failed],
    )


def reference_show(request: HttpRequest, id: str) -> ReferenceOut:  # noqa: A002  the name in the path
    """Return a reference."""
    return reference_shown(find.reference(id, member_of(request)))


def reference_erase(request: HttpRequest, id: str, erasing: Body[Erasing]) -> ErasedOut:  # noqa: A002
    """Erase a reference for good."""
    done = expunge(id, reason=erasing.reason, never_again=erasing.never_again, acting_member=member_of(request))
    return ErasedOut(id=done.reference, erased=True, entry=done.entry)


def passport_change(request: HttpRequest, response: HttpResponse, name: str, changes: Body[PassportIn]) -> GalleryOut:
    """Change a gallery's passport, for instance when its legal basis was renewed. With If-Match, only that version."""
    member = member_of(request)
    require_match(request, version_of(find.gallery(name, member)))
    change = PassportChange(changes.basis, changes.source, changes.owner, changes.expires, changes.offences)
    changed = change_passport(name, change, reason=changes.reason, acting_member=member)
    response.headers["ETag"] = version_of(changed)
    return shown(changed)


def enrolment_ask(
    request: HttpRequest,
    name: str,
    files: Annotated[
        list[UploadedFile], File(description="Pictures, ZIP files, manifests (CSV, Excel, JSONL), ANSI/NIST-ITL files.")
    ],
    link: Form[LinkIn],
) -> jobs.JobOut:
    """Enrol files in the background; the answer is the job to follow."""
    member = member_of(request)
    gallery = find.gallery(name, member)
    uploads = [(str(file.name), file.file) for file in files]
    return jobs.shown(ask_files(gallery.pk, uploads, source_url=link.source_url, acting_member=member))  # type: ignore[arg-type]
