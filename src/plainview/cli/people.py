"""The commands of joining: agency, member, token, trial."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from plainview.casework.workspace.folder import current
from plainview.cli.common import (
    As,
    Json,
    acting_member,
    console,
    open_workspace,
    print_json,
    print_rows,
    sample_notice,
)
from plainview.policy.decision import Refused
from plainview.policy.joining import INVITATION_DAYS
from plainview.policy.terms import TERMS

agency_app = typer.Typer(help="Agencies: proposed, terms accepted, opened by the operator.", no_args_is_help=True)
member_app = typer.Typer(help="The members of an agency.", no_args_is_help=True)
token_app = typer.Typer(help="Tokens for the command line of a served workspace.", no_args_is_help=True)
trial_app = typer.Typer(help="Trials: a supervisor's approval, an end, a limit.", no_args_is_help=True)

Why = Annotated[str, typer.Option(help="The reason; it is kept.")]
Roles = Annotated[list[str], typer.Option("--role", help="A role; repeat for more.")]


@agency_app.command("propose")
def agency_propose(
    name: str,
    jurisdiction: Annotated[str, typer.Option(help="Where it may act.")],
    head_name: Annotated[str, typer.Option(help="Name of its head.")],
    head_email: Annotated[str, typer.Option(help="Address of its head.")],
) -> None:
    """Enter an agency; it cannot work until its head accepted the terms and you opened it."""
    open_workspace()
    from plainview.casework.people.agencies import propose_agency

    code = propose_agency(name, jurisdiction=jurisdiction, head_name=head_name, head_email=head_email)
    console.print(f"Give this code to {head_name}, and nobody else:")
    typer.echo(code)
    console.print("The head reads `plainview agency terms` and runs `plainview agency accept CODE`.")


@agency_app.command("terms")
def agency_terms() -> None:
    """Print what the head of an agency accepts."""
    typer.echo(TERMS, nl=False)


@agency_app.command("accept")
def agency_accept(code: str) -> None:
    """Accept the terms as the head of the agency."""
    open_workspace()
    from plainview.casework.people.agencies import accept_terms

    console.print(f"Recorded: the head of {accept_terms(code).name} accepts the terms.")


@agency_app.command("open")
def agency_open(
    name: str, administrator: Annotated[str, typer.Option(help="Address of its first administrator.")]
) -> None:
    """Open an agency whose head accepted the terms, and invite its first administrator."""
    open_workspace()
    from plainview.casework.people.agencies import open_agency

    invited = open_agency(name, administrator_email=administrator)
    console.print(f"{name} is open.")
    _show_code(invited.code, administrator)


@agency_app.command("suspend")
def agency_suspend(name: str, why: Why) -> None:
    """Stop everything that members of an agency may do, until it is opened again."""
    open_workspace()
    from plainview.casework.people.agencies import suspend_agency

    suspend_agency(name, why=why)
    console.print(f"{name} is suspended.")


@agency_app.command("sign-in")
def agency_sign_in(
    name: str, slug: Annotated[str, typer.Argument(help="Short name for the addresses.")], file: Path
) -> None:
    """Let an agency's members sign in through its own provider (OIDC or SAML), as a TOML file says."""
    open_workspace()
    from plainview.casework.people.single_sign_on import configure_sign_in

    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise Refused(
            "sso.invalid", "Sign-in not configured", f"{file} cannot be read.", "Name a UTF-8 file."
        ) from None
    configure_sign_in(name, slug, text)
    console.print(f"Members of {name} may sign in through their own provider, if they were invited.")


@agency_app.command("list")
def agency_list(json: Json = False) -> None:
    """List the agencies and how far each has come."""
    workspace = open_workspace()
    from plainview.casework.people.read import agencies

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


@member_app.command("invite")
def member_invite(
    email: str,
    role: Roles,
    acting: As,
    trial: Annotated[bool, typer.Option("--trial", help="Only for a trial that a supervisor approves.")] = False,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day of an outside auditor's account.")
    ] = None,
) -> None:
    """Invite a person into your agency."""
    member = acting_member(acting)
    from plainview.casework.people.members import invite_member

    last = until.date() if until else None
    invited = invite_member(email, role, on_trial=trial, ends_on=last, acting_member=member)
    _show_code(invited.code, email)


def _show_code(code: str, email: str) -> None:
    console.print(f"Give this code to {email}, and nobody else; it is valid for {INVITATION_DAYS} days:")
    typer.echo(code)
    console.print("They join with `plainview member join CODE --name NAME`, or on the sign-in page.")


@member_app.command("join")
def member_join(code: str, name: Annotated[str, typer.Option(help="Your name.")]) -> None:
    """Join your agency with the code of an invitation."""
    open_workspace()
    from plainview.casework.people.members import join

    member = join(code, name)
    console.print(f"{member.name} is a member of {member.agency.name}: {', '.join(member.roles)}.")


