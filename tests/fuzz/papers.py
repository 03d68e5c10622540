"""Targets of `make fuzz`: what outsiders check (packages, registers, reports, proofs), and backups.

What somebody else may have signed or encrypted is signed or encrypted again after the change, half of the time: what lies
behind the signature is reached too.
"""

from __future__ import annotations

import io
import json
import random
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pyrage
import pytest
from tests.factories.first_archives import first_archive
from tests.fuzz.mutation import mutated
from tests.fuzz.refusal import refused

from plainview.audit.checkpoint import Signer
from plainview.casework.upkeep.unpacking import ABOUT, sealer_of, unpack
from plainview.policy.decision import Refused
from plainview.recheck.package import MANIFEST, SIGNATURE, signed_text, verify_package
from plainview.recheck.register import NAME, check_register
from plainview.recheck.report import check_report
from plainview.recheck.retention import NoProof, check_proof
from plainview.storage import local
from plainview.storage.aged import recipient_of, small, write_archive
from plainview.storage.base import StorageError, digest_of

Feed = Callable[[bytes], str]

_PICTURE = b"picture"
_MASTER = bytes(range(32))
_BACKUP_KEY = b"AGE-SECRET-KEY-1L2UCWCPWDSQCVQGJLT6P9DFWLGKZT23S83NNHTGVETR8MN47YU6S9XCWUH\n"
_TAR_FIELDS = (
    (0, 100),
    (100, 8),
    (124, 12),
    (124, 12),
    (136, 12),
    (156, 1),
    (156, 1),
    (157, 100),
    (257, 8),
    (345, 155),
)
"""Place and length of name, mode, size, time, type, link, magic and prefix in a header (POSIX.1-2001, ustar)."""

_SIGNER = Signer.from_private_bytes("agency.example/log", bytes(32))
"""Signs what was changed, as somebody with a key of their own would."""


def _seen(problems: Sequence[str]) -> str:
    for problem in problems:
        refused("problem", problem, "-")
    return "problems" if problems else "read"


def _log(folder: Path) -> None:
    """Copy the log of the workspace beside the seeds."""
    from plainview.casework.workspace.services import services

    if not (folder / "log").exists():
        shutil.copytree(services().workspace.audit, folder / "log")


def package(folder: Path) -> dict[str, bytes]:
    """A package of small pictures: hashing large ones would take most of the time."""
    from tests.factories.models import collins, hopper, scaled
    from tests.factories.work import case, person, search, write

    from plainview.casework.disclosure.make import disclose
    from plainview.casework.enrolment.enrol import enrol
    from plainview.casework.enrolment.items import Item
    from plainview.casework.galleries.passports import create_gallery

    passport = {"legal_basis": "law", "source": "tests", "owner": "tests", "expires_on": date(2999, 1, 1)}
    create_gallery("g", **passport, acting_member=person("admin"))
    pictures = {"hopper.png": hopper(), "collins.png": collins()}
    files = {name: write(scaled(picture, 0.35), folder / name) for name, picture in pictures.items()}
    enrol(
        "g", [Item(path, name, f"urn:{name}", "", None) for name, path in files.items()], acting_member=person("admin")
    )
    case()
    asked = search(write(scaled(collins(), 0.3), folder / "probe.png")).search.public_id
    disclose(asked, folder / "p.zip", acting_member=person("supervisor"))
    return {"package": (folder / "p.zip").read_bytes()}


