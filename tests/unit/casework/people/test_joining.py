"""From an agency's proposal to a member's first search: every step needs the one before, and another person."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.core import mail
from django.utils import timezone
from tests.factories.power import invite_member, set_roles
from tests.factories.work import at, case, entries, gallery, person, probe, search

from plainview.casework.find import member_by_email
from plainview.casework.models import Agency, Invitation, Member
from plainview.casework.people.agencies import accept_terms, open_agency, propose_agency, suspend_agency
from plainview.casework.people.members import deactivate, join, record_training
from plainview.casework.people.tokens import make_token, require_token, revoke_token
from plainview.casework.people.trial_letter import weekly_report
from plainview.casework.people.trials import approve_trial, send_reports
from plainview.policy.decision import Refused
from plainview.policy.roles import Role
from plainview.policy.terms import TERMS_SHA256
from plainview.storage.base import digest_of

COURSE = "facial examination, FISWG curriculum"
DAY = timedelta(days=1)


def refused(rule: str, act: object, *arguments: object, **options: object) -> None:
    with pytest.raises(Refused) as caught:
        act(*arguments, **options)  # type: ignore[operator]
    assert caught.value.rule_id == rule


def proposed() -> str:
    return propose_agency("Harbour", jurisdiction="Port", head_name="H. Ead", head_email="head@harbour.example")


def test_an_agency_opens_only_after_its_head_accepted(workspace: Path) -> None:
    code = proposed()
    refused("agency.terms", open_agency, "Harbour", administrator_email="boss@harbour.example")
    refused("agency.code", accept_terms, code + "x")
    accept_terms(code)
    refused("agency.code", accept_terms, code)
    assert entries("agency.terms_accepted")[0].subject["terms_sha256"] == TERMS_SHA256
    invited = open_agency("Harbour", administrator_email="boss@harbour.example")
    refused("agency.open", open_agency, "Harbour", administrator_email="boss@harbour.example")
    boss = join(invited.code, "The Boss")
    assert (boss.agency.name, boss.roles) == ("Harbour", ["agency administrator"])
    assert not boss.has_usable_password()
    text = b"".join(bytes(row.canonical) for row in entries())
    assert b"boss@" not in text
    assert b"H. Ead" not in text


def test_an_agency_opens_with_the_people_whom_its_head_names(workspace: Path) -> None:
    accept_terms(proposed())
    refused("agency.no_administrator", open_agency, "Harbour")
    refused("agency.no_administrator", open_agency, "Harbour", others=[("s@harbour.example", Role.SUPERVISOR)])
    others = [("s@harbour.example", Role.SUPERVISOR), ("a@harbour.example", Role.AUDITOR)]
    opened = open_agency("Harbour", administrator_email="boss@harbour.example", others=others)
    roles = [join(invited.code, "N").roles for invited in opened.invited]
    assert roles == [["agency administrator"], ["supervisor"], ["auditor"]]


def test_nobody_acts_for_an_agency_that_is_not_open(workspace: Path) -> None:
    accept_terms(proposed())
    invited = open_agency("Harbour", administrator_email="boss@harbour.example")
    boss = join(invited.code, "The Boss")
    later = invite_member("ex@harbour.example", ["examiner"], acting_member=boss)
    suspend_agency("Harbour", reason="review")
    refused("agency.not_open", invite_member, "x@harbour.example", ["examiner"], acting_member=boss)
    refused("agency.not_open", join, later.code, "Ex")
    assert entries("member.invite.refused")[-1].subject["rule"] == "agency.not_open"
    refused("agency.administrator", open_agency, "Harbour", administrator_email="second@harbour.example")
    assert open_agency("Harbour").invited == ()
    assert join(later.code, "Ex").email == "ex@harbour.example"


def test_an_invitation_is_used_once_in_time_and_the_newest_counts(workspace: Path) -> None:
    admin = person("admin")
    first = invite_member("New@agency.example", ["examiner"], acting_member=admin)
    second = invite_member("new@agency.example", ["verifier"], acting_member=admin)
    refused("invitation.invalid", join, first.code, "New")
    with at(timezone.now() + 7 * DAY):
        refused("invitation.invalid", join, second.code, "New")
    refused("member.name", join, second.code, " \t ")
    assert not Invitation.objects.filter(code_sha256__contains=second.code).exists()
    assert join(second.code, "New Person").roles == ["verifier"]
    refused("invitation.invalid", join, second.code, "New")
    refused("member.exists", invite_member, "new@agency.example", ["examiner"], acting_member=admin)


@pytest.mark.parametrize("name", ["examiner", "verifier", "supervisor", "auditor"])
def test_only_administrators_invite(workspace: Path, name: str) -> None:
    refused("member.no_permission", invite_member, "x@y.example", ["examiner"], acting_member=person(name))
    assert entries("member.invite.refused")[-1].actor == person(name).public_id
    assert not Invitation.objects.exists()


def test_nobody_changes_their_own_standing(workspace: Path) -> None:
    admin, today = person("admin"), timezone.now().date()
    refused("member.own_act", set_roles, admin.email, ["examiner"], acting_member=admin)
    refused("member.own_act", deactivate, admin.email, reason="x", acting_member=admin)
    refused("member.own_act", record_training, admin.email, COURSE, 24, today, today, acting_member=admin)


def test_another_agencys_people_are_as_unknown_as_nobody(workspace: Path) -> None:
    accept_terms(proposed())
    boss = join(open_agency("Harbour", administrator_email="boss@harbour.example").code, "Boss")
    for act, extra in (
        (set_roles, {"roles": ["examiner"]}),
        (deactivate, {"reason": "x"}),
    ):
        with pytest.raises(Refused) as there:
            act("examiner@agency.example", **extra, acting_member=boss)
        with pytest.raises(Refused) as nobody:
            act("nobody@agency.example", **extra, acting_member=boss)
        assert there.value.rule_id == nobody.value.rule_id == "member.unknown"
    assert person("examiner").is_active


def test_a_role_taken_away_counts_at_once(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    case()
    held = person("examiner")  # as a page or a process holds it
    set_roles(held.email, ["verifier"], acting_member=person("admin"))
    assert "examiner" in held.roles
    refused("member.no_permission", search, probe(tmp_path), held)
    deactivate(held.email, reason="left", acting_member=person("admin"))
    refused("member.inactive", search, probe(tmp_path), held)


def on_trial(tmp_path: Path) -> Member:
    gallery(tmp_path / "pictures")
    case()
    admin, today = person("admin"), timezone.now().date()
    member = join(invite_member("t@agency.example", ["examiner"], on_trial=True, acting_member=admin).code, "T")
    record_training(member.email, COURSE, 24, today, today + 90 * DAY, acting_member=admin)
    return member


def test_a_trial_needs_a_supervisor_ends_and_is_limited(workspace: Path, tmp_path: Path) -> None:
    member, image = on_trial(tmp_path), probe(tmp_path)
    supervisor = person("supervisor")
    refused("trial.not_approved", search, image, member)
    refused(
        "trial.not_on_trial",
        approve_trial,
        "examiner@agency.example",
        days=9,
        searches=2,
        acting_member=supervisor,
    )
    refused("trial.length", approve_trial, member.email, days=31, searches=2, acting_member=supervisor)
    approve_trial(member.email, days=30, searches=2, acting_member=supervisor)
    refused("trial.second", approve_trial, member.email, days=30, searches=2, acting_member=supervisor)
    assert search(image, member).candidates
    with at(timezone.now() + 30 * DAY):  # the last day counts
        assert search(image, member).candidates
        refused("trial.used_up", search, image, member)
    with at(timezone.now() + 31 * DAY):
        refused("trial.ended", search, image, member)
        set_roles(member.email, ["examiner"], on_trial=False, acting_member=person("admin"))
        assert search(image, member).candidates


def test_nobody_approves_their_own_trial(workspace: Path, tmp_path: Path) -> None:
    member = on_trial(tmp_path)
    set_roles(member.email, ["examiner", "supervisor"], acting_member=person("admin"))
    refused("member.own_act", approve_trial, member.email, days=9, searches=2, acting_member=member)
    assert entries("trial.approve.refused")[-1].subject["rule"] == "member.own_act"


def test_the_weekly_report_counts_what_the_trial_did(workspace: Path, tmp_path: Path) -> None:
    member, image = on_trial(tmp_path), probe(tmp_path)
    refused("trial.not_approved", search, image, member)
    approve_trial(member.email, days=30, searches=3, acting_member=person("supervisor"))
    search(image, member)
    refused("case.unknown", search, image, member, case="C-9")
    search(image)  # not on trial: not in the report
    (line,) = weekly_report(person("supervisor")).trials
    assert (line.member, line.approved_by) == (member.email, "supervisor@agency.example")
    assert (line.searches, line.searches_in_all, line.search_limit, line.without_candidate) == (1, 1, 3, 0)
    assert line.refusals == {"trial.not_approved": 1, "case.unknown": 1}
    assert "1 of 3" in weekly_report(person("supervisor")).text()
    with at(timezone.now() + 8 * DAY):
        (line,) = weekly_report(person("supervisor")).trials
        assert (line.searches, line.searches_in_all, line.refusals) == (0, 1, {})


def test_the_head_gets_one_letter_a_week_while_trials_run(workspace: Path, tmp_path: Path) -> None:
    member = on_trial(tmp_path)
    assert send_reports() == []
    Agency.objects.update(head_email="head@agency.example", head_name="The Head")
    approve_trial(member.email, days=9, searches=3, acting_member=person("supervisor"))
    assert send_reports() == ["Sample Agency (not real)"]
    assert send_reports() == []
    (letter,) = mail.outbox
    assert letter.to == ["head@agency.example"]
    assert "0 of 3" in letter.body
    assert entries("trial.reported")[0].subject["sha256"] == digest_of(letter.body.encode())
    began = timezone.now()
    with at(began + 7 * DAY):
        assert len(send_reports()) == 1
    with at(began + 17 * DAY):  # the trial ended more than a week ago
        assert send_reports() == []


def test_a_token_is_its_owners_and_ends(workspace: Path) -> None:
    examiner, auditor = person("examiner"), person("auditor")
    token, text = make_token(acting_member=examiner)
    require_token(text, acting_member=examiner)
    refused("token.needed", require_token, "", acting_member=examiner)
    refused("token.invalid", require_token, text, acting_member=auditor)
    refused("token.invalid", require_token, text + "x", acting_member=examiner)
    refused("token.invalid", require_token, f"{token.public_id}.", acting_member=examiner)
    refused("token.unknown", revoke_token, token.public_id, acting_member=auditor)
    revoke_token(token.public_id, acting_member=examiner)
    refused("token.invalid", require_token, text, acting_member=examiner)
    assert len(entries("token.refused")) == 4
    _, other = make_token(acting_member=examiner)
    require_token(other, acting_member=examiner)
    with at(timezone.now() + 91 * DAY):
        refused("token.invalid", require_token, other, acting_member=examiner)
        deactivate("examiner@agency.example", reason="left", acting_member=person("admin"))
        refused("member.inactive", make_token, acting_member=member_by_email("examiner@agency.example"))
