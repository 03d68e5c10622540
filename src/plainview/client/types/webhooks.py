"""Answers of the API: webhooks; `make openapi` writes this file."""

from __future__ import annotations

from typing import Any, TypedDict


class WebhookRow(TypedDict):
    """A webhook in the list, with its messages counted."""

    id: str
    url: str
    events: list[str] | None
    made_by: str
    made_at: str
    earlier_secrets_until: list[str]
    sent: int
    waiting: int
    given_up: int


class Webhooks(TypedDict):
    """A part of the list of webhooks."""

    items: list[WebhookRow]
    next: str | None


class Webhook(TypedDict):
    """A webhook."""

    id: str
    url: str
    events: list[str] | None
    made_by: str
    made_at: str
    earlier_secrets_until: list[str]


class Secret(TypedDict):
    """A webhook and its new secret."""

    webhook: Webhook
    secret: str


class Delivery(TypedDict):
    """A message that was sent, or is due."""

    id: str
    message: str
    type: str
    data: Any
    happened_at: str
    state: str
    tries: int
    tried_at: str | None
    due_at: str
    answer: str


class Deliveries(TypedDict):
    """A part of a webhook's messages."""

    items: list[Delivery]
    next: str | None
