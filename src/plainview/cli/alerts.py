"""The commands of alerts: saved probes, the candidates they raised, and the messages about them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from plainview.casework.alerts.ends import close_alert, mute_alert, renew_alert
from plainview.casework.alerts.open import create_alert, set_preference
from plainview.casework.alerts.read import alerts, raised_for, state_of
from plainview.casework.probes.photographs import together
from plainview.casework.probes.probe import prepare_probe
from plainview.casework.search.run import Request
from plainview.casework.workspace.services import services
from plainview.cli.acting import acting_member
from plainview.cli.common import Also, As, Box, Json, answer, day_option, moment, print_json, print_rows, say, with_box
from plainview.policy.alerts import DEFAULT_ONE_IN
from plainview.policy.search import ORIGINS, UNDECLARED
from plainview.recognition.decode import read_file
from plainview.tables.names import readable

Reason = Annotated[str, typer.Option(help="The reason, in a sentence.")]


def alert_create(
    image: Path,
    acting: As,
    case: Annotated[str, typer.Option(help="Number of an open case.")],
    purpose: Annotated[str, typer.Option(help="What the alert should find out.")],
    gallery: Annotated[list[str], typer.Option(help="A gallery; repeat for more.")],
    days: Annotated[int, typer.Option(help="Days until it expires.")] = 30,
    one_in: Annotated[int, typer.Option(help="At most one false alert in this many new references.")] = DEFAULT_ONE_IN,
    since: Annotated[date | None, day_option(help="Also compare references enrolled since this day.")] = None,
    face: Annotated[int | None, typer.Option(help="Number of the face in the picture; 1 is the largest.")] = None,
    also: Also = None,
    box: Box = None,
    origin: Annotated[str, typer.Option(help=f"Origin of the probe: {', '.join(ORIGINS)}.")] = UNDECLARED,
    json: Json = False,
) -> None:
    """Save a probe; every new reference of the galleries is compared with it."""
    member = acting_member(acting)
    try:
        probe = prepare_probe(image, face, edits=with_box((), box, member.name))
        more = [(readable(path.name), read_file(path)) for path in also or ()]
        alert = create_alert(
            together(probe, more, acting_member=member),
            Request(case, purpose, "", origin=origin),
            gallery,
            days=days,
            one_in=one_in,
            since=since,
            acting_member=member,
        )
    finally:
        services().close()
    follows = [
        {"gallery": follow.gallery.name, "threshold": round(follow.threshold, 6)}
        for follow in alert.follows.select_related("gallery").order_by("pk")
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
    say(
        f"Alert {alert.public_id} is open until {moment(alert.expires_at)}. Expect at most one false alert in "
        f"{one_in:,} new references.",
    )


def alert_list(acting: As, json: Json = False) -> None:
    """List the agency's alerts and their candidates, the newest first."""
    member = acting_member(acting)
    rows = [
        {
            "id": alert.public_id,
            "case": alert.case.number,
            "member": alert.member.email,
            "state": state_of(alert),
            "expires": alert.expires_at.isoformat(timespec="seconds"),
            "candidates": [
                {
                    "reference_id": raised.candidate.reference.public_id,
                    "source_url": raised.candidate.reference.source_link,
                    "score": float(raised.candidate.score),
                    "search_id": raised.search.public_id,
                    "rank": raised.candidate.rank,
                    "seen": raised.seen,
                }
                for raised in raised_for(alert, member)
            ],
        }
        for alert in alerts(member)
    ]
    if json:
        print_json({"alerts": rows})
        return
    people = [{**raised, "candidates": _short(raised["candidates"])} for raised in rows]
    heads = ("Alert", "Case", "Member", "State", "Expires", "Raised")
    print_rows("alerts", heads, people, "No alert yet. Save one with `plainview alert create`.", json=False)


def _short(raised: Any) -> list[str]:
    return [f"{candidate['reference_id']} ({candidate['score']:.3f}, {candidate['search_id']})" for candidate in raised]


def alert_close(alert: str, acting: As, reason: Reason, json: Json = False) -> None:
    """End an alert now."""
    member = acting_member(acting)
    closed = close_alert(alert, reason=reason, acting_member=member)
    answer(f"Alert {closed.public_id} has ended.", json=json, id=closed.public_id, state=state_of(closed))


def alert_renew(
    alert: str,
    acting: As,
    reason: Reason,
    days: Annotated[int, typer.Option(help="Days from now.")] = 30,
    json: Json = False,
) -> None:
    """Extend a colleague's alert."""
    member = acting_member(acting)
    renewed = renew_alert(alert, days=days, reason=reason, acting_member=member)
    answer(
        f"Alert {renewed.public_id} runs until {moment(renewed.expires_at)}.",
        json=json,
        id=renewed.public_id,
        expires=renewed.expires_at.isoformat(),
    )


def alert_mute(
    alert: str,
    acting: As,
    reason: Annotated[str, typer.Option(help="The reason; leave it out to unmute.")] = "",
    json: Json = False,
) -> None:
    """Stop the messages about your own alert, or start them again."""
    member = acting_member(acting)
    changed = mute_alert(alert, reason=reason, acting_member=member)
    muted = changed.muted_at is not None
    answer(
        f"Alert {changed.public_id} is {'muted' if muted else 'no longer muted'}.",
        json=json,
        id=changed.public_id,
        muted=muted,
    )


def alert_preference(
    acting: As,
    digest_hours: Annotated[int, typer.Option(help="Hours between messages; 0: immediately.")] = 0,
    quiet_from: Annotated[int | None, typer.Option(help="Hour from which nothing is sent.")] = None,
    quiet_until: Annotated[int | None, typer.Option(help="Hour until which nothing is sent.")] = None,
    time_zone: Annotated[str, typer.Option(help="Whose hours these are, such as Europe/Vienna; empty for UTC.")] = "",
    json: Json = False,
) -> None:
    """Set when you get messages about your alerts."""
    member = acting_member(acting)
    set_preference(
        digest_hours=digest_hours,
        quiet_from=quiet_from,
        quiet_until=quiet_until,
        time_zone=time_zone,
        acting_member=member,
    )
    answer(
        "Saved.",
        json=json,
        digest_hours=digest_hours,
        quiet_from=quiet_from,
        quiet_until=quiet_until,
        time_zone=time_zone,
    )
