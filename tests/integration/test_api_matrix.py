"""Every operation of the API, with every role, without its scope, and with the ids of another agency's things."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.factories.models import collins
from tests.factories.programs import Answer, Program, program
from tests.factories.work import entries, newest, person, write
from tests.integration.test_authorisation_matrix import ROLES, others, things  # noqa: F401  fixtures
from tests.integration.test_other_agency_urls import theirs

from plainview.api.operation import Open, Operation
from plainview.api.operations import OPERATIONS
from plainview.casework.log.read import verify_log
from plainview.casework.log.rows import verify_rows
from plainview.casework.models import Case, Enrolment, Member
from plainview.policy.agency import NEW_AGENCY
from plainview.policy.examination import COMPONENTS, CONTRADICTIONS, INCONCLUSIVE
from plainview.policy.permissions import Permission
from plainview.policy.roles import GRANTS, OUTSIDERS, Role
from plainview.policy.triage import REASONS

NO_TOKEN = {Role.DEFENCE}
"""Roles that may have no token."""

REASON: dict[str, Any] = {"reason": "a reason in enough words"}
TERMS: dict[str, Any] = {"galleries": ["MARKER-gallery"], "starts_on": "2026-01-01", "ends_on": "2999-01-01"}
BODIES: dict[str, Any] = {
    "case_open": {"number": "MATRIX", "offence": "robbery"},
    "case_close": REASON,
    "search_run": {"case": "MARKER-case", "purpose": "find the rider", "gallery": "MARKER-gallery"},
    "gallery_create": {"name": "matrix", "basis": "b", "source": "s", "expires": "2999-01-01"},
    "reference_enrol": {},
    "reference_erase": REASON,
    "probe_prepare": {"case": "MARKER-case"},
    "probe_save": {"purpose": "find the rider"},
    "probe_edit": {"edit": "rotate:90"},
    "probe_undo": {"back_to": 0},
    "photograph_add": {},
    "photograph_face": {"face": 1},
    "approval_request": {"case": "MARKER-case", "purpose": "find the rider", "probe_sha256": "1" * 64},
    "approval_decide": {"grant": False, **REASON},
    "urgent_authorise": REASON,
    "examination_record": {"components": dict.fromkeys(COMPONENTS, "similar"), "conclusion": INCONCLUSIVE},
    "candidate_set_aside": {"reason": next(iter(REASONS.values()))},
    "none_state": {"statement": "the ears of every candidate differ", "seen": [1, 2]},
    "verification_record": {"conclusions": {}},
    "lead_release": {"contradictions": dict.fromkeys(CONTRADICTIONS, "nothing known")},
    "lead_withhold": REASON,
    "lead_evidence": {"evidence": "a witness who knows the person"},
    "lead_outcome": {"outcome": "not the person"},
    "alert_create": {"case": "MARKER-case", "purpose": "find the rider", "gallery": "MARKER-gallery"},
    "alert_close": REASON,
    "alert_renew": {"days": 5, **REASON},
    "alert_mute": REASON,
    "flag_decide": {"outcome": "dismissed", **REASON},
    "report_make": {},
    "passport_change": {"owner": "another", **REASON},
    "enrolment_ask": {},
    "retention_approve": REASON,
    "retention_withdraw": REASON,
    "video_erase": REASON,
    "still_probe": {},
    "search_alert": {"galleries": ["MARKER-gallery"], "days": 5},
    "video_again": {},
    "persons_join": {"persons": [1, 2]},
    "video_clock": {"offset_s": 1.5},
    "shared_ask": {"agreement": "G0", "gallery": "g", "purpose": "find the rider", "authority": "s. 1", "top": 5},
    "shared_authorise": REASON,
    "shared_refuse": REASON,
    "shared_take_back": REASON,
    "shared_decline": REASON,
    "shared_outcome": {"lead": "L0", "outcome": "not the person"},
    "member_roles": {"roles": ["verifier"], **REASON},
    "member_training": {"course": "c", "hours": 5, "completed_on": "2026-01-01", "expires_on": "2999-01-01"},
    "member_trial": {"days": 5, "searches": 5},
    "member_release": REASON,
    "member_reset": REASON,
    "member_deactivate": REASON,
    "member_invite": {"email": "new@agency.example", "roles": ["examiner"]},
    "proposal_reject": REASON,
    "policy_change": {"text": "x", **REASON},
    "policy_try": {"text": NEW_AGENCY},
    "agreement_propose": TERMS | {"agency": "Nobody"},
    "agreement_change": TERMS,
    "agreement_accept": {"version": 1},
    "agreement_withdraw": REASON,
    "webhook_add": {"url": "https://hook.example/x"},
    "webhook_rotate": {"hours": 1},
    "package_make": {},
    "grant_make": {"email": "d@law.example", "name": "D", "until": "2999-01-01"},
    "grant_revoke": REASON,
    "exoneration_ask": {"requester": "D", "body": "the defence of A", **REASON},
    "exoneration_decide": {"accept": True},
    "schedule_make": {"every": "weekly", "emails": ["admin@agency.example"]},
    "register_attest": {"first": "2025-01", "last": "2025-02", "office": "Office of the chief"},
    "hold_place": {"kind": "case", "name": "MARKER-case", "authority": "court", **REASON},
    "hold_end": REASON,
    "retention_change": {"text": "x", **REASON},
    "event_record": {"kind": "acquittal", "happened_on": "2026-01-01", "authority": "court", "case": "MARKER-case"},
    "order_import": {},
    "rights_confirm": {"how": "her passport was compared with her face"},
    "rights_decide": {"person": [], "other": []},
    "rights_answer": {},
    "rights_refuse": {"ground": "another person", **REASON},
    "rights_extend": {"days": 5, **REASON},
    "subject_change": {"references": ["R0"], "number": "17", **REASON},
    "subject_merge": {"number": "17", "into": "18", **REASON},
}
"""What each operation with a body is called with: valid, so that only who asks decides."""

QUERIES = {"log_consistency": "?first=1&second=2", "lead_picture": "?which=candidate"}
"""What an operation cannot be asked without."""

TUS_ABOUT = {"filename": b"MARKER.mp4", "case": b"MARKER-case"}
FILE_FIELD = {"enrolment_ask": "files", "order_import": "file"}
WITH_FILE = {"search_run", "reference_enrol", "probe_prepare", "photograph_add", "alert_create", *FILE_FIELD}


def ids(held: dict[str, str]) -> dict[str, str]:
    """First part of a path -> the id of the first agency's thing behind it."""
    known = theirs(held)
    return known | {
        "probes": known["prepare"],
        "cases": str(Case.objects.get(number="MARKER-case").pk),
        "galleries": "MARKER-gallery",
        "enrolments": str(Enrolment.objects.filter(gallery__name="MARKER-gallery")[0].pk),
        "log": "0",
        "retention": held["run"],
    }


