"""Any sequence of calls leaves a log that verifies, and rows that agree with it."""

from __future__ import annotations

import itertools
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.factories.programs import Program, program
from tests.factories.work import entries, gallery, probe

from plainview.casework.log.read import verify_log
from plainview.casework.models import Case, Preparation, Reference, Search

ROLES = ("examiner", "supervisor", "admin", "auditor")
ACTS = ("open", "close", "search", "enrol", "erase", "prepare", "discard", "list", "view")


class Office:
    """Programs of four people, and the calls that they send."""

    def __init__(self, folder: Path) -> None:
        gallery(folder / "pictures")
        self.programs = {role: program(role) for role in ROLES}
        self.image, self.number = probe(folder), itertools.count()

    def call(self, who: Program, act: str) -> int:
        cases = list(Case.objects.order_by("-pk")[:1])
        number, pk = (cases[0].number, cases[0].pk) if cases else ("none", 0)
        match act:
            case "open":
                return who.post("/cases", {"number": f"C-{next(self.number)}", "offence": "robbery"}).status
            case "close":
                return who.post(f"/cases/{pk}/close", {"reason": "done"}).status
            case "search":
                asked = {"case": number, "purpose": f"find the rider {next(self.number)}", "gallery": "g"}
                return who.form("/searches", self.image, **asked).status
            case "enrol":
                return who.form("/galleries/g/references", self.image).status
            case "erase":
                newest = Reference.objects.exclude(template=b"").order_by("-pk").first()
                identity = newest.public_id if newest else "R0"
                return who.post(f"/references/{identity}/expunge", {"reason": "asked for in a letter"}).status
            case "prepare":
                return who.form("/probes", self.image, case=number).status
            case "discard":
                draft = Preparation.objects.filter(discarded_at=None).first()
                return who.send("DELETE", f"/probes/{draft.public_id if draft else 'D0'}").status
            case "view":
                found = Search.objects.order_by("-pk").first()
                return who.get(f"/searches/{found.public_id if found else 'S0'}").status
        return who.get("/cases").status


def test_the_log_and_the_rows_agree_after_any_calls(workspace: Path, tmp_path: Path) -> None:
    office = Office(tmp_path)
    opened, searched = len(entries("case.opened")), len(entries("search.answered"))

    @settings(max_examples=6, suppress_health_check=list(HealthCheck))
    @given(calls=st.lists(st.tuples(st.sampled_from(ROLES), st.sampled_from(ACTS)), min_size=3, max_size=10))
    def run(calls: list[tuple[str, str]]) -> None:
        for role, act in calls:
            assert office.call(office.programs[role], act) < 500, (role, act)
        assert verify_log().ok
        assert Case.objects.count() == len(entries("case.opened")) - opened
        assert Case.objects.exclude(closed_at=None).count() == len(entries("case.closed"))
        assert Search.objects.exclude(answer_entry=None).count() == len(entries("search.answered")) - searched
        assert {search.request_entry for search in Search.objects.all()} == {
            entry.seq for entry in entries("search.requested")
        }
        assert Reference.objects.filter(template=b"").count() == len(entries("reference.expunged"))

    run()
