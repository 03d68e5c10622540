"""The commands of joining: agency, member, token, trial."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from plainview.casework import find
from plainview.casework.log.state import is_sample
from plainview.casework.mail import address
from plainview.casework.people.agencies import accept_terms, open_agency, propose_agency, suspend_agency
from plainview.casework.people.members import deactivate, invite_member, is_only_auditor, join, record_training
from plainview.casework.people.read import agencies, members, tokens
from plainview.casework.people.second_factor import check_code, has_factor
from plainview.casework.people.single_sign_on import configure_sign_in
from plainview.casework.people.tokens import Wish, make_token, revoke_token, scopes_held
from plainview.casework.people.trial_letter import weekly_report
from plainview.casework.people.trials import approve_trial, send_reports
from plainview.casework.proposals.make import propose, propose_about
from plainview.casework.workspace.folder import current
from plainview.cli.acting import acting_member
from plainview.cli.common import (
    As,
    Json,
    Reason,
    answer,
    day_option,
    print_json,
    print_rows,
    sample_notice,
    say,
    say_code,
)
from plainview.cli.proposals import proposed
from plainview.cli.start import open_workspace
from plainview.policy.decision import Refused
from plainview.policy.joining import INVITATION_DAYS
from plainview.policy.proposals import Kind, has_power
from plainview.policy.roles import Role
from plainview.policy.tokens import MAX_TOKEN_DAYS, TOKEN_DAYS
from plainview.policy.wording import counted, day

Roles = Annotated[list[str], typer.Option("--role", help="A role; repeat for more.")]


def agency_propose(
    name: str,
    jurisdiction: Annotated[str, typer.Option(help="Area in which it may act.")],
    head_name: Annotated[str, typer.Option(help="Name of its head.")],
    head_email: Annotated[str, typer.Option(help="E-mail address of its head.")],
    json: Json = False,
) -> None:
    """Register an agency. It stays closed until its head accepts the terms and you open it."""
    open_workspace()
    code = propose_agency(name, jurisdiction=jurisdiction, head_name=head_name, head_email=head_email)
    if json:
        print_json({"agency": name, "code": code})
        return
    say(f"Give this code to {head_name}, and nobody else:")
    typer.echo(code)
    say("The head reads `plainview agency terms` and runs `plainview agency accept CODE`.")


def agency_accept(code: str, json: Json = False) -> None:
    """Accept the terms as the head of the agency."""
    open_workspace()
    name = accept_terms(code).name
    answer(f"Recorded: the head of {name} has accepted the terms.", json=json, agency=name, state="accepted")


def agency_open(
    name: str,
    administrator: Annotated[str, typer.Option(help="E-mail address of its first administrator.")] = "",
    administrators: Annotated[list[str] | None, typer.Option("--second-administrator", help="Another one.")] = None,
    supervisors: Annotated[list[str] | None, typer.Option("--supervisor", help="Its first supervisor.")] = None,
    auditors: Annotated[list[str] | None, typer.Option("--auditor", help="Its first auditor.")] = None,
    json: Json = False,
) -> None:
    """Open an agency whose head has accepted the terms, and invite the first people that the head names."""
    open_workspace()
    others = [
        (email, role)
        for role, emails in (
            (Role.ADMINISTRATOR, administrators),
            (Role.SUPERVISOR, supervisors),
            (Role.AUDITOR, auditors),
        )
        for email in emails or []
    ]
    invited = open_agency(name, administrator_email=administrator, others=others).invited
    codes = [
        {"email": person.invitation.email, "roles": person.invitation.roles, "code": person.code} for person in invited
    ]
    if json:
        first = {"email": administrator, "code": invited[0].code, "days": INVITATION_DAYS} if invited else {}
        print_json({"agency": name, "state": "open", **first, "invited": codes})
        return
    say(f"{name} is open.")
    for person in invited:
        _show_code(person.code, person.invitation.email, json=False)
    if len(invited) == 1:
        say("Some acts need two people. Until a supervisor or a second administrator has joined, only you and the head")
        say("together can approve them: plainview proposal ask-head.")


def agency_suspend(name: str, reason: Reason, json: Json = False) -> None:
    """Suspend an agency: its members may do nothing until it is opened again."""
    open_workspace()
    suspend_agency(name, reason=reason)
    answer(f"{name} is suspended.", json=json, agency=name, state="suspended")


def agency_sign_in(
    name: str,
    slug: Annotated[str, typer.Argument(help="Short name for its sign-in addresses.")],
    file: Path,
    json: Json = False,
) -> None:
    """Let an agency's members sign in through its own provider (OIDC or SAML), configured by a TOML file."""
    open_workspace()
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise Refused(
            "sso.invalid", "Sign-in not configured", f"{file} cannot be read.", "Name a readable UTF-8 file."
        ) from None
    _, belief = configure_sign_in(name, slug, text)
    answer(
        f"Members of {name} may sign in through their own provider, if they were invited. {belief}",
        json=json,
        agency=name,
        slug=slug,
    )


