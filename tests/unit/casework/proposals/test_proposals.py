"""Every act that needs two people, from its proposal to its end, with all who are told."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.db import transaction
from django.utils import timezone
from tests.factories.power import agreed
from tests.factories.refusals import rule_of
from tests.factories.work import at, entries, person

from plainview.casework.log.write import write_entry
from plainview.casework.models import Member, PolicyVersion, Proposal, RetentionVersion
from plainview.casework.people.agencies import accept_terms, open_agency, propose_agency
from plainview.casework.people.members import deactivate, invite_member, join
from plainview.casework.people.sign_in import use_reset
from plainview.casework.people.tokens import make_token, require_token
from plainview.casework.proposals.acts import ACTS
from plainview.casework.proposals.decide import approve, reject
from plainview.casework.proposals.head import ask_head, decide_as_head, rescue
from plainview.casework.proposals.make import propose, propose_about
from plainview.casework.proposals.read import about, shown, to_decide
from plainview.casework.upkeep.spent import end_spent
from plainview.policy.agency import SAMPLE
from plainview.policy.proposals import Kind
from plainview.policy.retention import BEGINNING
from plainview.policy.roles import Role

EXAMINER, AUDITOR = "examiner@agency.example", "auditor@agency.example"
RULES = BEGINNING.replace("days = 30", "days = 31")


def about_examiner(kind: Kind, **wanted: Any) -> Proposal:
    return propose_about(kind, EXAMINER, reason="it is needed", acting_member=person("admin"), **wanted)


def of_agency(kind: Kind, **wanted: Any) -> Proposal:
    return propose(kind, wanted, reason="it is needed now", acting_member=person("admin"))


def lock() -> None:
    Member.objects.filter(email=EXAMINER).update(locked_at=timezone.now())


def made(kind: Kind) -> Proposal:
    if kind is Kind.RELEASE:
        lock()
    if kind is Kind.LAST_AUDITOR:
        return propose_about(kind, AUDITOR, reason="left the agency", acting_member=person("admin"))
    values: dict[Kind, dict[str, Any]] = {
        Kind.ROLES: {"roles": ["verifier"]},
        Kind.INVITATION: {"email": "new@agency.example", "roles": ["supervisor"]},
        Kind.POLICY: {"text": SAMPLE.replace("alert_days = 30", "alert_days = 29")},
        Kind.RETENTION: {"text": RULES},
    }
    if kind in (Kind.ROLES, Kind.RESET, Kind.RELEASE):
        return about_examiner(kind, **values.get(kind, {}))
    return of_agency(kind, **values[kind])


def state() -> tuple[Any, ...]:
    members = Member.objects.order_by("pk").values_list("email", "roles", "is_active", "locked_at", "password")
    return [*members], PolicyVersion.objects.count(), RetentionVersion.objects.count()


def test_every_kind_has_its_act() -> None:
    assert set(ACTS) == set(Kind)


@pytest.mark.parametrize("kind", list(Kind))
def test_a_proposal_changes_nothing_until_another_person_approves_it(workspace: Path, kind: Kind) -> None:
    lock() if kind is Kind.RELEASE else None
    before = state()
    proposal = made(kind)
    assert state()[1:] == before[1:]
    assert rule_of(approve, proposal.public_id, acting_member=person("admin")) == "proposal.own"
    assert entries("proposal.decide.refused")[-1].actor == person("admin").public_id
    decided = approve(proposal.public_id, acting_member=person("supervisor"))
    assert bool(decided.code) == (kind in (Kind.INVITATION, Kind.RESET))
    assert (state() != before) or kind is Kind.INVITATION
    proposed, approved = entries("proposal.made")[-1], entries("proposal.approved")[-1]
    assert (proposed.actor, approved.actor) == (person("admin").public_id, person("supervisor").public_id)
    assert approved.subject["proposal"] == proposed.subject["proposal"] == proposal.public_id
    assert approved.subject["proposed_by"] == person("admin").public_id
    act = entries()[-1]
    assert act.subject["proposal"] == proposal.public_id
    assert rule_of(approve, proposal.public_id, acting_member=person("supervisor")) == "proposal.closed"


@pytest.mark.parametrize("kind", list(Kind))
def test_a_rejected_proposal_changes_nothing_and_ends(workspace: Path, kind: Kind) -> None:
    proposal = made(kind)
    before = state()
    assert rule_of(reject, proposal.public_id, reason=" ", acting_member=person("supervisor")) == "proposal.reason"
    reject(proposal.public_id, reason="not needed", acting_member=person("supervisor"))
    assert state() == before
    assert entries("proposal.rejected")[-1].actor == person("supervisor").public_id
    assert rule_of(approve, proposal.public_id, acting_member=person("supervisor")) == "proposal.closed"


def test_its_own_proposer_withdraws_it(workspace: Path) -> None:
    proposal = about_examiner(Kind.RESET)
    assert rule_of(about_examiner, Kind.RESET) == "proposal.waiting"
    reject(proposal.public_id, reason="the phone was found", acting_member=person("admin"))
    assert entries("proposal.withdrawn")[-1].subject["proposal"] == proposal.public_id
    about_examiner(Kind.RESET)


def test_everyone_concerned_is_told_of_both(workspace: Path) -> None:
    proposal = about_examiner(Kind.RESET)
    told = {letter.to[0]: letter.body for letter in mail.outbox}
    assert set(told) == {"supervisor@agency.example", AUDITOR, EXAMINER}
    assert "Sample administrator" in told[EXAMINER] or person("admin").name in told[EXAMINER]
    assert about(person("examiner")) == [proposal]
    assert to_decide(person("supervisor")) == [proposal]
    assert to_decide(person("admin")) == to_decide(person("auditor")) == []
    mail.outbox.clear()
    code = approve(proposal.public_id, acting_member=person("supervisor")).code
    assert {letter.to[0] for letter in mail.outbox} == {"admin@agency.example", AUDITOR, EXAMINER}
    assert all(code not in letter.body for letter in mail.outbox)
    assert about(person("examiner")) == []


def test_nobody_approves_a_proposal_about_themselves(workspace: Path) -> None:
    proposal = propose_about(
        Kind.ROLES, "supervisor@agency.example", reason="moved", roles=["examiner"], acting_member=person("admin")
    )
    assert rule_of(approve, proposal.public_id, acting_member=person("supervisor")) == "proposal.concerned"


def test_nobody_proposes_for_themselves(workspace: Path) -> None:
    admin = person("admin")
    for kind in (Kind.ROLES, Kind.RESET, Kind.RELEASE):
        assert rule_of(propose_about, kind, admin.email, reason="me", acting_member=admin) == "member.own_act"


def test_a_proposal_expires(workspace: Path) -> None:
    proposal = about_examiner(Kind.RESET)
    with at(proposal.expires_at - timedelta(seconds=1)):
        assert to_decide(person("supervisor")) == [proposal]
    with at(proposal.expires_at):
        assert to_decide(person("supervisor")) == []
        assert rule_of(approve, proposal.public_id, acting_member=person("supervisor")) == "proposal.closed"


def test_the_approver_approves_what_was_proposed_and_nothing_that_changed_since(workspace: Path) -> None:
    first = about_examiner(Kind.ROLES, roles=["examiner", "verifier"])
    second = about_examiner(Kind.ROLES, roles=["supervisor"])
    agreed(first)
    assert rule_of(approve, second.public_id, acting_member=person("supervisor")) == "proposal.stale"
    one, two = made(Kind.POLICY), of_agency(Kind.POLICY, text=SAMPLE.replace("alert_days = 30", "alert_days = 7"))
    agreed(one)
    assert rule_of(approve, two.public_id, acting_member=person("supervisor")) == "proposal.stale"


def test_a_proposal_ends_with_its_proposers_power(workspace: Path) -> None:
    other = join(agreed(of_agency(Kind.INVITATION, email="b@agency.example", roles=["agency administrator"])).code, "B")
    proposal = propose_about(Kind.RESET, EXAMINER, reason="lost", acting_member=other)
    deactivate(other.email, reason="left", acting_member=person("admin"))
    assert rule_of(approve, proposal.public_id, acting_member=person("supervisor")) == "proposal.proposer"


def test_a_reset_ends_tokens_and_factors_and_its_code_works_once(workspace: Path) -> None:
    examiner = person("examiner")
    _, token = make_token(acting_member=examiner)
    code = agreed(about_examiner(Kind.RESET)).code
    assert rule_of(require_token, token, acting_member=examiner) == "token.invalid"
    use_reset(code, "a long enough passphrase")
    assert rule_of(use_reset, code, "another long passphrase") == "invitation.invalid"


def test_the_only_auditor_is_ended_by_two_and_one_of_two_by_one(workspace: Path) -> None:
    admin = person("admin")
    assert rule_of(deactivate, AUDITOR, reason="left", acting_member=admin) == "proposal.needed"
    second = join(agreed(of_agency(Kind.INVITATION, email="a2@agency.example", roles=["auditor"])).code, "A2")
    assert rule_of(propose_about, Kind.LAST_AUDITOR, AUDITOR, reason="left", acting_member=admin) == "member.not_last"
    deactivate(AUDITOR, reason="left", acting_member=admin)
    assert rule_of(deactivate, second.email, reason="left", acting_member=admin) == "proposal.needed"


def test_what_is_shown_is_what_would_change(workspace: Path) -> None:
    roles = shown(about_examiner(Kind.ROLES, roles=["verifier"], on_trial=True))
    assert dict(roles.facts)["Roles now"] == "examiner"
    assert dict(roles.facts)["Roles then"] == "verifier"
    assert dict(roles.facts)["On trial then"] == "yes"
    lines = shown(made(Kind.POLICY)).difference
    changed = [line[:16] for line in lines if line[0] in "+-" and line[:3] not in ("+++", "---")]
    assert changed == ["-alert_days = 30", "+alert_days = 29"]
    assert "+days = 31" in shown(made(Kind.RETENTION)).difference


def alone() -> Member:
    """The only administrator of an agency without a supervisor."""
    accept_terms(propose_agency("Alone", jurisdiction="J", head_name="H. Ead", head_email="head@alone.example"))
    return join(open_agency("Alone", administrator_email="boss@alone.example").code, "Boss")


def test_where_nobody_else_may_the_operator_and_the_head_decide(workspace: Path) -> None:
    boss = alone()
    wanted = {"email": "s@alone.example", "roles": ["supervisor"]}
    proposal = propose(Kind.INVITATION, wanted, reason="the first one", acting_member=boss)
    _, first = ask_head(proposal.public_id)
    _, code = ask_head(proposal.public_id)
    assert rule_of(decide_as_head, first) == "proposal.code"  # the newest code counts
    assert [letter.to for letter in mail.outbox][-1] == ["head@alone.example"]
    assert code not in mail.outbox[-1].body
    decided = decide_as_head(code)
    assert rule_of(decide_as_head, code) == "proposal.code"
    assert join(decided.code, "S").roles == ["supervisor"]
    asked, approved = entries("proposal.head_asked")[-1], entries("proposal.approved")[-1]
    assert asked.subject["proposal"] == approved.subject["proposal"] == proposal.public_id
    assert approved.subject["by_head"] is True
    assert asked.actor == approved.actor == "system"


def test_the_operator_asks_no_head_while_a_member_may_decide(workspace: Path) -> None:
    proposal = about_examiner(Kind.RESET)
    assert rule_of(ask_head, proposal.public_id) == "proposal.others"
    boss = alone()
    waiting = propose(
        Kind.INVITATION, {"email": "s@a.example", "roles": ["supervisor"]}, reason="x", acting_member=boss
    )
    _, code = ask_head(waiting.public_id)
    Member.objects.create(agency=boss.agency, email="s2@a.example", name="S2", roles=[Role.SUPERVISOR.value])
    assert rule_of(decide_as_head, code) == "proposal.others"


def test_the_only_administrator_is_rescued_by_the_operator_and_another(workspace: Path) -> None:
    assert rule_of(rescue, EXAMINER, reason="lost") == "proposal.others"
    proposal, code = rescue("admin@agency.example", reason="lost the phone")
    assert code == ""  # a supervisor may approve
    assert use_reset(approve(proposal.public_id, acting_member=person("supervisor")).code, "x" * 14).email
    boss = alone()
    proposal, code = rescue(boss.email, reason="lost the phone")
    assert use_reset(decide_as_head(code).code, "a long enough passphrase") == boss


def test_a_restore_ends_open_proposals_and_the_heads_codes(workspace: Path) -> None:
    boss = alone()
    wanted = {"email": "s@alone.example", "roles": ["supervisor"]}
    _, code = ask_head(propose(Kind.INVITATION, wanted, reason="x", acting_member=boss).public_id)
    proposal = about_examiner(Kind.RESET)
    with transaction.atomic():  # as a restore does
        ended = Proposal.objects.filter(public_id__in=end_spent([], log_known=True).proposals)
        write_entry("rows.committed", {}, acting_member=None, rows=ended)
    assert rule_of(decide_as_head, code) == "proposal.code"
    assert rule_of(approve, proposal.public_id, acting_member=person("supervisor")) == "proposal.closed"


@pytest.mark.parametrize("name", ["examiner", "verifier", "supervisor", "auditor"])
def test_only_administrators_propose(workspace: Path, name: str) -> None:
    for kind in (Kind.RESET, Kind.RELEASE, Kind.LAST_AUDITOR, Kind.ROLES):
        options = {"roles": ["verifier"]} if kind is Kind.ROLES else {}
        rule = rule_of(propose_about, kind, EXAMINER, reason="x", acting_member=person(name), **options)
        assert rule == "member.no_permission", kind


def test_another_agencys_proposal_is_unknown(workspace: Path) -> None:
    proposal = about_examiner(Kind.RESET)
    boss = alone()
    assert rule_of(approve, proposal.public_id, acting_member=boss) == "proposal.unknown"
    assert rule_of(reject, proposal.public_id, reason="x", acting_member=boss) == "proposal.unknown"


def test_an_invited_supervisor_on_trial_stays_on_trial(workspace: Path) -> None:
    wanted = {"email": "t@agency.example", "roles": ["examiner", "supervisor"], "on_trial": True}
    member = join(agreed(of_agency(Kind.INVITATION, **wanted)).code, "T")
    assert member.on_trial


def test_an_invitation_to_a_role_without_power_needs_nobody(workspace: Path) -> None:
    assert invite_member("e@agency.example", ["examiner"], acting_member=person("admin")).code
    assert (
        rule_of(invite_member, "s@agency.example", ["supervisor"], acting_member=person("admin")) == "proposal.needed"
    )
