"""The authorisation matrix: every command, with every role and with another agency's members; default is deny.

A command without a row in cli/commands cannot exist; one without a line in tests/factories/command_lines.py fails.
"""

from __future__ import annotations

import inspect
import itertools
from pathlib import Path

import pytest
from django.db import transaction
from django.utils import timezone
from tests.factories import stages
from tests.factories.clips import clip
from tests.factories.command_lines import LINES, OWN
from tests.factories.commands import Result, invoke
from tests.factories.models import collins, scaled
from tests.factories.outsiders import in_days, opened
from tests.factories.power import change_policy, invite_member
from tests.factories.rights import file
from tests.factories.sharing import marked_request
from tests.factories.stages import staged
from tests.factories.videos import take
from tests.factories.work import case, gallery, newest, probe, search, write

from plainview.casework.alerts.open import create_alert
from plainview.casework.canaries.manage import add_canary
from plainview.casework.disclosure.kept_packages import ask_package
from plainview.casework.disclosure.reviews import ask_review
from plainview.casework.erasure.holds import place_hold
from plainview.casework.examination.examine import examine
from plainview.casework.examination.verify import answer_verification, show_verification
from plainview.casework.feeds.add import Terms, add_feed, stop_feed
from plainview.casework.find import member_by_email
from plainview.casework.leads.decide import release
from plainview.casework.misuse.flags import raise_flag
from plainview.casework.misuse.tripwires import add_tripwire
from plainview.casework.models import CanaryAlarm, Delivery, DisclosurePackage, Member, Reference
from plainview.casework.people.agencies import accept_terms, open_agency, propose_agency
from plainview.casework.people.members import join
from plainview.casework.probes.approvals import request_approval
from plainview.casework.probes.probe import prepare_probe
from plainview.casework.proficiency.items import add_item
from plainview.casework.proposals.make import propose_about
from plainview.casework.reports.schedules import schedule_report
from plainview.casework.retention.rules import record_event
from plainview.casework.retention.runs import propose_run
from plainview.casework.sampling.draw import draw_sample
from plainview.casework.search.run import Request
from plainview.casework.webhooks.manage import add_webhook
from plainview.cli.commands import COMMANDS
from plainview.cli.tree import load, tree
from plainview.policy.agency import NEW_AGENCY, SAMPLE
from plainview.policy.decision import Refused
from plainview.policy.examination import COMPONENTS, CONTRADICTIONS, POTENTIAL
from plainview.policy.misuse import Finding
from plainview.policy.permissions import Permission
from plainview.policy.proposals import Kind
from plainview.policy.retention import BEGINNING, After
from plainview.policy.roles import GRANTS, OUTSIDERS, Role
from plainview.worker.tasks import run_job

ROLES = [role for role in Role if role is not Role.OPERATOR]
TOGETHER = [[role] for role in ROLES if role not in {Role.AUDITOR, *OUTSIDERS}] + [
    [
        Role.OUTSIDE_AUDITOR,
        Role.DEFENCE,
        Role.AUDITOR,
    ]  # they take nothing from each other: one workspace is enough
]

# What each command is run with; {…} is something of the first agency. "own" marks one that names nobody else's.
NAMES = {path for path, line in LINES.items() if "{" in line and path not in OWN}
"""Commands whose line names something of the first agency."""


