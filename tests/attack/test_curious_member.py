"""Curious members: reading what is not theirs, acting after their access ended, saying nothing about why."""

from __future__ import annotations

import json
import os
import stat
import zipfile
from datetime import date
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from tests.factories.browser import people, signed_in
from tests.factories.commands import invoke
from tests.factories.models import collins, hopper
from tests.factories.power import reset_sign_in, set_roles
from tests.factories.refusals import rule_of
from tests.factories.work import case, entries, person, probe, search, write

from plainview.casework.enrolment.enrol import enrol
from plainview.casework.enrolment.manifest import read_items
from plainview.casework.find import member_by_email
from plainview.casework.galleries.passports import create_gallery
from plainview.casework.models import Member, Proposal, Reference, Search
from plainview.casework.people.members import deactivate
from plainview.casework.people.samples import credentials
from plainview.casework.people.second_factor import check_code
from plainview.casework.people.sign_in import end_session
from plainview.casework.people.tokens import make_token, require_token
from plainview.casework.proposals.decide import approve, reject
from plainview.casework.proposals.make import propose_about
from plainview.policy.proposals import Kind
from plainview.recheck.package import verify_package

EXAMINER = "examiner@agency.example"


def reset_of_the_examiner() -> Proposal:
    return propose_about(Kind.RESET, EXAMINER, reason="lost the phone", acting_member=person("admin"))


@pytest.mark.parametrize("name", ["examiner", "verifier"])
def test_reading_and_deciding_proposals_is_refused_and_recorded(workspace: Path, name: str) -> None:
    proposal, client = reset_of_the_examiner(), signed_in(name)
    for path in ("/proposals/", f"/proposals/{proposal.public_id}/"):
        assert client.get(path).status_code == 403
        assert entries("proposal.read.refused")[-1].actor == person(name).public_id
    assert client.post(f"/proposals/{proposal.public_id}/decide/", {"do": "approve"}).status_code == 403
    assert rule_of(approve, proposal.public_id, acting_member=person(name)) == "member.no_permission"
    assert rule_of(reject, proposal.public_id, reason="no", acting_member=person(name)) == "member.no_permission"


def test_a_supervisor_proposes_nothing_and_approves_nothing_about_themselves(workspace: Path) -> None:
    supervisor = person("supervisor")
    assert rule_of(propose_about, Kind.RESET, EXAMINER, reason="x", acting_member=supervisor) == "member.no_permission"
    proposal = propose_about(
        Kind.ROLES, supervisor.email, reason="more", roles=["examiner", "supervisor"], acting_member=person("admin")
    )
    assert rule_of(approve, proposal.public_id, acting_member=supervisor) == "proposal.concerned"


def test_an_auditor_reads_proposals_and_decides_none(workspace: Path) -> None:
    proposal, client = reset_of_the_examiner(), signed_in("auditor")
    assert client.get(f"/proposals/{proposal.public_id}/").status_code == 200
    assert client.post(f"/proposals/{proposal.public_id}/decide/", {"do": "approve"}).status_code == 403


@pytest.mark.parametrize("how", ["reset", "locked", "deactivated"])
def test_a_token_that_was_made_in_time_is_no_use_afterwards(workspace: Path, how: str) -> None:
    examiner = person("examiner")
    _, token = make_token(acting_member=examiner)
    require_token(token, acting_member=examiner)
    if how == "reset":
        reset_sign_in(EXAMINER, acting_member=person("admin"))
    elif how == "deactivated":
        deactivate(EXAMINER, reason="left", acting_member=person("admin"))
    else:
        Member.objects.filter(pk=examiner.pk).update(locked_at=timezone.now())
    if how == "locked":  # by another way than second factors: nothing else may work either
        assert rule_of(make_token, acting_member=examiner) == "member.locked"
    else:
        assert rule_of(require_token, token, acting_member=examiner) == "token.invalid"


def test_a_stolen_token_and_session_end_with_the_password(workspace: Path) -> None:
    """mastodon #12928: a changed password left tokens valid."""
    examiner, client = person("examiner"), signed_in()
    stolen = Client()
    stolen.cookies = SimpleCookie({"session": client.cookies["session"].value})
    _, token = make_token(acting_member=examiner)
    old = credentials()[EXAMINER]["password"]
    new = "another long passphrase"
    assert stolen.get("/").status_code == 200
    client.post("/accounts/password/change/", {"oldpassword": old, "password1": new, "password2": new})
    assert entries("password.changed")[-1].subject["tokens_ended"] == 1
    assert rule_of(require_token, token, acting_member=examiner) == "token.invalid"
    assert stolen.get("/").status_code == 302
    assert client.get("/").status_code == 200


def test_a_locked_member_does_nothing_in_a_process_that_knows_them(workspace: Path, tmp_path: Path) -> None:
    examiner = person("examiner")
    Member.objects.filter(pk=examiner.pk).update(locked_at=timezone.now())
    assert examiner.locked_at is None  # as the process remembers
    rule = rule_of(search, probe(tmp_path), examiner)
    assert rule == "member.locked"


def test_a_role_that_was_taken_away_is_gone_in_a_session_that_began_before(workspace: Path) -> None:
    client = signed_in("supervisor")
    assert client.get("/proposals/").status_code == 200
    set_roles("supervisor@agency.example", ["verifier"], acting_member=person("admin"))
    assert client.get("/proposals/").status_code == 403


