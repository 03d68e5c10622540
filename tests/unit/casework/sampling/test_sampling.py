"""A sample is announced before its seed exists, recorded before it is shown, and anyone with the log draws it again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.factories.outsiders import client_of, outside_auditor
from tests.factories.work import case, entries, gallery, person, probe, search

from plainview.casework.log.read import root_at
from plainview.casework.misuse.flags import decide_flag
from plainview.casework.models import AuditSample, Search
from plainview.casework.sampling.draw import draw_sample, record_finding
from plainview.casework.sampling.read import drawn_again, overview, population
from plainview.casework.workspace.services import services
from plainview.policy.decision import Refused
from plainview.recheck.sample import Draw, draws_of


def test_an_outside_auditor_draws_reads_and_finds_and_nothing_else(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    case()
    image = probe(tmp_path)
    made = {search(image).search.public_id for _ in range(5)}
    inspector = outside_auditor()
    client = client_of(inspector)
    answer = client.post("/samples/", {"wanted": 3, "nonce": "blue bicycle"})
    sample = AuditSample.objects.get()
    assert answer["Location"] == f"/samples/{sample.public_id}/", answer.content
    announced, drawn = entries("sample.announced")[0], entries("sample.drawn")[0]
    assert (announced.subject["nonce"], announced.subject["wanted"]) == ("blue bicycle", 3)
    assert drawn.seq > announced.seq == sample.asked_entry
    assert drawn.subject["root"] == root_at(announced.seq + 1).hex() == sample.root
    held = list(sample.items.order_by("position").values_list("search__public_id", flat=True))
    assert drawn.subject["searches"] == held
    assert set(held) <= made
    assert drawn_again(sample) == []
    page = client.get(f"/samples/{sample.public_id}/").content.decode()
    assert all(name in page for name in held)
    # The searches can be read, each reading an entry; what is the agency's to decide stays the agency's.
    assert client.get(f"/searches/{held[0]}/").status_code == 200
    assert entries("candidates.viewed")[-1].actor == inspector.public_id
    assert "search" in [row.subject["place"] for row in entries("outsider.opened")]
    for path in ("/prepare/", "/approvals/", "/galleries/new/", "/disclosures/", "/policy/change/"):
        assert client.get(path).status_code == 403, path
    with pytest.raises(Refused, match=r"member\.no_permission"):
        decide_flag("F000000000000", "upheld", "it was misuse", acting_member=inspector)
    # Findings.
    for place, finding, note in ((1, "in order", ""), (2, "question", "why this gallery at all")):
        client.post(f"/samples/{sample.public_id}/{place}/", {"finding": finding, "note": note})
    told = overview(sample)
    assert (told.decided, told.complete, told.counts) == (1, False, {"in order": 1, "question": 1, "": 1})
    refused = client.post(f"/samples/{sample.public_id}/1/", {"finding": "breach", "note": "on second thoughts no"})
    assert "A finding cannot be changed" in refused.content.decode()
    record_finding(sample.public_id, 2, "breach", "the case was somebody else's", acting_member=inspector)
    record_finding(sample.public_id, 3, "in order", "", acting_member=person("auditor"))
    told = overview(sample)
    assert told.complete
    assert told.text.startswith("1 of 3 in breach: 33 %, 95 % interval 0.8 to 90.6 % of all 5.")
    assert [row.subject["finding"] for row in entries("sample.found")] == [
        "in order",
        "question",
        "breach",
        "in order",
    ]

    # A search that was made after the announcement could not be drawn.
    search(image)
    assert len(population(inspector.agency, sample.size, None)) == 5
    # A copy of the log is enough to draw again; with other words announced it gives something else.
    copy = tmp_path / "log"
    shutil.copytree(services().workspace.audit, copy)
    assert draws_of(copy) == [Draw(sample.entry, sample.public_id, 3, "")]
    lines = (copy / "log.jsonl").read_bytes().replace(b"blue bicycle", b"blue unicycl")
    (copy / "log.jsonl").write_bytes(lines)
    assert draws_of(copy)[0].problem == "its seed does not come of the log and of what was announced"
    with pytest.raises(Refused, match=r"sample\.log"):
        draws_of(tmp_path)
    # Whoever alters what was drawn is found out.
    other = Search.objects.exclude(public_id__in=held).order_by("pk")[0]
    sample.items.filter(position=1).update(search=other)
    assert drawn_again(sample) == ["The draw gives different searches."]
    sample.items.filter(position=1).update(search=Search.objects.get(public_id=held[0]))
    sample.nonce = "red bicycle"
    assert "The seed does not follow from that root and the announcement." in drawn_again(sample)


def test_a_draw_of_nothing_is_refused_and_still_announced(workspace: Path) -> None:
    auditor = person("auditor")
    with pytest.raises(Refused, match=r"sample\.empty"):
        draw_sample(3, "words", acting_member=auditor)
    assert len(entries("sample.announced")) == 1
    assert entries("sample.draw.refused")[0].subject["rule"] == "sample.empty"
    with pytest.raises(Refused, match=r"member\.no_permission"):
        draw_sample(3, "words", acting_member=person("supervisor"))