def agency_list(json: Json = False) -> None:
    """List the agencies with their status."""
    workspace = open_workspace()
    rows = [
        {
            "name": agency.name,
            "jurisdiction": agency.jurisdiction,
            "members": count,
            "terms_accepted_at": agency.terms_accepted_at and agency.terms_accepted_at.isoformat(timespec="seconds"),
            "opened_at": agency.opened_at and agency.opened_at.isoformat(timespec="seconds"),
            "suspended_at": agency.suspended_at and agency.suspended_at.isoformat(timespec="seconds"),
        }
        for agency, count in agencies()
    ]
    heads = ("Agency", "Jurisdiction", "Members", "Terms", "Opened", "Suspended")
    print_rows("agencies", heads, rows, "No agency yet.", json=json, caption=sample_notice(workspace))


def member_invite(
    email: str,
    role: Roles,
    acting: As,
    trial: Annotated[bool, typer.Option("--trial", help="For a trial only, which a supervisor approves.")] = False,
    until: Annotated[date | None, day_option(help="Last day of an outside auditor's account.")] = None,
    reason: Annotated[str, typer.Option(help="Why, for a role that two people give.")] = "",
    json: Json = False,
) -> None:
    """Invite a person into your agency; for a role with power, propose the invitation."""
    member = acting_member(acting)
    if has_power(role):
        wanted = {"email": email, "roles": role, "on_trial": trial, "ends_on": until}
        proposed(propose(Kind.INVITATION, wanted, reason=reason, acting_member=member), json=json)
        return
    invited = invite_member(email, role, on_trial=trial, ends_on=until, acting_member=member)
    _show_code(invited.code, email, json=json)


def _show_code(code: str, email: str, *, json: bool, **fields: Any) -> None:
    if json:
        print_json({**fields, "email": email, "code": code, "days": INVITATION_DAYS})
        return
    say_code(f"Give this code to {email}, and nobody else; it is valid for {INVITATION_DAYS} days:", code)


def member_join(
    code: str,
    name: Annotated[str, typer.Option(help="Your name.")],
    without_sign_in: Annotated[
        bool, typer.Option(help="Have no password: where this workspace is never served.")
    ] = False,
    json: Json = False,
) -> None:
    """Join your agency with the code of an invitation."""
    open_workspace()
    if not without_sign_in and not is_sample():
        raise Refused(
            "member.join_page",
            "Not joined",
            "Who joins like this has no password, and cannot act once the workspace is served.",
            f"Open {address()}/join/CODE/ while it is served. Where it is never served, join without a sign-in.",
        )
    member = join(code, name)
    answer(
        f"{member.name} is a member of {member.agency.name}: {', '.join(member.roles)}.",
        json=json,
        email=member.email,
        agency=member.agency.name,
        roles=member.roles,
    )


def member_list(acting: As, json: Json = False) -> None:
    """List the members of your agency with roles and training."""
    member = acting_member(acting)
    rows = [
        {
            "email": colleague.email,
            "name": colleague.name,
            "roles": colleague.roles,
            "active": colleague.is_active,
            "trained_until": max((str(done.expires_on) for done in colleague.trainings.all()), default=None),
            "trial_ends": max((str(trial.ends_on) for trial in colleague.trials.all()), default="not approved")
            if colleague.on_trial
            else None,
        }
        for colleague in members(member)
    ]
    heads = ("Address", "Name", "Roles", "Active", "Trained until", "Trial")
    print_rows("members", heads, rows, "No member yet.", json=json, caption=sample_notice(current()))


def member_roles(
    email: str,
    role: Roles,
    reason: Reason,
    acting: As,
    end_trial: Annotated[bool, typer.Option("--end-trial", help="Make them a full member.")] = False,
    json: Json = False,
) -> None:
    """Propose a change of a colleague's roles; another member approves it."""
    member = acting_member(acting)
    on_trial = False if end_trial else None
    proposal = propose_about(Kind.ROLES, email, roles=role, on_trial=on_trial, reason=reason, acting_member=member)
    proposed(proposal, json=json)


def member_deactivate(email: str, reason: Reason, acting: As, json: Json = False) -> None:
    """Deactivate a colleague's account, or propose it for the only auditor's; what they did stays on record."""
    member = acting_member(acting)
    if is_only_auditor(find.colleague(email, member)):
        proposed(propose_about(Kind.LAST_AUDITOR, email, reason=reason, acting_member=member), json=json)
        return
    ended = deactivate(email, reason=reason, acting_member=member)
    answer(f"{ended.email} is no longer active.", json=json, email=ended.email, active=ended.is_active)