@member_app.command("list")
def member_list(acting: As, json: Json = False) -> None:
    """List the members of your agency with roles and training."""
    member = acting_member(acting)
    from plainview.casework.people.read import members

    rows = [
        {
            "email": row.email,
            "name": row.name,
            "roles": row.roles,
            "active": row.is_active,
            "trained_until": max((str(done.expires_on) for done in row.trainings.all()), default=None),
            "trial_ends": max((str(trial.ends_on) for trial in row.trials.all()), default="not approved")
            if row.on_trial
            else None,
        }
        for row in members(member)
    ]
    heads = ("Address", "Name", "Roles", "Active", "Trained until", "Trial")
    print_rows("members", heads, rows, "Nobody yet.", json=json, caption=sample_notice(current()))


@member_app.command("roles")
def member_roles(
    email: str,
    role: Roles,
    acting: As,
    end_trial: Annotated[bool, typer.Option("--end-trial", help="Make them a full member.")] = False,
) -> None:
    """Give a colleague other roles; takes effect at their next act."""
    member = acting_member(acting)
    from plainview.casework.people.members import set_roles

    changed = set_roles(email, role, on_trial=False if end_trial else None, acting_member=member)
    console.print(f"{changed.email}: {', '.join(changed.roles)}.")


@member_app.command("deactivate")
def member_deactivate(email: str, why: Why, acting: As) -> None:
    """End a colleague's account; what they did stays on record."""
    member = acting_member(acting)
    from plainview.casework.people.members import deactivate

    console.print(f"{deactivate(email, why=why, acting_member=member).email} is no longer active.")


@member_app.command("train")
def member_train(
    email: str,
    course: Annotated[str, typer.Option(help="The course, as the agency's policy names it.")],
    hours: Annotated[int, typer.Option(help="Its hours.")],
    completed: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The day it was completed.")],
    expires: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Its last valid day.")],
    acting: As,
) -> None:
    """Record a course that a colleague completed."""
    member = acting_member(acting)
    from plainview.casework.people.members import record_training

    done = record_training(email, course, hours, completed.date(), expires.date(), acting_member=member)
    console.print(f"{email}: {done.course}, {done.hours} hours, valid until {done.expires_on}.")


@token_app.command("make")
def token_make(acting: As) -> None:
    """Make a token for yourself; it is shown once."""
    member = acting_member(acting)
    from plainview.casework.people.tokens import make_token

    token, text = make_token(acting_member=member)
    console.print(f"Put it into PLAINVIEW_TOKEN; valid until {token.expires_at:%Y-%m-%d}:")
    typer.echo(text)


@token_app.command("list")
def token_list(acting: As, json: Json = False) -> None:
    """List your tokens."""
    member = acting_member(acting)
    from plainview.casework.people.read import tokens

    rows = [
        {
            "token": row.public_id,
            "made_at": row.made_at.isoformat(timespec="seconds"),
            "expires_at": row.expires_at.isoformat(timespec="seconds"),
            "revoked_at": row.revoked_at and row.revoked_at.isoformat(timespec="seconds"),
        }
        for row in tokens(member)
    ]
    print_rows("tokens", ("Token", "Made", "Expires", "Revoked"), rows, "You have no token.", json=json)


@token_app.command("revoke")
def token_revoke(token: str, acting: As) -> None:
    """End one of your tokens."""
    member = acting_member(acting)
    from plainview.casework.people.tokens import revoke_token

    console.print(f"{revoke_token(token, acting_member=member).public_id} is ended.")


@trial_app.command("approve")
def trial_approve(
    email: str,
    acting: As,
    days: Annotated[int, typer.Option(help="How many days from today.")] = 30,
    searches: Annotated[int, typer.Option(help="How many searches.")] = 20,
) -> None:
    """Approve the trial of a colleague, by name; nobody approves their own."""
    member = acting_member(acting)
    from plainview.casework.people.trials import approve_trial

    trial = approve_trial(email, days=days, searches=searches, acting_member=member)
    console.print(f"{email}: {trial.search_limit} searches until {trial.ends_on}.")


@trial_app.command("report")
def trial_report(acting: As, json: Json = False) -> None:
    """Print the proof-of-value report of your agency's trials for the last seven days."""
    member = acting_member(acting)
    from plainview.casework.people.trial_letter import weekly_report

    report = weekly_report(member)
    if json:
        print_json(report.to_dict())
        return
    console.print(report.text(), soft_wrap=True)


@trial_app.command("send-reports")
def trial_send_reports() -> None:
    """Send each agency's weekly report to its head, where one is due; run it daily."""
    open_workspace()
    from plainview.casework.people.trials import send_reports

    names = send_reports()
    console.print(f"{len(names)} reports sent{': ' + ', '.join(names) if names else ''}.")


def register(app: typer.Typer) -> None:
    """Add the command groups."""
    app.add_typer(agency_app, name="agency")
    app.add_typer(member_app, name="member")
    app.add_typer(token_app, name="token")
    app.add_typer(trial_app, name="trial")
