"""Disclosure of a search: packages for the defence, and access for a person of the defence until a day.

Owns their fields on the API. The defence has no token: its own pages are all that a grant opens.
"""

from __future__ import annotations

from datetime import date

from django.http import HttpRequest, HttpResponse
from ninja import Body
from pydantic import Field

from plainview.api import jobs
from plainview.api.common import Because, Day, In, Moment, Out, Short, Text, member_of
from plainview.casework import find
from plainview.casework.disclosure import grants, kept_packages, read
from plainview.casework.models import DisclosureGrant, DisclosurePackage
from plainview.policy.agency import PICTURES


class PackageIn(In):
    """Whose pictures a package shows."""

    pictures: Short = Field(default="", description=f"One of: {', '.join(PICTURES)}; empty: as the policy says.")
    reason: Text = Field(default="", description="Why fewer pictures than the policy says; in the package.")


class GrantIn(PackageIn):
    """Who of the defence may open the search, and until when."""

    email: Short
    name: Short = Field(max_length=200, description="Name of the person, and whom they act for.")
    until: Day = Field(description="Last day.")


class DownloadOut(Out):
    """A download of a package."""

    by: str
    at: Moment
    entry: int


class PackageOut(Out):
    """A package that the server makes and keeps."""

    id: str
    pictures: str
    reason: str
    asked_by: str
    asked_at: Moment
    made_at: Moment | None = Field(description="Null until it is made.")
    manifest_sha256: str
    items: int
    bytes: int
    entry: int | None
    downloads: list[DownloadOut]


class GrantOut(Out):
    """Access of a person of the defence."""

    id: str
    email: str
    name: str
    pictures: str
    reason: str
    granted_by: str
    granted_at: Moment
    until: date
    revoked_at: Moment | None
    revoked_because: str


class DisclosureOut(Out):
    """The disclosures of a search."""

    search: str
    packages: list[PackageOut]
    grants: list[GrantOut]


class GrantedOut(Out):
    """A new grant."""

    grant: GrantOut
    code: str = Field(description="For a person without an account, to be handed to them; it is shown here only.")


def _package(package: DisclosurePackage) -> PackageOut:
    return PackageOut(
        id=package.public_id,
        pictures=package.pictures,
        reason=package.pictures_reason,
        asked_by=package.asked_by.email,
        asked_at=package.asked_at,
        made_at=package.made_at,
        manifest_sha256=package.manifest_sha256,
        items=package.items,
        bytes=package.bytes,
        entry=package.entry,
        downloads=[
            DownloadOut(by=download.member.email, at=download.at, entry=download.entry)
            for download in package.downloads.all()
        ],
    )


def _grant(grant: DisclosureGrant) -> GrantOut:
    return GrantOut(
        id=grant.public_id,
        email=grant.email,
        name=grant.name,
        pictures=grant.pictures,
        reason=grant.pictures_reason,
        granted_by=grant.granted_by.email,
        granted_at=grant.granted_at,
        until=grant.ends_on,
        revoked_at=grant.revoked_at,
        revoked_because=grant.revoked_why,
    )


def disclosure_show(request: HttpRequest, id: str) -> DisclosureOut:  # noqa: A002  the name in the path
    """Return the packages and grants of a search, the newest first."""
    search = find.search(id, member_of(request))
    return DisclosureOut(
        search=search.public_id,
        packages=[_package(package) for package in read.packages_of(search)],
        grants=[_grant(grant) for grant in read.grants_of(search)],
    )


def package_make(request: HttpRequest, id: str, wanted: Body[PackageIn]) -> jobs.JobOut:  # noqa: A002
    """Make the package of a search for the defence in the background; the answer is the job to follow."""
    job = kept_packages.ask_package(
        id, pictures=wanted.pictures, reason=wanted.reason, acting_member=member_of(request)
    )
    return jobs.shown(job)


def package_download(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002
    """Return a package to hand over, as `plainview verify-package` reads it; the download is an entry of the log."""
    package, data = kept_packages.download(id, acting_member=member_of(request))
    answer = HttpResponse(data, content_type="application/zip")
    name = f"disclosure-{package.search.public_id}-{package.public_id}.zip"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def grant_make(request: HttpRequest, id: str, wanted: Body[GrantIn]) -> GrantedOut:  # noqa: A002
    """Open a search to a person of the defence."""
    granted = grants.grant(
        id,
        wanted.email,
        wanted.name,
        wanted.until,
        pictures=wanted.pictures,
        reason=wanted.reason,
        acting_member=member_of(request),
    )
    return GrantedOut(grant=_grant(granted.grant), code=granted.code)


def grant_revoke(request: HttpRequest, id: str, because: Body[Because]) -> GrantOut:  # noqa: A002
    """Close a search to a person of the defence at once."""
    return _grant(grants.revoke(id, because.reason, acting_member=member_of(request)))
