"""The controls are honest: every file and test that they name exists, and nothing is met without both."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from plainview.recheck.controls import STATES, Control, controls

ROOT = Path(__file__).parents[3]


def test_the_file_in_the_documentation_is_the_one_that_is_read() -> None:
    with (ROOT / "docs" / "reference" / "controls.csv").open(newline="") as file:
        assert [Control(**line) for line in csv.DictReader(file)] == list(controls())


def test_every_point_is_there_once_and_complete() -> None:
    assert len({(control.standard, control.number) for control in controls()}) == len(controls())
    assert {control.state for control in controls()} <= set(STATES)
    assert all(control.number and control.text for control in controls())
    counts = {
        name: sum(control.standard == name for control in controls()) for name in (c.standard for c in controls())
    }
    assert counts["OWASP ASVS 5.0.0"] == 253, "70 points of level 1 and 183 of level 2 (its CSV)"
    assert set(counts) == {"OWASP ASVS 5.0.0", "NIST SP 800-63B-4", "EU AI Act", "CJIS Security Policy 6.0"}


@pytest.mark.parametrize(
    "control", controls(), ids=lambda control: f"{control.standard}-{control.number}".replace(" ", "-")
)
def test_what_it_names_exists(control: Control) -> None:
    if control.file:
        assert (ROOT / control.file).exists()
    path, _, name = control.test.partition("::")
    if path:
        assert (ROOT / path).exists()
        assert not name or re.search(rf"^def {name}\(", (ROOT / path).read_text("utf-8"), re.MULTILINE)
    if control.state == "met":
        assert control.file
        assert control.test
    elif control.state in ("partly", "not applicable"):
        assert control.why, "what is missing, or why it does not apply"
