"""Webhooks: addresses of an agency's own systems, and the signed messages that are due to them."""

from __future__ import annotations

from django.db import models

from plainview.casework.models.alerts import _webhook_id
from plainview.casework.models.people import Agency, Member, public_id


def _delivery_id() -> str:
    return public_id("E")


class Webhook(models.Model):
    """An address of the agency that receives messages, with the sealed secret that signs them.

    `events`: the types of the messages that it receives; null: all.
    """

    public_id = models.CharField(max_length=16, unique=True, default=_webhook_id)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT)
    url = models.URLField(max_length=500)
    sealed = models.BinaryField()
    made_by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    removed_at = models.DateTimeField(null=True)
    events = models.JSONField(null=True)

    class Meta:
        db_table = "webhook"

    def __str__(self) -> str:
        return self.public_id


class WebhookSecret(models.Model):
    """An earlier secret of a webhook, which signs beside the newest one until it ends."""

    webhook = models.ForeignKey(Webhook, on_delete=models.PROTECT, related_name="earlier")
    sealed = models.BinaryField()
    ends_at = models.DateTimeField()

    class Meta:
        db_table = "webhook_secret"

    def __str__(self) -> str:
        return f"{self.webhook_id} until {self.ends_at:%Y-%m-%d %H:%M}"


class WebhookMark(models.Model):
    """How far the log was read for messages: the number of the next entry. One row."""

    seq = models.BigIntegerField(default=0)

    class Meta:
        db_table = "webhook_mark"

    def __str__(self) -> str:
        return f"entry {self.seq}"


class Delivery(models.Model):
    """A message that is due to a webhook; pending until sent or given up.

    `message` is the id that the receiver sees, the same at every attempt and at every webhook; `data` has ids only.
    `answer` is the status or the reason of the newest attempt.
    """

    public_id = models.CharField(max_length=16, unique=True, default=_delivery_id)
    webhook = models.ForeignKey(Webhook, on_delete=models.PROTECT, related_name="deliveries")
    message = models.CharField(max_length=60)
    type = models.CharField(max_length=60)
    data = models.JSONField()
    happened_at = models.CharField(max_length=30)
    made_at = models.DateTimeField(auto_now_add=True)
    due_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    tried_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=200, default="")

    class Meta:
        db_table = "webhook_delivery"
        indexes = (
            models.Index(
                fields=["due_at"],
                name="webhook_delivery_due",
                condition=models.Q(sent_at__isnull=True, given_up_at__isnull=True),
            ),
        )
        constraints = (models.UniqueConstraint(fields=["webhook", "message"], name="webhook_message_once"),)

    def __str__(self) -> str:
        return self.public_id
