"""A search is opened to one person until a day; each reading is an entry; taken back, it is gone at once."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from tests.factories.examination import another_agency, examined
from tests.factories.outsiders import COUNSEL, client_of, defence, in_days, opened, outside_auditor
from tests.factories.power import invite_member, set_roles
from tests.factories.work import at, entries, person, ready, search

from plainview.casework.disclosure import kept_packages as packages
from plainview.casework.disclosure.contents import case_facts
from plainview.casework.disclosure.grants import grant, revoke, view_disclosure
from plainview.casework.erasure.expunge import expunge
from plainview.casework.examination.examine import examine
from plainview.casework.models import DisclosureGrant, DisclosurePackage, Member, Reference, Search
from plainview.casework.people.members import join
from plainview.casework.people.sign_in import may_sign_in
from plainview.casework.workspace.services import services
from plainview.policy.decision import Refused
from plainview.policy.examination import COMPONENTS, NOT
from plainview.recheck.package import verify_package
from plainview.worker.tasks import run_job


@pytest.fixture
def found(workspace: Path, tmp_path: Path) -> str:
    return search(ready(tmp_path)).search.public_id


def made(found: str, **options: str) -> DisclosurePackage:
    job = packages.ask_package(found, acting_member=person("supervisor"), **options)
    run_job(job.pk)
    return DisclosurePackage.objects.get(pk=job.subject)


def test_the_defence_reads_one_search_takes_its_package_and_nothing_else(found: str, tmp_path: Path) -> None:
    examined(found, 1)
    other = search(tmp_path / "probe.png").search.public_id
    counsel = defence(found)
    package = made(found)
    client = client_of(counsel)
    assert client.get("/")["Location"] == "/disclosures/"
    assert found in client.get("/disclosures/").content.decode()
    # No picture before its page was opened, which is in the log.
    assert client.get(f"/disclosures/{found}/face.jpg").status_code == 404
    page = client.get(f"/disclosures/{found}/").content.decode()
    for words in (other, package.public_id, "Sample examiner", "similar face", "onnxruntime"):
        assert words in page
    assert entries("disclosure.viewed")[-1].actor == counsel.public_id
    for picture in ("face.jpg", "original.jpg", "searched.jpg", "candidates/1.jpg", "candidates/2.jpg"):
        assert client.get(f"/disclosures/{found}/{picture}").status_code == 200, picture
    answer = client.get(f"/packages/{package.public_id}/disclosed.zip")
    assert answer.content == services().blobs.get(package.blob)
    told = entries("disclosure.downloaded")[-1]
    assert (told.actor, told.subject["manifest_sha256"]) == (counsel.public_id, package.manifest_sha256)
    (tmp_path / "p.zip").write_bytes(answer.content)
    assert verify_package(tmp_path / "p.zip").ok
    for path in (f"/disclosures/{other}/", f"/disclosures/{other}/face.jpg"):
        assert client.get(path).status_code == 404
    for path in (
        f"/searches/{found}/",
        "/cases/",
        "/members/",
        "/log/",
        "/policy/",
        f"/packages/{package.public_id}/package.zip",
    ):
        assert client.get(path).status_code == 403, path
    places = [row.subject["place"] for row in entries("outsider.opened")]
    assert {"disclosures", "disclosure", "disclosure-download"} <= set(places)


def test_what_a_package_says_of_what_surrounds_the_search(found: str, tmp_path: Path) -> None:
    examined(found, 1)
    second = search(tmp_path / "probe.png").search.public_id
    with zipfile.ZipFile(io.BytesIO(services().blobs.get(made(found).blob))) as pack:
        held = {name: json.loads(pack.read(name)) for name in pack.namelist() if name.endswith(".json")}
        names = pack.namelist()
    other = held["case.json"]["other_searches"][0]
    assert (other["search"], other["candidates"], other["null_result"]) == (second, 2, False)
    assert other["result"] == "not examined"
    examiner = next(row for row in held["people.json"] if "searched" in row["did"])
    assert examiner["training"][0]["valid_at_the_search"] is True
    assert examiner["proficiency"]["verifications"] == 0
    scores = held["scores.json"]
    assert [row["rank"] for row in scores["error_rate_of_this_gallery"]] == [1, 2]
    assert scores["calibration"]["references"] == 2
    assert held["gallery.json"]["erased_since_the_search"] == []
    assert {"alerts.json", "videos.json", "reviews.json", "history.json"} <= set(names)
    assert [row["action"] for row in held["history.json"]][:2] == ["search.requested", "search.answered"]
    # From where somebody acted stays sealed, and to whom it was disclosed.
    opened_names = {json.loads(row["opening"])["name"] for row in held["log/openings.json"]}
    assert "purpose" in opened_names
    assert not opened_names & {"address", "user_agent", "os_user", "email", "name"}


def test_a_null_result_and_one_that_named_somebody_else_are_told(found: str, tmp_path: Path) -> None:
    null = search(tmp_path / "probe.png").search.public_id
    examine(
        null,
        1,
        components=dict.fromkeys(COMPONENTS, "dissimilar"),
        conclusion=NOT,
        notes="",
        acting_member=person("examiner"),
    )
    named = search(tmp_path / "probe.png").search.public_id
    examined(named, 2)
    told = {one["search"]: one for one in case_facts(Search.objects.get(public_id=found))["other_searches"]}
    assert (told[null]["null_result"], told[null]["result"]) == (True, "no candidate put forward")
    assert told[named]["result"] == "potential candidate"
    assert told[named]["put_forward"] == [Reference.objects.get(file_name="hopper.png").public_id]


def test_taken_back_it_is_gone_at_once_and_with_the_last_one_the_account(found: str, tmp_path: Path) -> None:
    second = search(tmp_path / "probe.png").search.public_id
    counsel = defence(found)
    later = opened(second, days=60)
    assert later.code == ""
    counsel.refresh_from_db()
    assert counsel.ends_on == in_days(60)
    client = client_of(counsel)
    assert client.get(f"/disclosures/{second}/").status_code == 200
    with pytest.raises(Refused, match=r"examination\.explain"):
        revoke(later.grant.public_id, "no", acting_member=person("supervisor"))
    revoke(later.grant.public_id, "the case was dismissed", acting_member=person("supervisor"))
    assert client.get(f"/disclosures/{second}/").status_code == 404
    assert client.get(f"/disclosures/{found}/").status_code == 200
    last = DisclosureGrant.objects.get(search__public_id=found)
    revoke(last.public_id, "the case was dismissed", acting_member=person("supervisor"))
    assert client.get("/disclosures/")["Location"].startswith("/accounts/login/")
    counsel.refresh_from_db()
    with pytest.raises(Refused, match=r"member\.ended"):
        packages.download_disclosed("B000000000000", acting_member=counsel)


def test_after_the_last_day_every_act_is_refused(found: str) -> None:
    counsel = defence(found, days=2)
    client = client_of(counsel)
    with at(timezone.now() + timedelta(days=2)):
        view_disclosure(found, acting_member=counsel)  # the last day counts
    with at(timezone.now() + timedelta(days=3)):
        assert isinstance(may_sign_in(counsel), Refused)
        assert client.get("/disclosures/").status_code in (302, 403)
        with pytest.raises(Refused, match=r"member\.ended"):
            view_disclosure(found, acting_member=counsel)
    assert entries("disclosure.view.refused")[-1].subject["rule"] == "member.ended"


def test_who_may_be_let_in_as_an_outsider(found: str) -> None:
    admin, supervisor = person("admin"), person("supervisor")
    for rule, asked in {
        "member.defence": (["defence"], in_days(9)),
        "member.last_day": (["outside auditor"], None),
    }.items():
        with pytest.raises(Refused, match=rule):
            invite_member("x@y.example", asked[0], ends_on=asked[1], acting_member=admin)
    for days in (-1, 400):
        with pytest.raises(Refused, match=r"member\.last_day"):
            opened(found, days=days)
    with pytest.raises(Refused, match=r"member\.last_day"):
        invite_member("x@y.example", ["auditor"], ends_on=in_days(9), acting_member=admin)
    inspector = outside_auditor()
    with pytest.raises(Refused, match=r"member\.outsider"):
        set_roles(inspector.email, ["examiner"], acting_member=admin)
    # A colleague's address is nobody's of the defence; twice the same search is not opened either.
    with pytest.raises(Refused, match=r"member\.exists"):
        opened(found, email="examiner@agency.example")
    opened(found)
    with pytest.raises(Refused, match=r"disclosure\.granted"):
        opened(found)
    assert not Member.objects.filter(email=COUNSEL).exists()
    another_agency("supervisor")
    other = Member.objects.get(email="supervisor@other.example")
    with pytest.raises(Refused, match=r"search\.unknown"):
        grant(found, "a@b.example", "A", in_days(9), acting_member=other)
    # An invitation that nobody used ends with the grant.
    granted = opened(found, email="late@defence.example")
    revoke(granted.grant.public_id, "sent to the wrong person", acting_member=supervisor)
    with pytest.raises(Refused, match=r"invitation\.invalid"):
        join(granted.code, "Late")


def test_a_kept_package_is_dropped_when_something_in_it_is_erased(found: str, tmp_path: Path) -> None:
    package = made(found)
    shut = made(found, pictures="none", reason="a child is on the list")
    counsel = defence(found, pictures="none", reason="a child is on the list")
    # A grant that shows no pictures opens no package that does.
    with pytest.raises(Refused, match=r"package\.unknown"):
        packages.download_disclosed(package.public_id, acting_member=counsel)
    assert packages.download_disclosed(shut.public_id, acting_member=counsel)[0] == shut
    expunge(
        Reference.objects.get(file_name="hopper.png").public_id,
        reason="by order of the court",
        acting_member=person("admin"),
    )
    assert not services().blobs.exists(package.blob)
    with pytest.raises(Refused, match=r"package\.unknown"):
        packages.download(package.public_id, acting_member=person("supervisor"))
    (tmp_path / "again.zip").write_bytes(services().blobs.get(made(found).blob))
    assert verify_package(tmp_path / "again.zip").ok
