"""The main job by the API: a case, a gallery, a search; the same answer, rules and log as by page and command."""

from __future__ import annotations

from pathlib import Path

from django.core.files.uploadedfile import SimpleUploadedFile
from tests.factories.models import collins, scaled
from tests.factories.programs import Program, program
from tests.factories.work import case, entries, gallery, probe, search, write

from plainview.casework.search.as_json import answer_json

SEARCH = {"case": "C-1", "purpose": "find the rider", "gallery": "g"}
VOLATILE = {"search_id", "audit"}


def test_a_case_is_opened_enrolled_into_and_searched_under(workspace: Path, tmp_path: Path) -> None:
    admin, examiner = program("admin"), program("examiner")
    made = admin.post("/galleries", {"name": "g", "basis": "law", "source": "tests", "expires": "2999-01-01"})
    assert (made.status, made.json["references"]) == (201, 0)
    opened = examiner.post("/cases", {"number": "C-1", "offence": "robbery"})
    assert (opened.status, opened.json["state"]) == (201, "open")
    image = probe(tmp_path)
    enrolled = admin.form("/galleries/g/references", image, source_url="https://a.example/1", captured_on="2024-11")
    assert enrolled.status == 200, enrolled.raw
    assert (enrolled.json["enrolled"], enrolled.json["failed"]) == (1, [])
    (reference,) = enrolled.json["references"]
    assert (reference["source_url"], reference["captured_on"]) == ("https://a.example/1", "2024-11")
    answered = examiner.form("/searches", image, **SEARCH)
    assert answered.status == 201, answered.raw
    assert answered.json["candidates"][0]["reference_id"] == reference["id"]
    again = examiner.get(f"/searches/{answered.json['search_id']}")
    assert again.json["candidates"] == answered.json["candidates"]
    assert [entry.subject["via"] for entry in entries("search.requested")] == ["api"]
    assert len(entries("candidates.viewed")) == 1


def test_the_answer_is_that_of_the_command(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    case()
    image = probe(tmp_path)
    command, answer = answer_json(search(image)), program().form("/searches", image, **SEARCH).json
    assert set(command) == set(answer)
    assert {key: command[key] for key in command if key not in VOLATILE} == {
        key: answer[key] for key in answer if key not in VOLATILE
    }


def test_several_photographs_are_one_probe_in_one_call_or_step_by_step(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    case()
    image, who = probe(tmp_path), program()
    other, third = (write(scaled(collins(), factor), tmp_path / f"{factor}.png") for factor in (0.7, 0.6))

    def more(*paths: Path) -> list[SimpleUploadedFile]:
        return [SimpleUploadedFile(path.name, path.read_bytes()) for path in paths]

    at_once = who.form("/searches", image, **SEARCH, also=more(other, third))
    assert at_once.status == 201, at_once.raw
    assert [frame["photograph"] for frame in at_once.json["probe"]["frames"]] == ["0.7.png", "0.6.png"]
    assert who.form("/searches", image, **SEARCH, also=more(image)).rule == "probe.same_photograph"
    path = f"/probes/{who.form('/probes', image, case='C-1').json['id']}"
    for number, added in enumerate((other, third), start=2):
        answer = who.form(f"{path}/photographs", added)
        assert (answer.status, answer.json["photographs"][-1]["number"]) == (201, number), answer.raw
    assert who.form(f"{path}/photographs", other).rule == "probe.same_photograph"
    assert who.send("DELETE", f"{path}/photographs/3").status == 204
    assert who.send("PATCH", f"{path}/photographs/2", {"face": 2}).rule == "preparation.face"
    assert who.send("PATCH", f"{path}/photographs/2", {"face": 1}).json["photographs"][0]["face"] == 1
    assert who.send("DELETE", f"{path}/photographs/3").status == 404
    assert who.form(f"{path}/photographs", third).json["photographs"][-1]["number"] == 3
    who.send("PATCH", path, {"purpose": SEARCH["purpose"], "galleries": ["g"]})
    (made,) = who.send("POST", f"{path}/search").json["searches"]
    listed = who.get(f"/searches/{made}").json
    scores = [[candidate["score"] for candidate in found["candidates"]] for found in (listed, at_once.json)]
    assert scores[0] == scores[1]


def test_a_search_is_refused_by_the_rule_of_the_page(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    case()
    image = probe(tmp_path)
    for changed, rule in (
        ({"case": "C-9"}, "case.unknown"),
        ({"purpose": ""}, "search.purpose_missing"),
        ({"gallery": "h"}, "gallery.unknown"),
        ({"origin": "drawing"}, "probe.not_photographed"),
        ({"top": "900"}, "search.list_length"),
    ):
        refused = program().form("/searches", image, **(SEARCH | changed))
        assert refused.status in (403, 404), (changed, refused.raw)
        assert refused.rule == rule
    assert program("auditor").form("/searches", image, **SEARCH).rule == "member.no_permission"
    assert entries("search.requested") == []


def test_nothing_is_answered_without_a_token(workspace: Path) -> None:
    for token in ("", "K1.x", "nonsense"):
        answer = Program(token).get("/cases")
        assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_a_token_does_what_its_scopes_say_and_its_member_may(workspace: Path) -> None:
    case()
    reader = program("examiner", "case.read")
    assert reader.get("/cases").status == 200
    refused = reader.post("/cases", {"number": "C-2", "offence": "robbery"})
    assert (refused.status, refused.rule) == (403, "token.scope")
    assert program("admin", "all").get("/cases").rule == "member.no_permission"
    assert entries("case.open.refused")[-1].subject["by_token"]
