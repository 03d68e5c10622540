"""The walk of the outsiders on the command line: disclosed, checked elsewhere, reviewed, sampled; each step by its command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.factories.commands import invoke
from tests.factories.examination import examined
from tests.factories.outsiders import in_days
from tests.factories.work import case, entries, gallery, probe, search

from plainview.casework.models import Member
from plainview.policy.decision import Refused
from plainview.policy.disclosure import EXONERATION


def run(*words: object, who: str = "", fails: bool = False) -> str:
    acting = ("--as", f"{who}@agency.example") if who else ()
    result = invoke([*map(str, words), *acting])
    assert (result.exit_code != 0) is fails, (words, result.output, result.exception)
    return result.output


def told(*words: object, who: str = "") -> Any:
    return json.loads(run(*words, "--json", who=who))


def test_who_joins_a_real_workspace_by_command_is_told_of_the_page(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = told("member", "invite", "new@agency.example", "--role", "examiner", who="admin")["code"]
    monkeypatch.setattr("plainview.cli.people.is_sample", lambda: False)
    refused = invoke(["member", "join", code, "--name", "N"]).exception
    assert isinstance(refused, Refused)
    assert refused.rule_id == "member.join_page"
    assert not Member.objects.filter(email="new@agency.example").exists()
    run("member", "join", code, "--name", "N", "--without-sign-in")
    assert Member.objects.get(email="new@agency.example").is_active


@pytest.mark.long
def test_disclosed_checked_reviewed_and_sampled(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    case()
    image = probe(tmp_path)
    found = search(image).search.public_id
    examined(found, 1)
    # To the defence, and back.
    until = in_days(20)
    who = ("--email", "counsel@defence.example", "--name", "Ada Counsel", "--until", until)
    granted = told("disclosure", "grant", found, *who, who="supervisor")
    run("member", "join", granted["code"], "--name", "Ada Counsel")
    assert Member.objects.get(email="counsel@defence.example").ends_on == until
    package = tmp_path / "p.zip"
    run("disclose", found, "--out", package, "--pictures", "none", who="supervisor", fails=True)
    run(
        "disclose",
        found,
        "--out",
        package,
        "--pictures",
        "none",
        "--reason",
        "children are on it",
        who="supervisor",
    )
    checked = told("verify-package", package, "--list")
    assert (checked["ok"], checked["rerun_identical"]) == (True, True)
    assert checked["recorded"] == checked["again"]
    shown = run("verify-package", package, "--list")
    assert [line.split()[0] for line in shown.splitlines() if line.split()[-1:] == ["same"]] == ["1", "2"]
    package.write_bytes(package.read_bytes().replace(b'"rank": 1', b'"rank": 2'))
    problems = json.loads(run("verify-package", package, "--json", fails=True))["problems"]
    assert any(problem.startswith("search.json: ") for problem in problems)
    run("disclosure", "revoke", granted["grant"], "--reason", "the case was dismissed", who="supervisor")
    listed = told("disclosure", "list", found, who="supervisor")
    assert listed["grants"][0]["revoked_at"]
    # A review.
    asked = (
        "--requester",
        "Ada Counsel",
        "--body",
        "the defence of B",
        "--reason",
        "he was abroad",
        "--charged",
        1,
    )
    review = told("exoneration", "ask", found, *asked, who="supervisor")["review"]
    run("exoneration", "decide", review, "--accept", who="supervisor")
    asked = ("--case", "C-1", "--purpose", EXONERATION, "--gallery", "g", "--review", review)
    again = told("search", image, *asked, who="examiner")["search_id"]
    run("exoneration", "answer", review, who="supervisor", fails=True)
    examined(again, 2)
    answer = told("exoneration", "answer", review, who="supervisor")
    assert answer["searches"][0]["charged_rank"] == 1
    assert len(answer["searches"][0]["put_forward"]) == 1
    assert "Put forward from it: 1 other." in run("exoneration", "show", review, who="examiner")
    assert told("exoneration", "list", who="auditor")["reviews"][0]["state"] == "answered"
    # An auditor from outside, and a sample.
    auditor = ("--role", "outside auditor", "--until", until, "--reason", "the yearly audit")
    proposed = told("member", "invite", "i@audit.example", *auditor, who="admin")["proposal"]
    code = told("proposal", "approve", proposed, who="supervisor")["code"]
    run("member", "join", code, "--name", "Ivo Inspector")
    inspector = ("--as", "i@audit.example")
    sample = told("audit", "sample", "--n", 2, "--seed", "blue bicycle", *inspector)
    run(
        "audit",
        "finding",
        sample["sample"],
        1,
        "--finding",
        "breach",
        "--reason",
        "no case was open",
        *inspector,
    )
    run("audit", "finding", sample["sample"], 2, "--finding", "in order", *inspector)
    assert told("audit", "sample-show", sample["sample"], *inspector)["overview"]["complete"] is True
    run("audit", "sample-check", sample["sample"], *inspector)
    assert told("audit", "sample-verify", workspace / "audit")["ok"] is True
    assert told("audit", "samples", *inspector)["samples"][0]["says"].startswith("1 of 2 in breach: 50 %")
    places = {row.subject["place"] for row in entries("outsider.opened")}
    assert places == {"audit.sample"}