@pytest.fixture
def things(workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """No name of a host is known."""

    def nobody(_name: str, _port: int) -> list[str]:
        raise OSError

    with stages.our_patches():  # the same for all
        monkeypatch.setattr("plainview.casework.outgoing.resolve", nobody)
    return made_things(tmp_path)


@staged
def made_things(tmp_path: Path) -> dict[str, str]:
    """What the first agency has, by the names that `LINES` uses."""
    from plainview.casework.people.tokens import make_token

    gallery(tmp_path / "pictures", "MARKER-gallery")
    case("MARKER-case")
    image = probe(tmp_path)
    first, second = Reference.objects.order_by("pk")
    supervisor = member_by_email("supervisor@agency.example")
    item = add_item(
        first.public_id,
        second.public_id,
        is_mated=False,
        basis="two different people",
        acting_member=supervisor,
    )
    admin, examiner = member_by_email("admin@agency.example"), member_by_email("examiner@agency.example")
    invited = invite_member("marker-trial@agency.example", ["examiner"], on_trial=True, acting_member=admin)
    trial = join(invited.code, "MARKER trial")
    victim = join(invite_member("marker@agency.example", ["verifier"], acting_member=admin).code, "MARKER")
    urgent = search(image, case="MARKER-case", gallery="MARKER-gallery", urgent="life at risk").search
    approval = request_approval("MARKER-case", "find the rider", "0" * 64, acting_member=examiner)
    token, _ = make_token(acting_member=victim)
    examination, verification, lead = _looked_at(urgent.public_id)
    tripwire = add_tripwire(image, "MARKER", consent=True, acting_member=victim).public_id
    proposal = propose_about(Kind.RESET, trial.email, reason="MARKER", acting_member=admin)
    with transaction.atomic():
        flag = raise_flag(Finding("misuse.test", "MARKER"), victim, None).public_id
    canary_probe = write(scaled(collins(), 0.6), tmp_path / "canary.png")
    canary = add_canary("MARKER-gallery", image, canary_probe, basis="consent of MARKER", acting_member=admin)
    alarm = CanaryAlarm.objects.create(
        gallery=canary.gallery, fault="index", says="MARKER", raised_at=timezone.now(), seen_at=timezone.now()
    )
    source = Terms("https://localhost:1/list", "MARKER")
    feed = add_feed("MARKER-gallery", source, legal_basis="b", acting_member=admin)
    stop_feed(feed.public_id, reason="a run would ask its host", acting_member=admin)
    forms = {
        "examination_form": EXAMINATION_FORM,
        "verification_form": VERIFICATION_FORM,
        "lead_form": LEAD_FORM,
    }
    for name, text in forms.items():
        (tmp_path / f"{name}.toml").write_text(text)
    clip_file = tmp_path / "MARKER.mp4"
    clip_file.write_bytes(clip(frames=10).data)
    video = take(clip_file.read_bytes(), "MARKER-case", name="MARKER.mp4").public_id
    policy = tmp_path / "policy.toml"
    policy.write_text(NEW_AGENCY)
    saved = create_alert(
        prepare_probe(image),
        Request("MARKER-case", "find the rider", ""),
        ["MARKER-gallery"],
        days=5,
        acting_member=examiner,
    )
    hook, _ = add_webhook("https://marker.example/hook", acting_member=admin)
    now = timezone.now()
    delivery = Delivery.objects.create(
        webhook=hook, message="m", type="case.opened", data={}, happened_at="2026", due_at=now, given_up_at=now
    )
    shared = marked_request("MARKER-gallery", "MARKER-case", image)
    record_event(
        After.COURT_ORDER,
        happened_on=timezone.now().date(),
        authority="MARKER",
        references=[second.public_id],
        acting_member=admin,
    )
    run_held = propose_run(acting_member=admin)
    hold = place_hold(reason="kept for MARKER alone", authority="MARKER", case="MARKER-case", acting_member=supervisor)
    (tmp_path / "rules.toml").write_text(BEGINNING.replace("days = 30", "days = 31"))
    (tmp_path / "order.csv").write_text("reference,ordered_on,authority\nR0,2026-01-02,court\n")
    sent = schedule_report("weekly", [supervisor.email], acting_member=supervisor)
    counsel = opened(urgent.public_id, email="marker@defence.example")
    sample = draw_sample(3, "MARKER", acting_member=member_by_email("auditor@agency.example"))
    review = ask_review(urgent.public_id, "MARKER", "the defence", "another person was seen", acting_member=supervisor)
    package = ask_package(urgent.public_id, acting_member=supervisor)
    run_job(package.pk)
    for role in OUTSIDERS:
        Member.objects.create(
            agency=admin.agency,
            email=f"{role.value}@out.example".replace(" ", "-"),
            roles=[role.value],
            is_sample=True,
            name=role.value,
            ends_on=in_days(30),
        )
    return {
        "agreement": shared.agreement.public_id,
        "request": shared.public_id,
        "alert": saved.public_id,
        "webhook": hook.public_id,
        "delivery": delivery.public_id,
        "schedule": sent.public_id,
        "grant": counsel.grant.public_id,
        "review": review.public_id,
        "sample": sample.public_id,
        "until": in_days(30).isoformat(),
        "kept": DisclosurePackage.objects.get(pk=package.subject).public_id,
        "email": victim.email,
        "proposal": proposal.public_id,
        "trial": trial.email,
        "token": token.public_id,
        "policy": str(policy),
        "gallery": "MARKER-gallery",
        "image": str(image),
        "case": "MARKER-case",
        "approval": approval.public_id,
        "search": urgent.public_id,
        "examination": examination,
        "verification": verification,
        "lead": lead,
        "folder": str(tmp_path / "shown"),
        "flag": flag,
        "reference": first.public_id,
        "reference2": second.public_id,
        "item": item.public_id,
        "register": str(tmp_path / "register"),
        "canary": canary.public_id,
        "canary_probe": str(canary_probe),
        "alarm": alarm.public_id,
        "exported": str(tmp_path / "exported"),
        "feed": feed.public_id,
        "asked": file(name="MARKER", about="MARKER").request.public_id,
        "tripwire": tripwire,
        "package": str(tmp_path / "package.zip"),
        "hold": hold.public_id,
        "run": run_held.public_id,
        "retention_rules": str(tmp_path / "rules.toml"),
        "order": str(tmp_path / "order.csv"),
        "proof": str(tmp_path / "proof.json"),
        "sheet": str(tmp_path / "sheet.pdf"),
        "clip": str(clip_file),
        "video": video,
    } | {name: str(tmp_path / f"{name}.toml") for name in forms}


EXAMINATION_FORM = 'conclusion = "inconclusive"\nnotes = ""\n[components]\n'
VERIFICATION_FORM = "[conclusions]\n[components]\n"
LEAD_FORM = "".join(f'"{name}" = "nothing known"\n' for name in CONTRADICTIONS)


def _looked_at(search_id: str) -> tuple[str, str, str]:
    """One candidate released as a lead, the other one examined and waiting for its verifier."""
    similar = dict.fromkeys(COMPONENTS, "similar")
    examiner, verifier = (
        member_by_email("examiner@agency.example"),
        member_by_email("verifier@agency.example"),
    )
    supervisor = member_by_email("supervisor@agency.example")
    first, second = (
        examine(search_id, rank, components=similar, conclusion=POTENTIAL, acting_member=examiner) for rank in (1, 2)
    )
    task = first.verifications.get()
    faces = show_verification(task.public_id, acting_member=verifier).faces
    answers = dict.fromkeys(faces, POTENTIAL)
    answer_verification(task.public_id, answers, dict.fromkeys(faces, similar), acting_member=verifier)
    lead = release(
        first.public_id,
        contradictions=dict.fromkeys(CONTRADICTIONS, "checked: nothing is known"),
        acting_member=supervisor,
    )
    return first.public_id, second.verifications.get().public_id, lead.public_id


def run(path: str, things: dict[str, str], member: str) -> Result:
    words = [word.format(**things) for word in LINES[path].split()]
    return invoke([*path.split(), *words, "--as", member])


def rule_of(result: Result) -> str | None:
    if isinstance(result.exception, Refused):
        return result.exception.rule_id
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code != 2, result.output
    return None


NEEDS = {name: command.who for name, command in COMMANDS.items()}


def test_every_command_of_a_member_has_its_line() -> None:
    assert {path for path, need in NEEDS.items() if isinstance(need, Permission)} == set(LINES)


def test_a_command_without_a_row_does_not_exist() -> None:
    result = invoke(["vanish"])
    assert result.exit_code == 2
    assert "No such command 'vanish'" in result.stderr
    assert tree().get_command(None, "vanish") is None


def outputs(folder: Path, role: Role) -> dict[str, str]:
    """Names of a role's own for what a command writes: a file that is there is never written over."""
    own = folder / role.value.replace(" ", "-")
    own.mkdir(exist_ok=True)
    names = ("shown", "register", "exported", "package.zip", "proof.json", "sheet.pdf")
    return {"folder" if name == "shown" else name.partition(".")[0]: str(own / name) for name in names}


@pytest.mark.parametrize("roles", TOGETHER, ids=lambda roles: "+".join(roles))
def test_a_role_may_what_it_was_granted_and_nothing_else(
    things: dict[str, str], roles: list[Role], tmp_path: Path
) -> None:
    for role, path in itertools.product(roles, LINES):
        member = Member.objects.get(roles=[role.value], is_sample=True)
        need = NEEDS[path]
        assert isinstance(need, Permission)
        before = newest().seq
        rule = rule_of(run(path, things | outputs(tmp_path, role), member.email))
        if need in GRANTS[role]:
            assert rule not in {"member.no_permission", "command.unlisted"}, path
        else:
            assert rule == "member.no_permission", path
            refusal = newest()
            assert refusal.seq == before + 1, path
            assert (refusal.action, refusal.actor) == (f"{need.value}.refused", member.public_id), path


@pytest.fixture
def others(workspace: Path) -> dict[Role, Member]:
    """The people of another, open agency: one for each role, all trained."""
    from datetime import date

    from plainview.casework.people.members import record_training

    accept_terms(propose_agency("Other", jurisdiction="J", head_name="H", head_email="h@other.example"))
    boss = join(open_agency("Other", administrator_email="boss@other.example").code, "Boss")
    change_policy(SAMPLE, reason="an agency that takes any purpose", acting_member=boss)
    people = {Role.ADMINISTRATOR: boss}
    for role in ROLES:
        if role is not Role.ADMINISTRATOR:
            email = f"{role.value.replace(' ', '-')}@other.example"
            if role in OUTSIDERS:
                people[role] = Member.objects.create(
                    agency=boss.agency, email=email, roles=[role.value], name=role.value, ends_on=in_days(30)
                )
                continue
            people[role] = join(invite_member(email, [role.value], acting_member=boss).code, role.value)
            record_training(
                email,
                "facial examination, FISWG curriculum",
                24,
                date(2026, 1, 1),
                date(2999, 1, 1),
                acting_member=boss,
            )
    return people


@pytest.mark.long
@pytest.mark.parametrize("roles", TOGETHER, ids=lambda roles: "+".join(roles))
def test_another_agencys_things_are_unknown_and_unseen(
    things: dict[str, str], others: dict[Role, Member], roles: list[Role]
) -> None:
    for role, path in itertools.product(roles, LINES):
        if NEEDS[path] not in GRANTS[role] or path in {"member invite", "policy set"}:
            continue
        result = run(path, things, others[role].email)
        rule = rule_of(result)
        assert "marker" not in result.output.lower(), path
        if path in NAMES:
            assert rule is not None, path
            assert rule.endswith(".unknown") or (path == "search" and rule == "search.purpose_unlisted"), (
                path,
                rule,
            )
    victim = member_by_email(things["email"])
    assert victim.is_active
    assert victim.roles == ["verifier"]


def test_operator_and_open_commands_take_no_member() -> None:
    for path, command in COMMANDS.items():
        takes_member = "acting" in inspect.signature(load(command)).parameters
        assert takes_member == isinstance(command.who, Permission), path
