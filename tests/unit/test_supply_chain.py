"""The audit of the supply chain never calls a package checked that was not, and CI runs it."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path
from typing import Any

import pytest
from tools.audit import NOT_CHECKED, main, secrets, vulnerabilities

ROOT = Path(__file__).parents[2]
SET = ROOT / "requirements" / "main.txt"


def program(folder: Path, output: str, status: int = 0, complaint: str = "") -> str:
    """A program in the place of pip-audit or detect-secrets-hook that says this."""
    path = folder / f"says-{len(list(folder.iterdir()))}"
    (folder / f"{path.name}.out").write_text(output)
    path.write_text(f"#!/bin/sh\ncat {folder}/{path.name}.out\necho '{complaint}' >&2\nexit {status}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def answer(*packages: dict[str, Any]) -> str:
    return json.dumps({"dependencies": list(packages), "fixes": []})


CLEAN = {"name": "rsa", "version": "4.9", "vulns": []}
BAD = {"name": "pillow", "version": "9.0.0", "vulns": [{"id": "PYSEC-2022-8", "fix_versions": ["9.0.1"]}]}
SKIPPED = {"name": "numpy", "skip_reason": "Dependency not found on PyPI and could not be audited: numpy (2.4.1)"}
"""As pip-audit 2.10.1 prints it, with exit status 0, where the index has no vulnerability data."""


@pytest.mark.parametrize(
    ("output", "status", "found", "checked"),
    [
        (answer(CLEAN), 0, 0, True),
        (answer(CLEAN, BAD), 1, 1, True),
        (answer(SKIPPED), 0, 0, False),
        (answer(CLEAN, SKIPPED), 0, 0, False),
        (answer(BAD, SKIPPED), 1, 1, False),
        (answer(), 0, 0, False),
        ("", 1, 0, False),
        ("Traceback", 1, 0, False),
    ],
)
def test_a_package_that_the_service_does_not_know_is_not_checked(
    tmp_path: Path, output: str, status: int, found: int, checked: bool
) -> None:
    verdict = vulnerabilities([program(tmp_path, output, status, "no route to host")], SET)
    assert (len(verdict.found), not verdict.unchecked) == (found, checked)


def test_what_could_not_be_checked_fails_unless_it_is_allowed_and_is_always_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clean, skipped = program(tmp_path, answer(CLEAN)), program(tmp_path, answer(SKIPPED))
    bad, quiet = program(tmp_path, answer(BAD), 1), program(tmp_path, "")
    asked = ["--secrets", quiet, str(SET)]
    assert main(["--vulnerabilities", clean, *asked]) == 0
    assert main(["--vulnerabilities", skipped, *asked]) == NOT_CHECKED
    capsys.readouterr()
    assert main(["--vulnerabilities", skipped, "--offline", *asked]) == 0
    assert "NOT CHECKED" in capsys.readouterr().out
    assert main(["--vulnerabilities", bad, "--offline", *asked]) == 1


def test_a_secret_is_named_by_file_and_line_and_a_scanner_that_fails_is_no_clean_scan(tmp_path: Path) -> None:
    found = {"results": {"a.py": [{"line_number": 7, "type": "Private Key"}]}}
    assert secrets([program(tmp_path, json.dumps(found), 1)], []).found == ("a.py:7: Private Key",)
    assert secrets([program(tmp_path, "")], []).unchecked == ""
    assert secrets([program(tmp_path, "", 2, "no such plugin")], []).unchecked
    assert secrets([program(tmp_path, "", 1)], []).unchecked


def test_ci_makes_the_bill_of_materials_and_the_audit() -> None:
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    assert any(re.match(r"make audit\b", line) for line in lines)
    assert any(re.match(r"make sbom\b", line) for line in lines)
