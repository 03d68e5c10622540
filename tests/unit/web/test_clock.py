"""The page of the clock: one explains, another confirms, and home says that there is something to do."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from tests.factories.browser import signed_in
from tests.factories.work import at, case

from plainview.casework.models import ClockFault, PolicyVersion


@pytest.fixture
def fault(workspace: Path) -> ClockFault:
    with at(timezone.now() + timedelta(days=3)):
        case("C-ahead")
    case("C-now")
    return ClockFault.objects.get()


def test_two_people_settle_it_on_the_page(fault: ClockFault) -> None:
    auditor, admin = signed_in("auditor"), signed_in("admin")
    assert "The log is ahead of the clock" in auditor.get("/").content.decode()
    shown = auditor.get("/clock/").content.decode()
    assert fault.ahead in shown
    assert "Record explanation" in shown
    said = {"entry": fault.first, "do": "explain", "wrong": "ahead", "reason": "the <b>server</b>"}
    bad = auditor.post("/clock/", {**said, "reason": ""})
    assert "This field is required" in bad.content.decode()
    assert auditor.post("/clock/", said).status_code == 302
    assert "Confirm the explanation" not in auditor.get("/clock/").content.decode()
    own = auditor.post("/clock/", {"entry": fault.first, "do": "confirm"}).content.decode()
    assert "You explained it yourself" in own
    shown = admin.get("/clock/").content.decode()
    assert "Confirm the explanation" in shown
    assert "the &lt;b&gt;server" in shown
    assert admin.post("/clock/", {"entry": fault.first, "do": "confirm"}).status_code == 302
    assert "every such time is settled" in admin.get("/clock/").content.decode()
    assert "The log is ahead of the clock" not in auditor.get("/").content.decode()


@pytest.mark.long
@pytest.mark.parametrize("entry", ["", "x", "-1", "99999", "9" * 30])
def test_an_entry_that_is_no_fault_is_refused(fault: ClockFault, entry: str) -> None:
    answer = signed_in("auditor").post("/clock/", {"entry": entry, "do": "confirm"})
    assert answer.status_code in (200, 404)
    assert ClockFault.objects.get().closed_entry is None


def test_a_field_that_an_older_policy_lacks_is_shown_to_administrators(workspace: Path) -> None:
    version = PolicyVersion.objects.get()
    PolicyVersion.objects.update(text=version.text.replace("canary_hours = 24", "# none = 24"))
    admin = signed_in("admin")
    assert "canary_hours" in admin.get("/").content.decode()
    assert "canary_hours = 1" in admin.get("/policy/").content.decode()
    assert "canary_hours = 1" in admin.get("/policy/change/?file=1").content.decode()
