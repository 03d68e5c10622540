"""Reads webhooks and their deliveries, always those of the member's own agency."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.db.models import Count, Q, QuerySet

from plainview.casework import find
from plainview.casework.models import Delivery, Member, Webhook


@dataclass(frozen=True, slots=True)
class WebhookState:
    """A webhook with the numbers of its deliveries: arrived, waiting, given up."""

    webhook: Webhook
    sent: int
    waiting: int
    given_up: int


def webhooks(member: Member) -> list[WebhookState]:
    """Return the agency's webhooks in use, oldest first."""
    rows = Webhook.objects.filter(agency=member.agency, removed_at=None).order_by("pk")
    counted = rows.annotate(
        sent=Count("deliveries", filter=Q(deliveries__sent_at__isnull=False)),
        waiting=Count("deliveries", filter=Q(deliveries__sent_at=None, deliveries__given_up_at=None)),
        given_up=Count("deliveries", filter=Q(deliveries__sent_at=None, deliveries__given_up_at__isnull=False)),
    )
    return [WebhookState(hook, hook.sent, hook.waiting, hook.given_up) for hook in counted]


def delivery_rows(public_id: str, member: Member, *, state: str = "") -> QuerySet[Delivery]:
    """Return the rows of a webhook's deliveries, in no order.

    Args:
        public_id: the webhook.
        member: whose agency it is.
        state: "arrived", "waiting" or "given up"; "" for all.

    Raises:
        Refused: webhook.unknown.
    """
    wanted = {
        "arrived": Q(sent_at__isnull=False),
        "waiting": Q(sent_at=None, given_up_at=None),
        "given up": Q(sent_at=None, given_up_at__isnull=False),
    }
    return Delivery.objects.filter(wanted.get(state, Q()), webhook=find.webhook(public_id, member))


def deliveries(public_id: str, member: Member, *, state: str = "", limit: int = 100) -> list[Delivery]:
    """Return a webhook's newest deliveries, newest first, at most `limit`; the rest as `delivery_rows`."""
    return list(delivery_rows(public_id, member, state=state).order_by("-pk")[:limit])


def state_of(delivery: Delivery) -> str:
    """Return "arrived", "given up" or "waiting"."""
    if delivery.sent_at is not None:
        return "arrived"
    return "waiting" if delivery.given_up_at is None else "given up"


def shown_address(url: str) -> str:
    """Return a webhook's address for people, without its password."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    return parts._replace(netloc=f"{parts.username}:…@{parts.netloc.rpartition('@')[2]}").geturl()
