"""The operator with the disk: files that say who to believe, keys of another, people planted in an agency.

What is done to rows of the database is in its own file. What the operator can still do is in
docs/explanation/threat-model.md.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from tests.factories.browser import people
from tests.factories.refusals import rule_of
from tests.factories.work import entries, person

from plainview.casework.log.record import record_served
from plainview.casework.log.state import is_sample, is_served
from plainview.casework.models import Agency, Invitation, Member, Proposal
from plainview.casework.people.agencies import accept_terms, open_agency, propose_agency, suspend_agency
from plainview.casework.people.members import join
from plainview.casework.people.tokens import make_token
from plainview.casework.proposals.decide import approve
from plainview.casework.proposals.head import ask_head, decide_as_head, rescue
from plainview.casework.proposals.make import propose, propose_about
from plainview.casework.workspace.services import services
from plainview.policy.proposals import Kind
from plainview.policy.roles import Role

EXAMINER = "examiner@agency.example"


def harbour(*others: tuple[str, Role]) -> Member:
    head = {"jurisdiction": "Port", "head_name": "H. Ead", "head_email": "head@harbour.example"}
    accept_terms(propose_agency("Harbour", **head))
    return join(open_agency("Harbour", administrator_email="boss@harbour.example", others=others).code, "Boss")


def test_planting_an_administrator_by_closing_and_opening_an_agency_is_refused(workspace: Path) -> None:
    harbour()
    suspend_agency("Harbour", reason="an inquiry")
    for people_named in (
        {"administrator_email": "mine@harbour.example"},
        {"others": [("mine@harbour.example", Role.SUPERVISOR)]},
    ):
        assert rule_of(open_agency, "Harbour", **people_named) == "agency.administrator"
    assert open_agency("Harbour").invited == ()
    assert not Invitation.objects.filter(email="mine@harbour.example").exists()


def test_opening_an_agency_without_its_heads_terms_is_refused(workspace: Path) -> None:
    head = {"jurisdiction": "Port", "head_name": "H. Ead", "head_email": "head@harbour.example"}
    propose_agency("Harbour", **head)
    assert rule_of(open_agency, "Harbour", administrator_email="mine@harbour.example") == "agency.terms"


def test_rescuing_a_member_whom_an_administrator_can_help_is_refused(workspace: Path) -> None:
    assert rule_of(rescue, EXAMINER, reason="I want to be them") == "proposal.others"
    assert not Proposal.objects.exists()


def test_rescuing_an_administrator_still_needs_the_supervisor(workspace: Path) -> None:
    before = person("admin").password
    _, code = rescue("admin@agency.example", reason="I want to be them")
    assert code == ""
    assert person("admin").password == before
    assert "admin@agency.example" in {letter.to[0] for letter in mail.outbox}
    assert "auditor@agency.example" in {letter.to[0] for letter in mail.outbox}


def test_entering_the_heads_code_is_on_record_and_the_head_hears_of_it(workspace: Path) -> None:
    boss = harbour()
    _, code = rescue(boss.email, reason="I want to be them")
    decide_as_head(code)
    assert [letter.to for letter in mail.outbox if "head@harbour.example" in letter.to]
    assert entries("proposal.head_asked")[-1].seq < entries("proposal.approved")[-1].seq
    assert entries("proposal.approved")[-1].subject["by_head"] is True


def test_asking_the_head_over_the_members_who_may_decide_is_refused(workspace: Path) -> None:
    proposal = propose_about(Kind.RESET, EXAMINER, reason="lost", acting_member=person("admin"))
    assert rule_of(ask_head, proposal.public_id) == "proposal.others"


def test_a_code_that_was_asked_for_before_somebody_could_decide_ends_then(workspace: Path) -> None:
    boss = harbour()
    wanted = {"email": "s@harbour.example", "roles": ["supervisor"]}
    first = propose(Kind.INVITATION, wanted, reason="the first", acting_member=boss)
    second = propose(Kind.INVITATION, wanted | {"email": "t@harbour.example"}, reason="another", acting_member=boss)
    codes = [ask_head(proposal.public_id)[1] for proposal in (first, second)]
    join(decide_as_head(codes[0]).code, "S")
    assert rule_of(decide_as_head, codes[1]) == "proposal.others"


def test_writing_approved_into_the_row_of_a_proposal_carries_nothing_out(workspace: Path) -> None:
    before = person("examiner").password
    proposal = propose_about(Kind.RESET, EXAMINER, reason="lost", acting_member=person("admin"))
    Proposal.objects.filter(pk=proposal.pk).update(state="approved", decided_by=person("supervisor"))
    assert person("examiner").password == before
    assert entries("proposal.approved") == entries("member.sign_in_reset") == []
    assert rule_of(approve, proposal.public_id, acting_member=person("supervisor")) == "proposal.closed"


def test_removing_a_file_or_writing_sample_makes_nobody_believed(workspace: Path) -> None:
    record_served()
    for name in ("served", ".served"):
        (workspace / name).unlink(missing_ok=True)
    assert is_served()
    settings = workspace / "workspace.toml"
    sample = is_sample()
    settings.write_text(settings.read_text().replace("sample = true", "") + "\n# sample = false\n")
    assert is_sample() == sample


def test_the_database_alone_shows_no_second_factor_password_token_or_code(workspace: Path) -> None:
    secrets = [credential["totp_secret"] for credential in people().values()]
    secrets += [credential["password"] for credential in people().values()]
    _, token = make_token(acting_member=person("examiner"))
    secrets.append(token.partition(".")[2])
    boss = harbour()
    _, code = rescue(boss.email, reason="lost")
    secrets.append(code)
    from django.db import connection

    dump = "\n".join(connection.connection.iterdump())
    assert [secret for secret in secrets if secret in dump] == []
    assert Authenticator.objects.filter(type="totp").exists()


def test_the_outbox_alone_shows_no_code_of_the_head_or_the_approver(workspace: Path) -> None:
    boss = harbour()
    _, code = rescue(boss.email, reason="lost")
    reset = decide_as_head(code).code
    assert [letter for letter in mail.outbox if code in letter.body or reset in letter.body] == []


def test_another_workspaces_key_opens_no_second_factor(workspace: Path) -> None:
    people()
    stored = Authenticator.objects.filter(type="totp").first()
    assert stored is not None
    import base64

    from plainview.storage.seal import KEY_BYTES, SealBroken, Sealer

    sealed = base64.b64decode(stored.data["secret"])
    assert services().openings.open(sealed, b"mfa secret")
    with pytest.raises(SealBroken):
        Sealer(b"x" * KEY_BYTES).open(sealed, b"mfa secret")


def test_an_agencys_people_are_not_changed_by_suspending_it(workspace: Path) -> None:
    harbour(("s@harbour.example", Role.SUPERVISOR))
    before = list(Member.objects.order_by("pk").values_list("email", "roles", "is_active"))
    suspend_agency("Harbour", reason="an inquiry")
    open_agency("Harbour")
    assert list(Member.objects.order_by("pk").values_list("email", "roles", "is_active")) == before
    assert Agency.objects.get(name="Harbour").is_open


def test_the_sqlite_file_is_the_owners_alone(workspace: Path) -> None:
    assert [path.name for path in workspace.iterdir() if path.is_file() and path.stat().st_mode & 0o077] == []
    assert sqlite3.sqlite_version_info
