"""Publishing the register: as a static site that can be hosted anywhere, and once a month in the workspace.

Owns the form of the folder, and attestations of months without use. It must never drop an earlier register: each has the
hash of the one before, and the log records every hash, so that a missing month is noticed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from plainview.casework.log.guard import acting
from plainview.casework.log.write import newest_checkpoint, write_entry
from plainview.casework.models import Agency, Attestation, LogEntry, Member, PublishedRegister
from plainview.casework.register.read import CACHE_KEY, attestations, opened_on, published, register, tally_of
from plainview.casework.register.site import pages
from plainview.casework.register.tiles import FOLDER, write_tiles
from plainview.policy import register as attesting
from plainview.policy import rules
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.recheck.figures import contradicted, counted_until
from plainview.recheck.register import HISTORY, NAME, SITE
from plainview.storage.output import replace_files

_PUBLIC = 0o644  # a web server of another user reads it


@dataclass(frozen=True, slots=True)
class Published:
    """The folder of a register, its SHA-256, and the number of agencies in it."""

    folder: Path
    sha256: str
    agencies: int


def export_register(folder: Path, *, acting_member: Member) -> Published:
    """Write the register into a folder; a register that is already there moves to the history.

    Raises:
        Refused: no permission, or the folder has other content.
        OutputError: the folder cannot be written; the earlier register is still there.
    """
    with acting("register.export", Permission.REGISTER_EXPORT, acting_member):
        previous = _previous(folder)
        before = hashlib.sha256(previous).hexdigest() if previous else None
        register_json = register(newest_checkpoint(), before)
        data = _written(register_json)
        digest = hashlib.sha256(data).hexdigest()
        history = _history(folder) | ({f"{before}.json"} if before else set())
        files = {NAME: data} | pages(register_json, digest, sorted(history))
        hashes = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
        site = _written({"files": hashes})
        earlier = {f"{HISTORY}/{before}.json": previous} if before else {}
        replace_files(folder, {**earlier, **files, SITE: site}, mode=_PUBLIC)
        write_entry(
            "register.exported",
            {
                "agency": acting_member.agency.public_id,
                "sha256": digest,
                "site_sha256": hashlib.sha256(site).hexdigest(),
                "agencies": len(register_json["agencies"]),
            },
            acting_member=acting_member,
        )
    write_tiles(folder / FOLDER)  # after the commit: a checkpoint must never be signed over what may be rolled back
    return Published(folder, digest, len(register_json["agencies"]))


def _written(register_json: dict[str, Any]) -> bytes:
    return json.dumps(register_json, indent=1, ensure_ascii=False).encode()


def _previous(folder: Path) -> bytes:
    if not folder.exists():
        return b""
    current = folder / NAME
    if not folder.is_dir() or (any(folder.iterdir()) and not current.is_file()):
        raise Refused(
            "register.folder",
            "Nothing published",
            f"{folder} contains files that are not part of a register.",
            "Choose a new folder, or one that contains an earlier register.",
        )
    return current.read_bytes() if current.is_file() else b""


def _history(folder: Path) -> set[str]:
    earlier = folder / HISTORY
    return {path.name for path in earlier.glob("*.json")} if earlier.is_dir() else set()


def publish_month() -> PublishedRegister | None:
    """Publish the register of the month that has just ended; None when it is published or no agency was ever open.

    Run daily. After a pause only the newest month is published: every register includes the months before it.
    """
    now = timezone.now()
    month = counted_until(now, sample=False)
    # A month that has not begun was published by a clock that was wrong; it stops no other.
    if PublishedRegister.objects.filter(month__range=(month, f"{now:%Y-%m}")).exists() or not _opened_by(month):
        return None
    with transaction.atomic():
        # Lock the newest entry, so that of two workers the second sees that the month is published.
        LogEntry.objects.select_for_update().order_by("-seq").first()
        if PublishedRegister.objects.filter(month__range=(month, f"{now:%Y-%m}")).exists():
            return None
        before = published().first()
        previous = before.sha256 if before else None
        register_json = register(newest_checkpoint(), previous)
        data = _written(register_json)
        digest = hashlib.sha256(data).hexdigest()
        receipt = write_entry(
            "register.published",
            {"month": month, "sha256": digest, "previous_sha256": previous},
            acting_member=None,
        )
        published_register = PublishedRegister.objects.create(
            month=month,
            data=data,
            sha256=digest,
            previous_sha256=previous or "",
            checkpoint=register_json["checkpoint"],
            entry=receipt.entry,
        )
        transaction.on_commit(_refresh)
    return published_register


def _opened_by(month: str) -> bool:
    tally = tally_of(LogEntry.objects.count())
    return any(opened_on(agency, tally)[:7] <= month for agency in Agency.objects.exclude(opened_at=None))


def attest(first: str, last: str, *, office: str, acting_member: Member) -> Attestation:
    """Record an office's statement that the agency ran no search from month `first` to month `last`.

    Raises:
        Refused: no permission; the months are not over, are before its opening, or have a search; already attested;
            or the office is empty or a person.
    """
    with acting("register.attest", Permission.REGISTER_ATTEST, acting_member):
        agency = acting_member.agency
        people = Member.objects.filter(agency=agency).values_list("name", flat=True)
        until = counted_until(timezone.now(), sample=False)
        tally = tally_of(LogEntry.objects.count())
        rules.require(
            attesting.months_fit(first, last, opened=opened_on(agency, tally)[:7], until=until),
            attesting.office_named(office, [agency.head_name, *people]),
        )
        covered = any(attestation.first <= last and first <= attestation.last for attestation in attestations(agency))
        rules.require(attesting.unused(contradicted(tally, agency.public_id, first, last), covered))
        receipt = write_entry(
            "register.attested",
            {"agency": agency.public_id, "from": first, "until": last},
            {"office": office.strip()},
            acting_member=acting_member,
        )
        new_attestation = Attestation.objects.create(
            agency=agency,
            office=office.strip(),
            first=first,
            last=last,
            made_by=acting_member,
            entry=receipt.entry,
        )
        transaction.on_commit(_refresh)
    return new_attestation


def _refresh() -> None:
    cache.delete(CACHE_KEY)