def package_mutated(seed: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    """Change the file, or an item of it, its manifest and the signature so that they fit each other again."""
    if chance.random() < 0.5:
        return mutated(seed, chance)
    with zipfile.ZipFile(io.BytesIO(seed)) as pack:
        content = {name: pack.read(name) for name in pack.namelist()}
    chosen = chance.choice([name for name in content if name != SIGNATURE])
    content[chosen] = mutated(content[chosen], chance)
    try:
        about = json.loads(content[MANIFEST])
        for item in about["items"]:
            if item["path"] == chosen:
                item |= {"sha256": digest_of(content[chosen]), "bytes": len(content[chosen])}
        about["vkey"] = _SIGNER.verifier.text
        content[MANIFEST] = json.dumps(about, indent=1, ensure_ascii=False).encode()
    except (ValueError, KeyError, TypeError):  # the manifest itself was changed
        pass
    content[SIGNATURE] = _SIGNER.sign_note(signed_text(content[MANIFEST])).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as pack:
        for name, data in content.items():
            pack.writestr(zipfile.ZipInfo(name), data)
    return out.getvalue()


@contextmanager
def package_read(_: Path) -> Iterator[Feed]:
    with TemporaryDirectory() as name:
        path = Path(name) / "p.zip"

        def read(data: bytes) -> str:
            path.write_bytes(data)
            try:
                report = verify_package(path)
            except Refused as error:
                return refused(error.rule_id, error.why.replace(str(path), ""), error.next_step)
            return _seen(report.problems)

        yield read


def register(folder: Path) -> dict[str, bytes]:
    from tests.factories.retention import searched
    from tests.factories.work import person

    from plainview.casework.register.publish import export_register

    searched(folder)
    export_register(folder / "site", acting_member=person("admin"))
    _log(folder)
    return {"register": (folder / "site" / NAME).read_bytes()}


@contextmanager
def register_read(folder: Path) -> Iterator[Feed]:
    with TemporaryDirectory() as name:
        site = Path(name) / "site"
        shutil.copytree(folder / "site", site)

        def read(data: bytes) -> str:
            (site / NAME).write_bytes(data)
            try:
                return _seen(check_register(site, folder / "log"))
            except Refused as error:
                return refused(error.rule_id, error.why.replace(str(site), ""), error.next_step)

        yield read


def report(folder: Path) -> dict[str, bytes]:
    from tests.factories.retention import searched
    from tests.factories.work import person

    from plainview.casework.reports.make import make_report
    from plainview.policy.reporting import Period

    searched(folder)
    today = date.today()  # noqa: DTZ011
    made = make_report(Period(today, today), None, ["json"], acting_member=person("supervisor"))
    _log(folder)
    return {"report": made.files["json"]}


@contextmanager
def report_read(folder: Path) -> Iterator[Feed]:
    with TemporaryDirectory() as name:
        path = Path(name) / "report.json"

        def read(data: bytes) -> str:
            path.write_bytes(data)
            try:
                return _seen(check_report(path, folder / "log").problems)
            except Refused as error:
                why = error.why.replace(str(path), "").replace(str(folder), "")
                return refused(error.rule_id, why, error.next_step)

        yield read


def proof(folder: Path) -> dict[str, bytes]:
    from tests.factories.retention import ordered, searched, worked
    from tests.factories.work import person

    from plainview.casework.retention.proof import proof_of_run

    searched(folder)
    ordered()
    return {"proof": json.dumps(proof_of_run(worked().public_id, acting_member=person("admin"))).encode()}


@contextmanager
def proof_read(_: Path) -> Iterator[Feed]:
    def read(data: bytes) -> str:
        try:
            return _seen(check_proof(data.decode("utf-8", "replace")).problems)
        except NoProof as error:
            return refused("proof", str(error), "-")

    yield read


def backup(_: Path) -> dict[str, bytes]:
    """The plain tar stream of a small workspace, and the whole file of the first format."""
    members: dict[str, bytes] = {
        ABOUT: b'{"format": 1, "version": "0.1.0", "made_at": "2026-01-02T03:04:05Z"}',
        "workspace.toml": b"sample = true\n",
        "database": b"SQLite format 3\0",
        f"pictures/{digest_of(_PICTURE)}": _PICTURE,
        "audit/log.jsonl": b"{}\n",
    }
    aged = io.BytesIO()
    write_archive(aged, [small(name, data) for name, data in members.items()], [recipient_of(_BACKUP_KEY)])
    return {"aged": aged.getvalue(), "first": first_archive(members, sealer_of(_MASTER))}


def backup_mutated(seed: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    """Change the file, or what is in it before it is encrypted to the same key again."""
    identity = pyrage.x25519.Identity.from_str(_BACKUP_KEY.decode().strip())
    if seed.startswith(b"age") and chance.random() < 0.7:
        plain = _changed_tar(pyrage.decrypt(seed, [identity]), chance)
        return pyrage.encrypt(plain, [identity.to_public()])
    return mutated(seed, chance)


def _changed_tar(plain: bytes, chance: random.Random) -> bytes:
    """Change bytes of the stream, a field of a header with its checksum, or a member with its size."""
    how = chance.random()
    if how < 0.2:
        return mutated(plain, chance)
    if how < 0.6:
        return _changed_header(plain, chance)
    out = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(plain)) as old, tarfile.open(fileobj=out, mode="w") as new:
        rows = [(info, old.extractfile(info).read()) for info in old]  # type: ignore[union-attr]
        chosen = chance.randrange(len(rows))
        for number, (info, data) in enumerate(rows):
            if number == chosen:
                data = mutated(data, chance)
                if chance.random() < 0.3:
                    info.name = mutated(info.name.encode(), chance).decode("utf-8", "surrogateescape")
                if chance.random() < 0.2:
                    info.type = chance.choice((tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE))
            info.size = len(data)
            new.addfile(info, io.BytesIO(data))
    return out.getvalue()


def _changed_header(plain: bytes, chance: random.Random) -> bytes:
    """Change a field of a member's header; sizes below zero made Python's tarfile run for ever (CVE-2025-8194)."""
    with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
        at = chance.choice([info.offset for info in tar])
    start, length = chance.choice(_TAR_FIELDS)
    data, field = bytearray(plain), plain[at + start : at + start + length]
    new = chance.choice((mutated(field, chance), chance.choice((b"\xff", b"\0", b"7", b"/", b"\x80")) * length))
    data[at + start : at + start + length] = new[:length].ljust(length, b"\0")
    data[at + 148 : at + 156] = b" " * 8
    data[at + 148 : at + 156] = b"%06o\0 " % sum(data[at : at + 512])
    return bytes(data)


@contextmanager
def backup_read(_: Path) -> Iterator[Feed]:
    with TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(local, "_FOLDERS", (digest_of(_PICTURE)[:2],))  # all 256 take ten times as long as the rest
        folder = Path(name)
        (folder / "keys").mkdir()
        (folder / "keys" / "blobs.key").write_bytes(_MASTER)
        (folder / "keys" / "backup.age").write_bytes(_BACKUP_KEY)

        def read(data: bytes) -> str:
            (folder / "backup").write_bytes(data)
            try:
                unpack(folder / "backup", folder / "keys", folder / "restored")
            except Refused as error:
                return refused(error.rule_id, error.why, error.next_step)
            except StorageError as error:
                return refused("archive", error.why, error.next_step)
            finally:
                shutil.rmtree(folder / "restored", ignore_errors=True)
                beside = {path.name for path in folder.iterdir()} - {"keys", "backup"}
                assert not beside, beside
            return "read"

        yield read