def member_train(
    email: str,
    course: Annotated[str, typer.Option(help="The course, as the agency's policy names it.")],
    hours: Annotated[int, typer.Option(help="Its hours.")],
    completed: Annotated[date, day_option(help="The day it was completed.")],
    expires: Annotated[date, day_option(help="Its last valid day.")],
    acting: As,
    json: Json = False,
) -> None:
    """Record a course that a colleague completed."""
    member = acting_member(acting)
    done = record_training(email, course, hours, completed, expires, acting_member=member)
    answer(
        f"{email}: {done.course}, {done.hours} hours, valid until {done.expires_on}.",
        json=json,
        email=email,
        course=done.course,
        hours=done.hours,
        expires_on=done.expires_on,
    )


def token_new(
    acting: As,
    scope: Annotated[
        list[str],
        typer.Option(
            help="What the token may do: the name of a permission (search.run), its first word (search), or all. Repeat for more."
        ),
    ],
    days: Annotated[int, typer.Option(help=f"How many days it is valid, 1 to {MAX_TOKEN_DAYS}.")] = TOKEN_DAYS,
    name: Annotated[str, typer.Option(help="Your own name for it.")] = "",
    service: Annotated[str, typer.Option(help="Name of the agency's system that acts with it.")] = "",
    code: Annotated[
        str,
        typer.Option(help="The current code of your authenticator app, or a recovery code; not in a sample workspace."),
    ] = "",
    compat: Annotated[
        bool, typer.Option("--compat", help="A key of the interface that is compatible with Amazon Rekognition.")
    ] = False,
    case: Annotated[str, typer.Option(help="With --compat: the case that it searches under.")] = "",
    purpose: Annotated[str, typer.Option(help="With --compat: the purpose of its searches.")] = "",
    json: Json = False,
) -> None:
    """Create a token for a program that acts for you, on the API or on this command line; it is shown once."""
    member = acting_member(acting)
    wish = Wish(scope, name=name, service=service, days=days, signs=compat, case=case, purpose=purpose)
    token, text = make_token(
        wish, has_factor=has_factor(member), checked=bool(code) and check_code(member, code), acting_member=member
    )
    expires = token.expires_at.isoformat(timespec="seconds")
    scopes = list(scopes_held(token))
    if json and compat:
        keys = {"access_key_id": token.public_id, "secret_access_key": text}
        print_json({"id": token.public_id, **keys, "expires": expires, "scopes": scopes})
    elif json:
        print_json({"id": token.public_id, "token": text, "expires": expires, "scopes": scopes})
    elif compat:
        say(f"Access key and its secret, valid until {day(token.expires_at)}:")
        typer.echo(f"aws_access_key_id = {token.public_id}\naws_secret_access_key = {text}")
    else:
        say(
            f"Send it to the API as `Authorization: Bearer`, or set PLAINVIEW_TOKEN to it; valid until {day(token.expires_at)}:"
        )
        typer.echo(text)


def token_list(acting: As, json: Json = False) -> None:
    """List your tokens."""
    member = acting_member(acting)
    rows = [
        {
            "token": token.public_id,
            "name": token.service or token.name,
            "scopes": " ".join(scopes_held(token)),
            "made_at": token.made_at.isoformat(timespec="seconds"),
            "used_at": token.used_at and token.used_at.isoformat(timespec="seconds"),
            "expires_at": token.expires_at.isoformat(timespec="seconds"),
            "revoked_at": token.revoked_at and token.revoked_at.isoformat(timespec="seconds"),
        }
        for token in tokens(member)
    ]
    heads = ("Token", "Name", "Scopes", "Created", "Last used", "Expires", "Revoked")
    print_rows("tokens", heads, rows, "You have no token.", json=json)


def token_revoke(token: str, acting: As, json: Json = False) -> None:
    """Revoke one of your tokens."""
    member = acting_member(acting)
    ended = revoke_token(token, acting_member=member)
    answer(f"Token {ended.public_id} is revoked.", json=json, id=ended.public_id, state="revoked")


def trial_approve(
    email: str,
    acting: As,
    days: Annotated[int, typer.Option(help="How many days from today.")] = 30,
    searches: Annotated[int, typer.Option(help="How many searches.")] = 20,
    json: Json = False,
) -> None:
    """Approve the trial of a colleague, by name; nobody approves their own."""
    member = acting_member(acting)
    trial = approve_trial(email, days=days, searches=searches, acting_member=member)
    answer(
        f"{email}: {trial.search_limit} searches until {trial.ends_on}.",
        json=json,
        email=email,
        searches=trial.search_limit,
        ends_on=trial.ends_on,
    )


def trial_report(acting: As, json: Json = False) -> None:
    """Print the proof-of-value report of your agency's trials for the last seven days."""
    member = acting_member(acting)
    report = weekly_report(member)
    if json:
        print_json(report.to_dict())
        return
    say(report.text())


def trial_send_reports(json: Json = False) -> None:
    """Send each agency's weekly report to its head, where one is due; run it daily."""
    open_workspace()
    names = send_reports()
    answer(f"{counted(len(names), 'report')} sent{': ' + ', '.join(names) if names else ''}.", json=json, sent=names)
