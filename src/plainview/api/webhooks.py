"""Webhooks: the agency's own systems that are told what happened, their secrets, and what they were sent.

Owns their fields on the API. A secret is in the answer that made it, and nowhere else.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Body, Query
from pydantic import Field

from plainview.api.common import Cut, In, Moment, Out, Page, Short, member_of, part_of, slice_of
from plainview.casework import find
from plainview.casework.models import Delivery, Webhook
from plainview.casework.webhooks import manage, read
from plainview.policy.webhooks import EVENTS, MAX_ROTATION_HOURS


class WebhookIn(In):
    """Where messages go, and about what."""

    url: Short = Field(description="An https:// address of your own system.")
    events: list[Short] = Field(
        default=[], max_length=200, description=f"None: all, also of later versions. Of: {', '.join(EVENTS)}."
    )


class WebhookOut(Out):
    """A webhook."""

    id: str
    url: str = Field(description="Without a password.")
    events: list[str] | None = Field(description="Null: all.")
    made_by: str
    made_at: Moment
    earlier_secrets_until: list[Moment] = Field(description="An earlier secret signs beside the newest until then.")


class WebhookRow(WebhookOut):
    """A webhook in the list, with its messages counted."""

    sent: int
    waiting: int
    given_up: int


class WebhooksOut(Out):
    """A part of the list of webhooks."""

    items: list[WebhookRow]
    next: str | None


class SecretOut(Out):
    """A webhook and its new secret."""

    webhook: WebhookOut
    secret: str = Field(description="Checks the signatures (Standard Webhooks); it is shown here only.")


class Rotation(In):
    """How long the earlier secret signs beside the new one."""

    hours: int = Field(default=manage.ROTATION_HOURS, ge=0, le=MAX_ROTATION_HOURS)


class DeliveryOut(Out):
    """A message that was sent, or is due."""

    id: str
    message: str = Field(description="The id that the receiver sees, the same at every attempt.")
    type: str
    data: Any
    happened_at: str
    state: str = Field(description="arrived, waiting or given up")
    tries: int
    tried_at: Moment | None
    due_at: Moment
    answer: str = Field(description="Status or reason of the newest attempt.")


class DeliveriesOut(Out):
    """A part of a webhook's messages."""

    items: list[DeliveryOut]
    next: str | None


class Wanted(Page):
    """Which messages."""

    state: Literal["", "arrived", "waiting", "given up"] = ""


def _facts(hook: Webhook) -> dict[str, Any]:
    return {
        "id": hook.public_id,
        "url": read.shown_address(hook.url),
        "events": hook.events,
        "made_by": hook.made_by.email,
        "made_at": hook.made_at,
        "earlier_secrets_until": [secret.ends_at for secret in hook.earlier.order_by("-pk")],
    }


def _shown(hook: Webhook) -> WebhookOut:
    return WebhookOut(**_facts(hook))


def _counted(state: read.WebhookState) -> WebhookRow:
    return WebhookRow(**_facts(state.webhook), sent=state.sent, waiting=state.waiting, given_up=state.given_up)


def _delivery(delivery: Delivery) -> DeliveryOut:
    return DeliveryOut(
        id=delivery.public_id,
        message=delivery.message,
        type=delivery.type,
        data=delivery.data,
        happened_at=delivery.happened_at,
        state=read.state_of(delivery),
        tries=delivery.tries,
        tried_at=delivery.tried_at,
        due_at=delivery.due_at,
        answer=delivery.answer,
    )


def webhook_list(request: HttpRequest, page: Cut) -> object:
    """List the agency's webhooks, the oldest first."""
    return slice_of(read.webhooks(member_of(request)), page, _counted)


def webhook_add(request: HttpRequest, wanted: Body[WebhookIn]) -> SecretOut:
    """Add a webhook; its secret is in this answer only."""
    hook, secret = manage.add_webhook(wanted.url, wanted.events, acting_member=member_of(request))
    return SecretOut(webhook=_shown(hook), secret=secret)


def webhook_show(request: HttpRequest, id: str) -> WebhookOut:  # noqa: A002  the name in the path
    """Return a webhook."""
    return _shown(find.webhook(id, member_of(request)))


def webhook_test(request: HttpRequest, id: str) -> DeliveryOut:  # noqa: A002
    """Send a test message now, and return its outcome."""
    return _delivery(manage.try_webhook(id, acting_member=member_of(request)))


def webhook_rotate(request: HttpRequest, id: str, wanted: Body[Rotation]) -> SecretOut:  # noqa: A002
    """Make a new secret; the earlier one signs beside it for some hours, so that the receiver can change over."""
    hook, secret = manage.rotate_secret(id, hours=wanted.hours, acting_member=member_of(request))
    return SecretOut(webhook=_shown(hook), secret=secret)


def webhook_remove(request: HttpRequest, id: str) -> None:  # noqa: A002
    """Remove a webhook, with the messages that are still due to it."""
    manage.remove_webhook(id, acting_member=member_of(request))


def delivery_list(request: HttpRequest, id: str, wanted: Annotated[Wanted, Query()]) -> object:  # noqa: A002
    """List what a webhook was sent, the newest first."""
    return part_of(read.delivery_rows(id, member_of(request), state=wanted.state), wanted, _delivery)


def delivery_again(request: HttpRequest, id: str) -> DeliveryOut:  # noqa: A002
    """Make a message due again, with the same id; it is sent within a minute."""
    return _delivery(manage.send_again(id, acting_member=member_of(request)))
