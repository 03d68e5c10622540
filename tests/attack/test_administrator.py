"""An administrator alone: becoming anybody, ending the one who checks, changing the rules, unseen."""

from __future__ import annotations

import ast
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone
from tests.factories.browser import signed_in
from tests.factories.commands import invoke
from tests.factories.power import agreed
from tests.factories.refusals import rule_of
from tests.factories.work import entries, person

import plainview
from plainview.casework.misuse.flags import decide_flag
from plainview.casework.models import Invitation, Member, PolicyVersion, Proposal, RetentionVersion, SignInReset
from plainview.casework.outgoing import Connection, Host, Unanswered
from plainview.casework.people.members import deactivate, invite_member, join
from plainview.casework.proposals.decide import approve, reject
from plainview.casework.proposals.make import propose, propose_about
from plainview.casework.webhooks.manage import add_webhook
from plainview.policy.addresses import literal
from plainview.policy.agency import SAMPLE
from plainview.policy.proposals import Kind
from plainview.policy.retention import BEGINNING

ADMIN, AUDITOR = "admin@agency.example", "auditor@agency.example"


def alone(kind: Kind, email: str, **wanted: Any) -> str:
    """The rule by which an administrator cannot approve their own proposal."""
    proposal = propose_about(kind, email, reason="because", acting_member=person("admin"), **wanted)
    return rule_of(approve, proposal.public_id, acting_member=person("admin"))


def puppet(*roles: str) -> Member:
    """An invented member: the administrator has the code of their own invitation."""
    email = f"puppet{Member.objects.count()}@agency.example"
    return join(invite_member(email, list(roles), acting_member=person("admin")).code, "Nobody")


def test_resetting_the_auditors_sign_in_and_using_the_code_needs_another(workspace: Path) -> None:
    before = person("auditor").password
    assert alone(Kind.RESET, AUDITOR) == "proposal.own"
    assert person("auditor").password == before
    assert not SignInReset.objects.exists()


@pytest.mark.parametrize("role", ["supervisor", "agency administrator", "auditor", "outside auditor"])
def test_inviting_an_invented_colleague_with_power_needs_another(workspace: Path, role: str) -> None:
    ends_on = timezone.now().date() + timedelta(days=9) if role == "outside auditor" else None
    rule = rule_of(invite_member, "p@agency.example", [role], ends_on=ends_on, acting_member=person("admin"))
    assert rule == "proposal.needed"
    assert not Invitation.objects.exists()


def test_inviting_an_invented_supervisor_among_other_roles_needs_another(workspace: Path) -> None:
    roles = ["examiner", "supervisor"]
    assert rule_of(invite_member, "p@agency.example", roles, acting_member=person("admin")) == "proposal.needed"


def test_promoting_an_invented_examiner_needs_another(workspace: Path) -> None:
    member = puppet("examiner")
    assert alone(Kind.ROLES, member.email, roles=["supervisor"]) == "proposal.own"
    assert Member.objects.get(pk=member.pk).roles == ["examiner"]


def test_an_invented_examiner_approves_nothing(workspace: Path) -> None:
    member = puppet("examiner", "verifier")
    proposal = propose_about(Kind.RESET, AUDITOR, reason="because", acting_member=person("admin"))
    assert rule_of(approve, proposal.public_id, acting_member=member) == "member.no_permission"
    assert entries("proposal.decide.refused")[-1].actor == member.public_id


def test_ending_the_only_auditor_needs_another(workspace: Path) -> None:
    assert rule_of(deactivate, AUDITOR, reason="left", acting_member=person("admin")) == "proposal.needed"
    assert alone(Kind.LAST_AUDITOR, AUDITOR) == "proposal.own"
    assert person("auditor").is_active


def test_making_the_only_auditor_an_examiner_needs_another(workspace: Path) -> None:
    assert alone(Kind.ROLES, AUDITOR, roles=["examiner"]) == "proposal.own"
    assert person("auditor").roles == ["auditor"]


def test_dismissing_a_flag_is_still_the_auditors(workspace: Path) -> None:
    rule = rule_of(decide_flag, "F000000000000", "dismissed", "nothing to see", acting_member=person("admin"))
    assert rule == "member.no_permission"


