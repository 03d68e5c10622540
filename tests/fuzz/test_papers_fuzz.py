"""Whatever bytes come in as an exchange file, a package, a register, a report, a proof or a backup: an answer or a refusal."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.factories.first_archives import first_archive
from tests.factories.mutations import damaged, mutated, tries
from tests.factories.pictures import png
from tests.factories.retention import ordered, searched, worked
from tests.factories.work import person

from plainview.casework.disclosure.make import disclose
from plainview.casework.galleries.nist import Exported, read_nist, write_nist
from plainview.casework.register.publish import export_register
from plainview.casework.reports.make import make_report
from plainview.casework.retention.proof import proof_of_run
from plainview.casework.upkeep.unpacking import ABOUT, sealer_of, unpack
from plainview.policy.decision import Refused
from plainview.policy.reporting import Period
from plainview.recheck.package import verify_package
from plainview.recheck.register import NAME, check_register
from plainview.recheck.report import check_report
from plainview.recheck.retention import NoProof, check_proof
from plainview.recognition.errors import BadMedia
from plainview.storage.aged import new_backup_key, recipient_of, small, write_archive
from plainview.storage.base import StorageError

EXCHANGE = write_nist(
    [Exported(png((20, 20)), "PNG", (20, 20), date(2020, 1, 2), {"SRC": "X"})] * 2,
    agency="A",
    number="T",
    software="S",
)
fuzzed = settings(suppress_health_check=list(HealthCheck))


@settings(fuzzed, max_examples=tries(300))
@given(damaged(EXCHANGE) | st.binary(max_size=200).map(lambda tail: b"1.001:" + tail))
def test_damaged_exchange_files(data: bytes) -> None:
    try:
        records = read_nist(data)
    except BadMedia:
        return
    for record in records:
        try:
            assert isinstance(record.picture(), bytes)
        except BadMedia:
            continue


def many(
    seed: bytes, strategy: Callable[[bytes], st.SearchStrategy[bytes]], usual: int, check: Callable[[bytes], Any]
) -> None:
    """Run a check on mutations of a file that only a fixture can make."""

    @settings(fuzzed, max_examples=tries(usual) * (1 if usual == tries(usual) else 20))
    @given(strategy(seed))
    def run(data: bytes) -> None:
        check(data)

    run()


@pytest.fixture
def files(workspace: Path, tmp_path: Path) -> dict[str, bytes]:
    """A package, a register, a report and a proof of one workspace; and its log, in `tmp_path / "log"`."""
    from plainview.casework.workspace.services import services

    search = searched(tmp_path)
    disclose(search, tmp_path / "p.zip", acting_member=person("supervisor"))
    export_register(tmp_path / "site", acting_member=person("admin"))
    today = date.today()  # noqa: DTZ011
    report = make_report(Period(today, today), None, ["json"], acting_member=person("supervisor"))
    ordered()
    proof = proof_of_run(worked().public_id, acting_member=person("admin"))
    shutil.copytree(services().workspace.audit, tmp_path / "log")
    return {
        "package": (tmp_path / "p.zip").read_bytes(),
        "register": (tmp_path / "site" / NAME).read_bytes(),
        "report": report.files["json"],
        "proof": json.dumps(proof).encode(),
    }


@pytest.mark.long
def test_damaged_packages_registers_reports_and_proofs(files: dict[str, bytes], tmp_path: Path) -> None:
    path, site = tmp_path / "hostile", tmp_path / "site"

    def package(data: bytes) -> None:
        path.write_bytes(data)
        with unless("package.unreadable"):
            assert not verify_package(path).ok or data == files["package"]

    def register(data: bytes) -> None:
        (site / NAME).write_bytes(data)
        with unless("register.unreadable"):
            check_register(site, tmp_path / "log")

    def report(data: bytes) -> None:
        path.write_bytes(data)
        with unless("report.unreadable"):
            check_report(path, tmp_path / "log")

    def proof(data: bytes) -> None:
        with suppress(NoProof):
            check_proof(data.decode("utf-8", "replace"))

    many(files["register"], mutated, 40, register)
    many(files["report"], mutated, 25, report)
    many(files["proof"], mutated, 60, proof)
    many(files["package"], damaged, 12, package)


@contextmanager
def unless(rule: str) -> Iterator[None]:
    """Accept the refusal by this rule."""
    try:
        yield
    except Refused as refused:
        if refused.rule_id != rule:
            raise


def test_damaged_backups(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.mkdir()
    master = bytes(range(32))
    (keys / "blobs.key").write_bytes(master)
    key = new_backup_key()
    (keys / "backup.age").write_bytes(key)
    aged = io.BytesIO()
    write_archive(aged, [small(ABOUT, b"{}")], [recipient_of(key)])
    number = 0

    def check(data: bytes) -> None:
        nonlocal number
        number += 1
        (tmp_path / "backup").write_bytes(data)
        with pytest.raises((Refused, StorageError)):
            unpack(tmp_path / "backup", keys, tmp_path / f"restored-{number}")
        shutil.rmtree(tmp_path / f"restored-{number}")

    for whole in (aged.getvalue(), first_archive({ABOUT: b"{}"}, sealer_of(master))):
        many(whole, damaged, 25, check)