def call(who: Program, operation: Operation, known: dict[str, str], picture: Path) -> Answer:
    path = operation.path
    first = path.split("/")[1]
    for place in ("{id}", "{int:id}", "{path:name}"):
        path = path.replace(place, known.get(first, "X000000000000"))
    for place in ("{int:rank}", "{int:place}"):
        path = path.replace(place, "1")
    path = path.replace("{int:number}", known.get(first, "0") if first == "enrolments" else "0")
    path += QUERIES.get(operation.name, "")
    if operation.headers:
        about = ",".join(f"{name} {base64.b64encode(value).decode()}" for name, value in TUS_ABOUT.items())
        tus = {"Upload_Length": "100000", "Upload_Metadata": about, "Upload_Offset": "0"}
        return who.send(operation.method, path, b"x" * 70_000 if operation.media else None, operation.media, **tus)
    if operation.media:
        line = json.dumps({"image": base64.b64encode(picture.read_bytes()).decode()}).encode()
        return who.send(operation.method, path, line, operation.media)
    if operation.name in WITH_FILE:
        return who.form(path, picture, FILE_FIELD.get(operation.name, "image"), **BODIES[operation.name])
    return who.send(operation.method, path, BODIES.get(operation.name))


def member_of(role: Role) -> Member:
    return Member.objects.get(roles=[role.value], is_sample=True)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return write(collins(), tmp_path / "picture.png")


def test_a_role_may_what_it_was_granted_and_nothing_else(things: dict[str, str], picture: Path) -> None:  # noqa: F811
    known = ids(things)
    for role in (role for role in ROLES if role not in NO_TOKEN):
        who = program(member_of(role))
        for operation in OPERATIONS:
            if not isinstance(operation.who, Permission) or operation.who in GRANTS[role]:
                continue
            answer = call(who, operation, known, picture)
            assert answer.status == 403, (role, operation.name, answer.raw)
            assert operation.method == "HEAD" or answer.rule == "member.no_permission", (role, operation.name)
            refusal = newest()
            assert refusal.action == f"{operation.who.value}.refused", operation.name
            assert (refusal.actor, refusal.subject["via"]) == (member_of(role).public_id, "api")