def test_loosening_the_policy_needs_another(workspace: Path) -> None:
    text = SAMPLE.replace("alert_days = 30", "alert_days = 90")
    proposal = propose(Kind.POLICY, {"text": text}, reason="because", acting_member=person("admin"))
    assert rule_of(approve, proposal.public_id, acting_member=person("admin")) == "proposal.own"
    assert PolicyVersion.objects.count() == 1


def test_erasing_the_evidence_by_new_retention_rules_needs_another(workspace: Path) -> None:
    wanted = {"text": BEGINNING.replace("days = 30", "days = 0")}
    proposal = propose(Kind.RETENTION, wanted, reason="less is better", acting_member=person("admin"))
    assert rule_of(approve, proposal.public_id, acting_member=person("admin")) == "proposal.own"
    assert not RetentionVersion.objects.exists()


def test_releasing_a_colleagues_lock_needs_another(workspace: Path) -> None:
    Member.objects.filter(email="examiner@agency.example").update(locked_at=timezone.now())
    assert alone(Kind.RELEASE, "examiner@agency.example") == "proposal.own"
    assert person("examiner").locked_at is not None


def test_writing_ones_own_address_differently_proposes_nothing_about_oneself(workspace: Path) -> None:
    for email in (ADMIN, ADMIN.upper(), f"  {ADMIN} "):
        rule = rule_of(propose_about, Kind.RESET, email, reason="me", acting_member=person("admin"))
        assert rule == "member.own_act"


def test_an_accomplice_who_was_a_supervisor_yesterday_approves_nothing_today(workspace: Path) -> None:
    supervisor = person("supervisor")
    proposal = propose_about(Kind.RESET, AUDITOR, reason="because", acting_member=person("admin"))
    Member.objects.filter(pk=supervisor.pk).update(roles=["examiner"])
    assert rule_of(approve, proposal.public_id, acting_member=supervisor) == "member.no_permission"


def test_a_locked_supervisor_approves_nothing(workspace: Path) -> None:
    supervisor = person("supervisor")
    proposal = propose_about(Kind.RESET, AUDITOR, reason="because", acting_member=person("admin"))
    Member.objects.filter(pk=supervisor.pk).update(locked_at=timezone.now())
    assert rule_of(approve, proposal.public_id, acting_member=supervisor) == "member.locked"


def test_the_proposer_never_sees_the_code(workspace: Path) -> None:
    made = invoke(["member", "reset-sign-in", AUDITOR, "--reason", "lost", "--as", ADMIN, "--json"])
    assert "code" not in made.stdout
    proposal = Proposal.objects.get()
    decided = approve(proposal.public_id, acting_member=person("supervisor"))
    seen = invoke(["proposal", "show", proposal.public_id, "--as", ADMIN, "--json"]).stdout
    listed = invoke(["proposal", "list", "--as", ADMIN, "--json"]).stdout
    page = signed_in("admin").get(f"/proposals/{proposal.public_id}/").content.decode()
    assert decided.code
    assert all(decided.code not in place for place in (seen, listed, page, str(Proposal.objects.values())))
    assert all(decided.code not in letter.body for letter in mail.outbox)


def test_the_auditor_and_the_member_hear_of_it_before_anything_happens(workspace: Path) -> None:
    propose_about(Kind.RESET, "examiner@agency.example", reason="because", acting_member=person("admin"))
    heard = {letter.to[0] for letter in mail.outbox}
    assert {AUDITOR, "examiner@agency.example"} <= heard


def test_withdrawing_a_proposal_hides_it_from_nobody(workspace: Path) -> None:
    proposal = propose_about(Kind.ROLES, AUDITOR, reason="x", roles=["examiner"], acting_member=person("admin"))
    reject(proposal.public_id, reason="never mind", acting_member=person("admin"))
    assert proposal.public_id in signed_in("auditor").get("/proposals/").content.decode()
    assert entries("proposal.made")[-1].subject["proposal"] == proposal.public_id


def test_the_forms_of_old_change_nothing_by_themselves(workspace: Path) -> None:
    client = signed_in("admin")
    member = f"/members/{person('auditor').public_id}/"
    before = (person("auditor").password, list(person("auditor").roles))
    for form, fields in (("reset/", {}), ("release/", {}), ("roles/", {"roles": ["examiner"]})):
        client.post(member + form, fields)
        client.post(member + form, fields | {"why": "because"})
    client.post(f"{member}deactivate/", {"why": "left"})
    assert (person("auditor").password, person("auditor").roles) == before
    assert person("auditor").is_active
    assert entries("member.sign_in_reset") == entries("member.roles_changed") == entries("member.deactivated") == []


