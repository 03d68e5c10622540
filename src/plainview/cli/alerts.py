"""The commands of alerts: saved probes, what they raised, and how people are told."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from plainview.cli.common import As, Json, acting_member, console, print_json, print_rows
from plainview.policy.alerts import DEFAULT_ONE_IN
from plainview.policy.search import ORIGINS, UNDECLARED

alert_app = typer.Typer(help="Saved probes, compared with every new reference.", no_args_is_help=True)
webhook_app = typer.Typer(help="Addresses that are told of raised alerts.", no_args_is_help=True)
Reason = Annotated[str, typer.Option(help="Why, in words.")]


@alert_app.command("create")
def alert_create(
    image: Path,
    acting: As,
    case: Annotated[str, typer.Option(help="Number of an open case.")],
    purpose: Annotated[str, typer.Option(help="What the alert is to find out.")],
    gallery: Annotated[list[str], typer.Option(help="A gallery; name the option again for another.")],
    days: Annotated[int, typer.Option(help="Days until it expires.")] = 30,
    one_in: Annotated[int, typer.Option(help="At most one false alert in so many new references.")] = DEFAULT_ONE_IN,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Compare also what was enrolled since.")
    ] = None,
    face: Annotated[int | None, typer.Option(help="Which face of the picture, from 1, the largest.")] = None,
    origin: Annotated[str, typer.Option(help=f"Of the probe: {', '.join(ORIGINS)}.")] = UNDECLARED,
    json: Json = False,
) -> None:
    """Save a probe: from now on every new reference of the galleries is compared with it."""
    member = acting_member(acting)
    from plainview.casework.alerts.open import create_alert
    from plainview.casework.probes.probe import prepare_probe
    from plainview.casework.search.run import Request
    from plainview.casework.workspace.services import services

    try:
        alert = create_alert(
            prepare_probe(image, face),
            Request(case, purpose, "", origin=origin),
            gallery,
            days=days,
            one_in=one_in,
            since=since.date() if since else None,
            acting_member=member,
        )
    finally:
        services().close()
    follows = [
        {"gallery": row.gallery.name, "threshold": round(row.threshold, 6)}
        for row in alert.follows.select_related("gallery").order_by("pk")
    ]
    if json:
        print_json(
            {
                "id": alert.public_id,
                "state": "open",
                "expires": alert.expires_at.isoformat(),
                "one_in": one_in,
                "galleries": follows,
            }
        )
        return
    console.print(
        f"Alert {alert.public_id} is open until {alert.expires_at:%Y-%m-%d %H:%M} UTC. At most one false alert in "
        f"{one_in:,} new references is to be expected.",
        soft_wrap=True,
    )


@alert_app.command("list")
def alert_list(acting: As, json: Json = False) -> None:
    """List the agency's alerts with what they raised, the newest first."""
    member = acting_member(acting)
    from plainview.casework.alerts.read import alerts, raised_by, state_of

    rows = [
        {
            "id": alert.public_id,
            "case": alert.case.number,
            "member": alert.member.email,
            "state": state_of(alert),
            "expires": alert.expires_at.isoformat(timespec="seconds"),
            "candidates": [
                {
                    "reference_id": row.candidate.reference.public_id,
                    "source_url": row.candidate.reference.source_url,
                    "score": float(row.candidate.score),
                    "search_id": row.search.public_id,
                    "rank": row.candidate.rank,
                    "seen": row.seen,
                }
                for row in raised_by(alert)
            ],
        }
        for alert in alerts(member)
    ]
    if json:
        print_json({"alerts": rows})
        return
    people = [{**row, "candidates": _short(row["candidates"])} for row in rows]
    heads = ("Alert", "Case", "Member", "State", "Expires", "Raised")
    print_rows("alerts", heads, people, "No alert yet. Save one with `plainview alert create`.", json=False)


def _short(raised: Any) -> list[str]:
    return [f"{row['reference_id']} ({row['score']:.3f}, {row['search_id']})" for row in raised]


@alert_app.command("close")
def alert_close(alert: str, acting: As, reason: Reason) -> None:
    """End an alert now."""
    member = acting_member(acting)
    from plainview.casework.alerts.ends import close_alert

    console.print(f"Alert {close_alert(alert, reason=reason, acting_member=member).public_id} has ended.")


@alert_app.command("renew")
def alert_renew(
    alert: str, acting: As, reason: Reason, days: Annotated[int, typer.Option(help="Days from now.")] = 30
) -> None:
    """Let a colleague's alert go on."""
    member = acting_member(acting)
    from plainview.casework.alerts.ends import renew_alert

    row = renew_alert(alert, days=days, reason=reason, acting_member=member)
    console.print(f"Alert {row.public_id} goes on until {row.expires_at:%Y-%m-%d %H:%M} UTC.")


@alert_app.command("mute")
def alert_mute(
    alert: str, acting: As, reason: Annotated[str, typer.Option(help="Why; empty: not muted any more.")] = ""
) -> None:
    """Send no more messages about one's own alert."""
    member = acting_member(acting)
    from plainview.casework.alerts.ends import mute_alert

    row = mute_alert(alert, reason=reason, acting_member=member)
    console.print(f"Alert {row.public_id} is {'muted' if row.muted_at else 'not muted any more'}.")


@alert_app.command("preference")
def alert_preference(
    acting: As,
    digest_hours: Annotated[int, typer.Option(help="Hours between letters; 0: at once.")] = 0,
    quiet_from: Annotated[int | None, typer.Option(help="Hour (UTC) from which nothing is sent.")] = None,
    quiet_until: Annotated[int | None, typer.Option(help="Hour (UTC) until which nothing is sent.")] = None,
) -> None:
    """Say how you are told of what your alerts raise."""
    member = acting_member(acting)
    from plainview.casework.alerts.open import set_preference

    set_preference(digest_hours=digest_hours, quiet_from=quiet_from, quiet_until=quiet_until, acting_member=member)
    console.print("Saved.")


@webhook_app.command("add")
def webhook_add(url: str, acting: As, json: Json = False) -> None:
    """Add an address; the secret that signs its messages is shown once."""
    member = acting_member(acting)
    from plainview.casework.alerts.notices import add_webhook

    hook, secret = add_webhook(url, acting_member=member)
    if json:
        print_json({"id": hook.public_id, "secret": secret})
        return
    console.print(f"Webhook {hook.public_id}. Its receiver checks every message with this secret:")
    typer.echo(secret)


@webhook_app.command("list")
def webhook_list(acting: As, json: Json = False) -> None:
    """List the agency's webhooks."""
    member = acting_member(acting)
    from plainview.casework.alerts.read import webhooks

    rows = [
        {"id": row.public_id, "url": row.url, "made_at": row.made_at.isoformat(timespec="seconds")}
        for row in webhooks(member)
    ]
    print_rows("webhooks", ("Webhook", "Address", "Since"), rows, "No webhook.", json=json)


@webhook_app.command("remove")
def webhook_remove(webhook: str, acting: As) -> None:
    """Remove a webhook."""
    member = acting_member(acting)
    from plainview.casework.alerts.notices import remove_webhook

    console.print(f"Webhook {remove_webhook(webhook, acting_member=member).public_id} is removed.")


def register(app: typer.Typer) -> None:
    """Add the command groups."""
    app.add_typer(alert_app, name="alert")
    app.add_typer(webhook_app, name="webhook")