def test_a_reset_ends_the_sessions_that_are_open_elsewhere(workspace: Path) -> None:
    client = signed_in()
    reset_sign_in(EXAMINER, acting_member=person("admin"))
    assert client.get("/").status_code == 302


def test_ending_somebody_elses_session_is_unknown(workspace: Path) -> None:
    from allauth.usersessions.models import UserSession

    signed_in("auditor")
    theirs = UserSession.objects.get(user=person("auditor"))
    assert rule_of(end_session, theirs.pk, acting_member=person("examiner")) == "session.unknown"


@pytest.fixture
def enrolled(workspace: Path, tmp_path: Path) -> Search:
    """A search of a gallery that was enrolled from a folder of the server, without a manifest."""
    folder = tmp_path / "secret-share" / "custody"
    folder.mkdir(parents=True)
    write(hopper(), folder / "hopper.png")
    write(collins(), folder / "collins.png")
    fields = {"legal_basis": "law", "source": "tests", "owner": "tests", "expires_on": date(2999, 1, 1)}
    create_gallery("g", **fields, acting_member=person("admin"))
    enrol("g", read_items(folder), acting_member=person("admin"))
    case()
    return search(probe(tmp_path)).search


def test_a_candidate_page_shows_no_path_of_the_server(enrolled: Search) -> None:
    page = signed_in("examiner").get(f"/searches/{enrolled.public_id}/").content.decode()
    assert "urn:plainview:file:custody/collins.png" in page
    assert "secret-share" not in page
    assert "file:/" not in page


def test_a_package_for_the_defence_shows_no_path_of_the_server(enrolled: Search, tmp_path: Path) -> None:
    out = tmp_path / "package.zip"
    words = ["disclose", enrolled.public_id, "--out", str(out), "--as", "supervisor@agency.example"]
    assert invoke(words).exit_code == 0
    with zipfile.ZipFile(out) as package:
        whole = b"".join(package.read(name) for name in package.namelist())
    assert b"urn:plainview:file:custody/collins.png" in whole
    assert b"secret-share" not in whole
    assert verify_package(out).ok


def test_the_path_that_an_earlier_version_stored_is_shown_to_nobody(enrolled: Search, tmp_path: Path) -> None:
    Reference.objects.update(source_url="file:///srv/secret-share/custody/collins.png")
    page = signed_in("examiner").get(f"/searches/{enrolled.public_id}/").content.decode()
    listed = invoke(["search", str(probe(tmp_path)), "--case", "C-1", "--gallery", "g", "--json", *_WHO]).stdout
    assert "secret-share" not in page
    assert "urn:plainview:file:collins.png" in page
    links = {candidate["source_url"] for candidate in json.loads(listed)["candidates"]}
    assert links == {"urn:plainview:file:collins.png"}


_WHO = ["--purpose", "find the rider of the scooter", "--as", EXAMINER]


def test_no_link_of_a_candidate_runs_a_script(enrolled: Search) -> None:
    Reference.objects.update(source_url="javascript:alert(1)", page_url="data:text/html,x")
    page = signed_in("examiner").get(f"/searches/{enrolled.public_id}/").content.decode()
    assert "javascript:alert(1)" in page  # as a text
    assert 'href="javascript:' not in page
    assert 'href="data:' not in page


def test_another_user_of_the_machine_reads_no_package_sheet_or_export(enrolled: Search, tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        for words in (
            ["disclose", enrolled.public_id, "--out", str(tmp_path / "p.zip"), "--as", "supervisor@agency.example"],
            ["audit", "export", str(tmp_path / "log")],
            ["gallery", "export", "g", str(tmp_path / "nist"), "--reason", "asked for", "--as", "admin@agency.example"],
        ):
            done = invoke(words)
            assert done.exit_code == 0, done.output
    finally:
        os.umask(before)
    written = [tmp_path / "p.zip", *(tmp_path / "log").rglob("*"), *(tmp_path / "nist").rglob("*")]
    assert len(written) > 4
    assert [path for path in written if stat.S_IMODE(path.stat().st_mode) & 0o077 and path.is_file()] == []


def test_a_proposal_of_another_agency_is_as_unknown_as_none(workspace: Path) -> None:
    proposal = reset_of_the_examiner()
    Proposal.objects.update(agency=_other_agency())
    for public_id in (proposal.public_id, "U000000000000"):
        assert rule_of(approve, public_id, acting_member=person("supervisor")) == "proposal.unknown"
        assert signed_in_once("supervisor").get(f"/proposals/{public_id}/").status_code == 404


def _other_agency() -> Any:
    from plainview.casework.models import Agency

    return Agency.objects.create(name="Other")


def signed_in_once(name: str) -> Any:
    from django.test import Client

    client = Client(raise_request_exception=False)
    client.force_login(member_by_email(f"{name}@agency.example"), backend="plainview.web.adapters.Backend")
    signed = client.session
    signed.save()
    from allauth.mfa.totp.internal import auth as totp

    if not member_by_email(f"{name}@agency.example").authenticator_set.filter(type="totp").exists():
        totp.TOTP.activate(member_by_email(f"{name}@agency.example"), totp.generate_totp_secret())
    return client


def test_guessing_second_factors_on_the_command_line_locks_too(workspace: Path) -> None:
    people()
    examiner = person("examiner")
    for _ in range(5):
        assert not check_code(person("examiner"), "000000")
    assert person("examiner").locked_at is not None
    assert not check_code(person("examiner"), credentials()[EXAMINER]["code"])
    assert rule_of(make_token, acting_member=examiner) == "member.locked"
