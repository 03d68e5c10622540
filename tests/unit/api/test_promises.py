"""What a client may rely on: idempotency, versions, limits, a log that agrees."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.utils import timezone
from tests.factories.browser import signed_in
from tests.factories.programs import Program, program
from tests.factories.work import at, case, entries, gallery, person, probe

from plainview.api import rates
from plainview.casework.jobs import ask
from plainview.casework.people import idempotency

OPEN = {"number": "C-1", "offence": "robbery"}


def test_the_same_key_gets_the_same_answer_for_a_day(workspace: Path) -> None:
    who = program()
    first = who.post("/cases", OPEN, Idempotency_Key="k1")
    again = who.post("/cases", OPEN, Idempotency_Key="k1")
    assert (again.status, again.raw) == (201, first.raw)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    other = who.post("/cases", {"number": "C-2", "offence": "robbery"}, Idempotency_Key="k1")
    assert (other.status, other.rule) == (422, "idempotency.reused")
    assert program().post("/cases", OPEN, Idempotency_Key="k1").rule == "case.number_taken", "another token's key"
    with at(timezone.now() + timedelta(hours=25)):
        assert who.post("/cases", OPEN, Idempotency_Key="k1").rule == "case.number_taken"
    assert len(entries("case.opened")) == 1


def test_a_search_that_is_sent_again_is_one_search(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    case()
    who, image = program(), probe(tmp_path)
    asked = {"case": "C-1", "purpose": "find the rider", "gallery": "g"}
    answers = [who.form("/searches", image, headers={"Idempotency-Key": "s"}, **asked) for _ in range(2)]
    assert answers[0].raw == answers[1].raw
    assert len(entries("search.requested")) == 1


def test_what_is_erased_is_in_no_stored_answer(workspace: Path, tmp_path: Path) -> None:
    """Sent again, the request is not done twice, and the list with the erased face is not shown from memory."""
    gallery(tmp_path / "pictures")
    case()
    who, image = program(), probe(tmp_path)
    asked = {"case": "C-1", "purpose": "find the rider", "gallery": "g"}
    answer = who.form("/searches", image, headers={"Idempotency-Key": "s"}, **asked)
    erased = answer.json["candidates"][0]["reference_id"]
    program("admin").post(f"/references/{erased}/expunge", {"reason": "asked for in a letter"}, Idempotency_Key="e")
    again = who.form("/searches", image, headers={"Idempotency-Key": "s"}, **asked)
    assert (again.status, again.rule) == (409, "idempotency.erased")
    assert erased.encode() not in again.raw
    assert len(entries("search.requested")) == 1
    assert who.form("/searches", image, headers={"Idempotency-Key": "t"}, **asked).status == 201


def test_a_refused_request_frees_its_key_and_a_running_one_keeps_it(workspace: Path) -> None:
    who = program()
    assert who.post("/cases", {"number": "", "offence": "robbery"}, Idempotency_Key="k").rule == "case.incomplete"
    assert who.post("/cases", OPEN, Idempotency_Key="k").status == 201
    from plainview.casework.models import Token

    idempotency.begin(Token.objects.get(), "r", "0" * 64)
    assert who.post("/cases", {"number": "C-3", "offence": "robbery"}, Idempotency_Key="r").status in (409, 422)


@pytest.mark.parametrize("key", ["", "two words", "x" * 201, "ä"])
def test_a_key_is_a_word(workspace: Path, key: str) -> None:
    assert program().post("/cases", OPEN, Idempotency_Key=key).rule == "api.fields"


def test_old_answers_are_forgotten(workspace: Path) -> None:
    program().post("/cases", OPEN, Idempotency_Key="k1")
    assert idempotency.forget() == 0
    with at(timezone.now() + timedelta(hours=25)):
        assert idempotency.forget() == 1


def test_a_token_has_a_limit_and_says_so(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "PER_MINUTE", 3)
    clock = SimpleNamespace(time=lambda: 60_001.0)
    monkeypatch.setattr(rates, "time", clock)
    who, other = program(), program()
    left = [who.get("/cases").headers["RateLimit-Remaining"] for _ in range(3)]
    assert left == ["2", "1", "0"]
    refused = who.get("/cases")
    assert (refused.status, refused.rule) == (429, "api.rate")
    assert (refused.headers["Retry-After"], refused.headers["RateLimit-Reset"]) == ("59", "59")
    assert other.get("/cases").status == 200
    clock.time = lambda: 60_060.0
    assert who.get("/cases").headers["RateLimit-Remaining"] == "2", "the next minute"


def test_the_processes_of_a_server_count_together(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "time", SimpleNamespace(time=lambda: 60_001.0))
    monkeypatch.setattr(rates, "PER_MINUTE", 4)
    who, here, there = program(), {}, {}
    for process in (here, there, there, here):  # what each process knows of the minute
        monkeypatch.setattr(rates, "_counts", process)
        assert who.get("/cases").status == 200
    for process in (here, there):
        monkeypatch.setattr(rates, "_counts", process)
        assert who.get("/cases").rule == "api.rate"


def test_a_cache_that_cannot_be_written_refuses_nobody(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "cache", SimpleNamespace(add=lambda *_, **__: False, get=lambda _: None))
    assert program().get("/cases").status == 200


def test_nobody_overwrites_what_was_saved_meanwhile(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    case()
    who = program()
    made = who.form("/probes", probe(tmp_path), case="C-1")
    assert made.status == 201, made.raw
    path, first = f"/probes/{made.json['id']}", made.headers["ETag"]
    saved = who.send("PATCH", path, {"purpose": "find the rider", "galleries": ["g"]}, If_Match=first)
    assert saved.status == 200, saved.raw
    late = who.send("PATCH", path, {"purpose": "another"}, If_Match=first)
    assert (late.status, late.rule) == (412, "api.changed")
    turned = who.post(f"{path}/edits", {"edit": "rotate:5"}, If_Match=saved.headers["ETag"])
    assert (turned.status, turned.json["edits"]) == (200, ["rotate:5"]), turned.raw
    undone = who.post(f"{path}/undo", {"back_to": 0})
    assert undone.json["edits"] == []
    chosen = who.send("PATCH", path, {"face": 1, "origin": "photograph"})
    assert (chosen.json["face"], chosen.json["purpose"]) == (1, "find the rider")
    searched = who.post(f"{path}/search")
    assert searched.status == 201, searched.raw
    assert who.get(f"/searches/{searched.json['searches'][0]}").status == 200
    assert {entry.subject["via"] for entry in entries("search.requested")} == {"api"}


def test_a_cookie_opens_nothing(workspace: Path) -> None:
    browser = signed_in()
    browser.handler.enforce_csrf_checks = True
    assert Program(client=browser).get("/cases").status == 401


def test_an_entry_names_the_token(workspace: Path) -> None:
    who = program()
    who.post("/cases", OPEN)
    (entry,) = entries("case.opened")
    assert (entry.subject["via"], entry.subject["by_token"]) == ("api", who.token.partition(".")[0])


def test_events_of_a_job_come_once_and_end(workspace: Path) -> None:
    who = program()
    job = ask("trial", 1, acting_member=person("examiner"))
    path = f"/jobs/{job.public_id}/events"
    first = who.get(path)
    assert first.headers["Content-Type"] == "text/event-stream"
    seen = re.search(rb"^id: (.*)$", first.raw, re.MULTILINE)
    assert seen is not None
    assert b"event: progress\n" in first.raw
    again = who.get(path, Last_Event_ID=seen[1].decode())
    assert again.raw == b"retry: 2000\n\n", "no event twice"
    who.post(f"/jobs/{job.public_id}/cancel")
    last = who.get(path, Last_Event_ID=seen[1].decode())
    assert b"event: end\n" in last.raw
    over = re.search(rb"^id: (.*)$", last.raw, re.MULTILINE)
    assert over is not None
    assert who.get(path, Last_Event_ID=over[1].decode()).status == 204, "a browser's EventSource stops here"
