"""Two agencies that have worked: what a report counts, and what it must never count."""

from __future__ import annotations

import contextlib
import tempfile
from datetime import date
from pathlib import Path

from tests.factories.examination import SIMILAR, examined
from tests.factories.models import collins, hopper
from tests.factories.power import change_policy, invite_member
from tests.factories.stages import staged
from tests.factories.work import case, gallery, person, probe, search, write

from plainview.casework.cases.open_close import open_case
from plainview.casework.enrolment.enrol import enrol
from plainview.casework.enrolment.manifest import Item
from plainview.casework.examination.examine import examine
from plainview.casework.galleries.passports import create_gallery
from plainview.casework.leads.decide import release, report_outcome
from plainview.casework.models import Member
from plainview.casework.people.agencies import accept_terms, open_agency, propose_agency
from plainview.casework.people.members import join, record_training
from plainview.casework.probes.probe import prepare_probe
from plainview.casework.search.run import Request, run_search
from plainview.policy.agency import SAMPLE
from plainview.policy.decision import Refused
from plainview.policy.examination import CONTRADICTIONS, NOT

CHECKED = dict.fromkeys(CONTRADICTIONS, "checked: nothing known against it")
UNLIKE = SIMILAR | {"nose": "dissimilar"}


@staged
def worked(folder: Path) -> str:
    """The sample agency: four searches, one refused, one examined with nothing similar, one released and cleared.

    Returns:
        The lead's id.
    """
    gallery(folder / "pictures")
    case()
    case("C-2", "theft")
    image = probe(folder)
    search(image)
    search(image, case="C-2", purpose="=SUM(A1:A9) find the rider")
    nothing = search(image, case="C-2").search.public_id
    examine(nothing, 1, components=UNLIKE, conclusion=NOT, acting_member=person("examiner"))
    with contextlib.suppress(Refused):
        search(image, purpose="private curiosity")
    lead = release(examined(search(image).search.public_id), contradictions=CHECKED, acting_member=person("supervisor"))
    report_outcome(lead.public_id, "cleared", acting_member=person("examiner"))
    return lead.public_id


def other_agency(folder: Path, searches: int = 2) -> dict[str, Member]:
    """Another agency with its own gallery, which has searched for kidnapping; its people by role."""
    accept_terms(propose_agency("Other", jurisdiction="J", head_name="H", head_email="h@other.example"))
    boss = join(open_agency("Other", administrator_email="boss@other.example").code, "Other boss")
    change_policy(SAMPLE, reason="an agency that takes any purpose", acting_member=boss)
    people = {"admin": boss}
    for role in ("examiner", "supervisor", "auditor"):
        email = f"{role}@other.example"
        people[role] = join(invite_member(email, [role], acting_member=boss).code, f"Other {role}")
    course = "facial examination, FISWG curriculum"
    record_training("examiner@other.example", course, 24, date(2026, 1, 1), date(2999, 1, 1), acting_member=boss)
    passport = {"legal_basis": "law", "source": "tests", "owner": "tests", "expires_on": date(2999, 1, 1)}
    create_gallery("theirs", **passport, acting_member=boss)
    folder.mkdir(exist_ok=True)
    faces = {"theirs-1.png": hopper(), "theirs-2.png": collins()}
    items = [
        Item(write(face, folder / name), name, f"https://o.example/{name}", "", None) for name, face in faces.items()
    ]
    enrol("theirs", items, acting_member=boss)
    open_case("O-1", "kidnapping", acting_member=people["examiner"])
    image = probe(folder, "their-probe.png")
    for _ in range(searches):
        run_search(prepare_probe(image), Request("O-1", "find the child", "theirs"), acting_member=people["examiner"])
    return people


def main() -> None:
    """Let the other agency work in the workspace of PLAINVIEW_HOME, which may be served meanwhile."""
    from plainview.casework.workspace.services import services

    with tempfile.TemporaryDirectory(prefix="plainview-other-") as folder:
        other_agency(Path(folder), 1)
    services().close()


if __name__ == "__main__":
    main()
