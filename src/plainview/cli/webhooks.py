"""`plainview webhook`: addresses of the agency's own systems, and the messages that they were sent."""

from __future__ import annotations

from typing import Annotated

import typer

from plainview.casework.models import Delivery
from plainview.casework.webhooks.manage import (
    ROTATION_HOURS,
    add_webhook,
    remove_webhook,
    rotate_secret,
    send_again,
    try_webhook,
)
from plainview.casework.webhooks.read import deliveries, shown_address, state_of, webhooks
from plainview.cli.acting import acting_member
from plainview.cli.common import As, Json, answer, print_json, print_rows, say
from plainview.policy.webhooks import EVENTS


def add(
    url: str,
    acting: As,
    event: Annotated[list[str] | None, typer.Option(help="An event that it receives; repeat it. Default: all.")] = None,
    json: Json = False,
) -> None:
    """Add an address; the secret that signs its messages is shown once."""
    member = acting_member(acting)
    hook, secret = add_webhook(url, event or (), acting_member=member)
    _secret(hook.public_id, secret, json=json)


def rotate(
    webhook: str,
    acting: As,
    hours: Annotated[int, typer.Option(help="Hours for which the earlier secret still signs too.")] = ROTATION_HOURS,
    json: Json = False,
) -> None:
    """Make a new secret, shown once; the earlier one signs beside it for some hours."""
    member = acting_member(acting)
    hook, secret = rotate_secret(webhook, hours=hours, acting_member=member)
    _secret(hook.public_id, secret, json=json)


def _secret(public_id: str, secret: str, *, json: bool) -> None:
    if json:
        print_json({"id": public_id, "secret": secret})
        return
    say(f"Webhook {public_id}. Its receiver checks every message with this secret:")
    typer.echo(secret)


def list_webhooks(acting: As, json: Json = False) -> None:
    """List the agency's webhooks."""
    member = acting_member(acting)
    rows = [
        {
            "id": shown.webhook.public_id,
            "url": shown_address(shown.webhook.url),
            "events": shown.webhook.events or "all",
            "arrived": shown.sent,
            "waiting": shown.waiting,
            "given_up": shown.given_up,
            "made_at": shown.webhook.made_at.isoformat(timespec="seconds"),
        }
        for shown in webhooks(member)
    ]
    heads = ("Webhook", "Address", "Events", "Arrived", "Waiting", "Given up", "Since")
    print_rows("webhooks", heads, rows, "No webhook.", json=json)


def events(acting: As, json: Json = False) -> None:
    """List the events that a webhook can receive."""
    acting_member(acting)
    rows = [{"event": name, "says": says} for name, says in EVENTS.items()]
    print_rows("events", ("Event", "What happened"), rows, "No event.", json=json)


def try_out(webhook: str, acting: As, json: Json = False) -> None:
    """Send a test message now and show the answer."""
    member = acting_member(acting)
    delivery = try_webhook(webhook, acting_member=member)
    arrived = delivery.sent_at is not None
    answer(
        f"{'Arrived' if arrived else 'Did not arrive'}: {delivery.answer}",
        json=json,
        delivery=delivery.public_id,
        arrived=arrived,
        answer=delivery.answer,
    )
    if not arrived:
        raise typer.Exit(1)


def list_deliveries(
    webhook: str,
    acting: As,
    state: Annotated[str, typer.Option(help="arrived, waiting or given up. Default: all.")] = "",
    limit: Annotated[int, typer.Option(help="Most messages.", min=1, max=1000)] = 50,
    json: Json = False,
) -> None:
    """List the messages of a webhook, newest first, with the newest answer to each."""
    member = acting_member(acting)
    rows = [_shown(delivery) for delivery in deliveries(webhook, member, state=state, limit=limit)]
    heads = ("Message", "Event", "Happened", "State", "Attempts", "Newest answer", "Next attempt")
    print_rows("deliveries", heads, rows, "No message.", json=json)


def _shown(delivery: Delivery) -> dict[str, object]:
    state = state_of(delivery)
    return {
        "id": delivery.public_id,
        "event": delivery.type,
        "happened_at": delivery.happened_at,
        "state": state,
        "attempts": delivery.tries,
        "answer": delivery.answer,
        "next": delivery.due_at.isoformat(timespec="seconds") if state == "waiting" else None,
    }


def again(message: str, acting: As, json: Json = False) -> None:
    """Send a message again; the worker does it within a minute."""
    member = acting_member(acting)
    delivery = send_again(message, acting_member=member)
    answer(f"Message {delivery.public_id} is due again.", json=json, id=delivery.public_id, state="waiting")


def remove(webhook: str, acting: As, json: Json = False) -> None:
    """Remove a webhook."""
    member = acting_member(acting)
    removed = remove_webhook(webhook, acting_member=member)
    answer(f"Webhook {removed.public_id} is removed.", json=json, id=removed.public_id, state="removed")