@pytest.mark.long
def test_an_operation_needs_its_scope_and_no_other(things: dict[str, str], picture: Path) -> None:  # noqa: F811
    known = ids(things)
    for role in (role for role in ROLES if role not in NO_TOKEN):
        needs = {operation.who for operation in OPERATIONS if isinstance(operation.who, Permission)} & GRANTS[role]
        for operation in OPERATIONS:
            if operation.who not in needs:
                continue
            others_scopes = [need.value for need in needs - {operation.who}] or ["token.own"]
            answer = call(program(member_of(role), *others_scopes), operation, known, picture)
            assert answer.status == 403, (role, operation.name, answer.raw)
            assert operation.method == "HEAD" or answer.rule == "token.scope", (role, operation.name, answer.raw)


def test_what_a_role_may_is_answered_and_never_fails(things: dict[str, str], picture: Path) -> None:  # noqa: F811
    known = ids(things)
    for role in (role for role in ROLES if role not in NO_TOKEN):
        who = program(member_of(role))
        for operation in OPERATIONS:
            if isinstance(operation.who, Open) or operation.who in GRANTS[role]:
                answer = call(who, operation, known, picture)
                assert answer.status < 500, (role, operation.name, answer.raw)
                assert answer.status == operation.status or b"member.no_permission" not in answer.raw


def test_another_agencys_things_do_not_exist(
    things: dict[str, str],  # noqa: F811
    others: dict[Role, Member],  # noqa: F811
    picture: Path,
) -> None:
    known = ids(things)
    stranger = others[Role.EXAMINER]
    stranger.roles = [role.value for role in Role if role is not Role.OPERATOR and role not in OUTSIDERS]
    stranger.save()
    before = len(entries())
    who = program(stranger)
    for operation in OPERATIONS:
        if "{" not in operation.path or operation.path.startswith("/log"):
            continue
        answer = call(who, operation, known, picture)
        assert answer.status in (403, 404), (operation.name, answer.raw)
        assert b"MARKER" not in answer.raw.replace(known["galleries"].encode(), b""), (operation.name, answer.raw)
    acts = [entry.action for entry in entries()[before:] if not entry.action.endswith(".refused")]
    assert set(acts) <= {"token.made"}, acts


def test_lists_have_nothing_of_another_agency(things: dict[str, str], others: dict[Role, Member]) -> None:  # noqa: F811
    stranger = others[Role.EXAMINER]
    stranger.roles = [role.value for role in Role if role is not Role.OPERATOR and role not in OUTSIDERS]
    stranger.save()
    who = program(stranger)
    for operation in OPERATIONS:
        public = operation.name in ("register_show", "log_entries", "log_checkpoint", "log_consistency")
        if operation.method == "GET" and "{" not in operation.path and not public:
            answer = who.get(operation.path)
            assert answer.status == 200, (operation.name, answer.raw)
            assert b"MARKER" not in answer.raw, (operation.name, answer.raw)
            assert person("examiner").email.encode() not in answer.raw, operation.name


def test_the_defence_has_no_token(workspace: Path) -> None:
    assert Permission.TOKEN_OWN not in GRANTS[Role.DEFENCE]


@pytest.mark.long
def test_any_sequence_of_operations_leaves_a_log_that_verifies_and_rows_that_agree_with_it(
    things: dict[str, str],  # noqa: F811
    picture: Path,
) -> None:
    """Operations of the whole table, by anyone, in any order: whatever is refused or done, log and rows are one."""
    known = ids(things)
    programs = [program(member_of(role)) for role in ROLES if role not in NO_TOKEN]
    before = verify_rows().problems  # the fixture writes some rows as no act does

    @settings(max_examples=12, suppress_health_check=list(HealthCheck))
    @given(calls=st.lists(st.tuples(st.sampled_from(programs), st.sampled_from(OPERATIONS)), min_size=20, max_size=60))
    def run(calls: list[tuple[Program, Operation]]) -> None:
        for who, operation in calls:
            answer = call(who, operation, known, picture)
            assert answer.status < 500, (operation.name, answer.raw)
        assert verify_log().ok
        assert [problem for problem in verify_rows().problems if problem not in before] == []

    run()
