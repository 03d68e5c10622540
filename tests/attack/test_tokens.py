"""An attacker with a token, a part of one, or none: more than its scopes, after its end, from elsewhere, in the open."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from tests.factories.power import set_roles
from tests.factories.programs import Program, program
from tests.factories.work import at, case, entries, gallery, person, probe

from plainview.api.operations import OPERATIONS
from plainview.casework.models import Token
from plainview.casework.people.members import deactivate
from plainview.casework.people.tokens import Wish, make_token, revoke_token
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.tokens import PERSONAL, scopes_of
from plainview.site.journal import JsonLines

OPEN = {"number": "C-1", "offence": "robbery"}


def test_no_act_goes_beyond_the_scopes_whatever_operation_leads_to_it(workspace: Path, tmp_path: Path) -> None:
    """The scope is asked by the act: an operation whose row named a lesser permission would not help."""
    gallery(tmp_path / "pictures")
    case()
    reader = program("examiner", "case.read")
    for operation in OPERATIONS:
        if operation.who in (Permission.SEARCH_RUN, Permission.CASE_OPEN, Permission.CASE_CLOSE):
            path = operation.shown.replace("{id}", "1")
            answer = reader.send(operation.method, path, {} if operation.method != "GET" else None)
            assert answer.rule in ("token.scope", "api.no_operation"), (operation.name, answer.raw)
    from plainview.casework.cases.open_close import open_case
    from plainview.casework.log.channel import Channel, acting_through

    with acting_through(Channel("api", {}, "K", ("case.read",))), pytest.raises(Refused, match=r"token\.scope"):
        open_case("C-2", "robbery", acting_member=person("examiner"))


def test_a_token_makes_no_token(workspace: Path) -> None:
    """Nothing on the API makes one, so a stolen token cannot outlive its revocation."""
    assert not [operation for operation in OPERATIONS if operation.who is Permission.TOKEN_OWN]


def test_a_token_ends_with_its_revocation_its_day_and_its_member(workspace: Path) -> None:
    who = program()
    identity = who.token.partition(".")[0]
    assert who.get("/cases").status == 200
    with at(timezone.now() + timedelta(days=91)):
        assert who.get("/cases").rule == "token.invalid"
    set_roles("examiner@agency.example", ["verifier"], acting_member=person("admin"))
    assert who.get("/cases").rule == "member.no_permission"
    revoke_token(identity, acting_member=person("examiner"))
    assert who.get("/cases").rule == "token.invalid"
    other = program("verifier")
    deactivate("verifier@agency.example", reason="left", acting_member=person("admin"))
    assert other.get("/verifications").status in (401, 403)
    refused = entries("token.refused")
    examiner, verifier = person("examiner").public_id, person("verifier").public_id
    assert [entry.subject["member"] for entry in refused] == [examiner, examiner, verifier]


def test_a_locked_account_and_a_suspended_agency_have_no_token(workspace: Path) -> None:
    who, member = program(), person("examiner")
    member.locked_at = timezone.now()
    member.save()
    assert who.get("/cases").status == 403
    member.locked_at = None
    member.save()
    agency = member.agency
    agency.suspended_at = timezone.now()
    agency.save()
    assert who.get("/cases").status == 403


@pytest.mark.parametrize("change", [lambda t: t[:-1], lambda t: t + "x", str.swapcase, lambda t: t.partition(".")[2]])
def test_a_part_of_a_token_or_a_changed_one_opens_nothing(workspace: Path, change: Any) -> None:
    assert Program(change(program().token)).get("/cases").rule in ("token.invalid", "token.needed")


def test_a_token_of_another_workspace_is_unknown_here(workspace: Path) -> None:
    token, text = make_token(acting_member=person("examiner"))
    Token.objects.filter(pk=token.pk).delete()
    assert Program(text).get("/cases").rule == "token.invalid"


def test_every_wrong_token_is_refused_in_the_same_words(workspace: Path) -> None:
    good = program().token
    answers = {Program(text).get("/cases").raw for text in (f"{good}x", "K000000000000.x", "x", "K" * 300)}
    assert len(answers) == 1


def test_guessing_does_not_fill_the_log(workspace: Path) -> None:
    token = program().token
    before = len(entries())
    for number in range(40):
        assert Program(f"{token}{number}").get("/cases").status == 401
        assert Program(f"K{number:012}.x").get("/cases").status == 401
    assert len(entries()) - before <= 10


def test_a_token_in_an_address_is_not_read(workspace: Path) -> None:
    token = program().token
    assert Program().get(f"/cases?access_token={token}").rule == "token.needed"
    assert Program().get(f"/cases?token={token}").rule == "token.needed"
    form = Program().send("POST", "/cases", f"access_token={token}".encode(), "application/x-www-form-urlencoded")
    assert form.rule == "token.needed"


def test_neither_log_nor_journal_nor_answer_has_a_token(workspace: Path, caplog: pytest.LogCaptureFixture) -> None:
    who = program()
    secret = who.token.partition(".")[2]
    with caplog.at_level(logging.INFO):
        answers = [
            who.post("/cases", OPEN),
            who.get("/me"),
            who.get("/nothing"),
            who.post("/cases", {"number": secret}),
            Program(who.token + "x").get("/cases"),
        ]
    lines = [JsonLines().format(record) for record in caplog.records]
    assert not [line for line in lines if secret in line]
    assert not [entry for entry in entries() if secret.encode() in entry.canonical]
    assert not [answer for answer in answers if secret in json.dumps(answer.headers) or secret.encode() in answer.raw]
    assert not Token.objects.filter(secret_sha256__contains=secret).exists()


def test_a_service_may_not_decide_what_a_person_decides(workspace: Path) -> None:
    for scopes in (["all"], ["search"], ["verification.record"], ["lead"]):
        with pytest.raises(Refused, match=r"token\.person_only"):
            make_token(Wish(scopes, service="Case system"), acting_member=person("supervisor"))
    token, _ = make_token(Wish(["search.run", "case"], service="Case system"), acting_member=person("examiner"))
    assert token.service == "Case system"
    assert {Permission.EXAMINATION_RECORD, Permission.VERIFICATION_RECORD, Permission.LEAD_RELEASE} <= PERSONAL


def test_a_second_factor_is_needed(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plainview.casework.people.tokens.is_sample", lambda: False)
    for options, rule in (({}, "token.no_factor"), ({"has_factor": True}, "token.factor")):
        with pytest.raises(Refused) as caught:
            make_token(acting_member=person("examiner"), **options)
        assert caught.value.rule_id == rule
    make_token(acting_member=person("examiner"), has_factor=True, checked=True)


@pytest.mark.parametrize(("words", "rule"), [([], "token.no_scope"), (["finding"], "token.scope_unknown")])
def test_a_scope_is_a_known_word(words: list[str], rule: str) -> None:
    with pytest.raises(Refused) as caught:
        scopes_of(words)
    assert caught.value.rule_id == rule
    assert scopes_of(["search.run, case", "ALL"]) == ("all",)
    assert scopes_of(["search.run, case", "case"]) == ("case", "search.run")
    assert scopes_of(["searches:run", "cases", "galleries", "policies"]) == ("case", "gallery", "policy", "search.run")
    assert scopes_of(["*"]) == ("all",)


def test_a_search_by_a_scoped_token_obeys_every_rule(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    case()
    asked = {"case": "C-1", "purpose": "find the rider", "gallery": "g"}
    image = probe(tmp_path)
    searcher = program("examiner", "search.run")
    assert searcher.form("/searches", image, **asked).status == 201
    assert searcher.form("/searches", image, **(asked | {"case": ""})).rule == "case.missing"
    assert searcher.get("/searches").rule == "token.scope"