def test_the_commands_of_old_change_nothing_by_themselves(workspace: Path, tmp_path: Path) -> None:
    policy, rules = tmp_path / "policy.toml", tmp_path / "rules.toml"
    policy.write_text(SAMPLE.replace("alert_days = 30", "alert_days = 7"))
    rules.write_text(BEGINNING.replace("days = 30", "days = 1"))
    before = (person("auditor").password, Member.objects.filter(is_active=True).count())
    for words in (
        ["policy", "set", str(policy)],
        ["retention", "set", str(rules)],
        ["member", "roles", AUDITOR, "--role", "examiner"],
        ["member", "reset-sign-in", AUDITOR],
        ["member", "deactivate", AUDITOR],
    ):
        done = invoke([*words, "--reason", "it must be so", "--as", ADMIN])
        assert done.exit_code == 0, done.output
        assert "proposed" in done.output
    assert (person("auditor").password, Member.objects.filter(is_active=True).count()) == before
    assert PolicyVersion.objects.count() == 1
    assert not RetentionVersion.objects.exists()


def test_approving_what_another_proposed_long_ago_for_another_state_is_refused(workspace: Path) -> None:
    old = propose_about(
        Kind.ROLES, "examiner@agency.example", reason="x", roles=["verifier"], acting_member=person("admin")
    )
    agreed(
        propose_about(
            Kind.ROLES, "examiner@agency.example", reason="y", roles=["supervisor"], acting_member=person("admin")
        )
    )
    assert rule_of(approve, old.public_id, acting_member=person("supervisor")) == "proposal.stale"


def test_a_second_administrator_who_left_has_no_vote_left(workspace: Path) -> None:
    wanted = {"email": "b@agency.example", "roles": ["agency administrator"]}
    second = join(agreed(propose(Kind.INVITATION, wanted, reason="more", acting_member=person("admin"))).code, "B")
    proposal = propose_about(Kind.RESET, AUDITOR, reason="lost", acting_member=second)
    deactivate(second.email, reason="left", acting_member=person("admin"))
    assert rule_of(approve, proposal.public_id, acting_member=person("admin")) == "proposal.proposer"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "169.254.169.254", "[::1]", "[fec0::1]", "2130706433", "0x7f.1", "localhost", "10.0.0.7"]
)
def test_a_webhook_and_a_feed_reach_nothing_inside(workspace: Path, host: str) -> None:
    rule = rule_of(add_webhook, f"https://{host}/hook", acting_member=person("admin"))
    assert rule == "webhook.network"
    with pytest.raises(Unanswered) as feed:
        Host(f"https://{host}/list", Connection(resolver=lambda name, port: [literal(name) or "127.0.0.1"]))
    assert feed.value.code == "address"


def test_nothing_but_the_guard_the_mail_and_the_sign_in_reaches_other_hosts() -> None:
    clients = {"urllib3", "requests", "http.client", "urllib.request", "smtplib", "httpx", "aiohttp", "boto3"}
    source = Path(plainview.__file__).parent
    found = set()
    for path in source.rglob("*.py"):
        text = path.read_text("utf-8")
        if not any(client.split(".")[0] in text for client in clients):
            continue  # it cannot import one
        for node in ast.walk(ast.parse(text)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(name == client or name.startswith(f"{client}.") for name in names for client in clients):
                found.add(path.relative_to(source).as_posix())
    assert found == {
        "casework/outgoing.py",  # feeds and webhooks
        "casework/mail/post.py",  # the operator's own mail server
        "casework/alerts/notices.py",  # names an error of it
        "web/single_sign_on.py",  # an agency's own provider, set by the operator
        "client/__init__.py",  # a program's own library, on its own machine
        "recheck/published.py",  # a monitor's own library, on its own machine
        "cli/bench/serve.py",  # this machine
        "cli/bench/whole.py",  # this machine
        "storage/s3.py",  # the operator's own store
        "recognition/fetch.py",  # the address of a model pack that the operator types
    }
