"""A workspace with a row in every table that the log commits to, made by its acts; and the tables as a file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from django.db import connection
from tests.factories import rights, sharing
from tests.factories.examination import examined
from tests.factories.power import set_roles
from tests.factories.stages import staged
from tests.factories.work import case, person, probe, search

from plainview.casework.leads.decide import record_evidence, release, report_outcome, withhold
from plainview.casework.models import Reference
from plainview.casework.probes.approvals import decide_approval, request_approval
from plainview.casework.proposals.make import propose_about
from plainview.casework.search.candidates import candidates_of
from plainview.casework.sharing.requests import make_request
from plainview.casework.subjects.change import change
from plainview.casework.triage.aside import none_of_these, set_aside
from plainview.policy.examination import CONTRADICTIONS
from plainview.policy.proposals import Kind


@staged
def every_kind(folder: Path) -> str:
    """Return the id of a search that was examined, verified and released; beside it, two or more rows of every kind."""
    agreed = sharing.world(folder)
    case()
    image = probe(folder)
    searches = [search(image).search.public_id for _ in range(2)]
    for place, found in enumerate(searches):
        checked = dict.fromkeys(CONTRADICTIONS, "checked: nothing was found")
        lead = release(examined(found), contradictions=checked, acting_member=person("supervisor"))
        record_evidence(lead.public_id, f"a fingerprint {place}", acting_member=person("supervisor"))
        report_outcome(lead.public_id, "charged on other evidence", acting_member=person("supervisor"))
        withhold(examined(found, 2), "the ears differ", acting_member=person("supervisor"))
        asked = request_approval("C-1", "find the rider", "ab" * 32, acting_member=person("examiner"))
        decide_approval(asked.public_id, grant=True, reason=f"fits {place}", acting_member=person("supervisor"))
        rights.file("access")
        reviewed = search(image).search
        set_aside(reviewed.public_id, 1, "other person", acting_member=person("examiner"))
        ranks = [candidate.rank for candidate in candidates_of(reviewed)]
        none_of_these(reviewed.public_id, f"other ears on each {place}", ranks, acting_member=person("examiner"))
    request_approval("C-1", "find the rider", "cd" * 32, acting_member=person("examiner"))
    rights.decided("access")
    sharing.taken(folder, agreed)
    again = sharing.draft(folder, number="R-2")
    make_request(again, sharing.wish(agreed), acting_member=sharing.theirs("examiner"))
    set_roles("verifier@agency.example", ["examiner", "verifier"], acting_member=person("admin"))
    propose_about(
        Kind.ROLES,
        "verifier@agency.example",
        reason="a colleague is back",
        acting_member=person("admin"),
        roles=["verifier"],
        on_trial=None,
    )
    for number, reference in enumerate(Reference.objects.order_by("pk")[:2]):
        numbered = f"P-{number}"
        change("g", [reference.public_id], numbered, reason="the source says so", acting_member=person("admin"))
    return searches[0]


def on_disk(home: Path) -> Path:
    """Write the tables of this test where commands find them; return the file."""
    path = home / "plainview.sqlite3"
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as file:
        connection.connection.backup(file)
        file.execute("PRAGMA journal_mode=WAL")
    return path
