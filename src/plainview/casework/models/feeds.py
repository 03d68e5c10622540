"""Published feeds: a list of notices that one named publisher offers on its hosts, under one legal basis."""

from __future__ import annotations

from django.db import models

from plainview.casework.models.galleries import Gallery
from plainview.casework.models.people import Member, public_id


def _feed_id() -> str:
    return public_id("P")


class Feed(models.Model):
    """A publisher's list. Only pictures that the list names, on the publisher's hosts, are fetched.

    `mapping` says where in the list the notices are (feeds.mapping; null: Plainview's own form), `hosts` what may be
    asked besides `host`. `grace_days`: for how long a withdrawn notice is kept; null: nothing is erased because it is
    missing. `every_hours`: the time between two runs of the worker; 0: by hand. `tried_at`: the mapping has shown
    notices. `validators`: what the host gave to ask whether its list changed. `listed_at`, `listed`: the newest
    complete list and its notices. `last_run_at`, `last_note`: the newest run, and what a person should know of it.
    """

    public_id = models.CharField(max_length=16, unique=True, default=_feed_id)
    gallery = models.ForeignKey(Gallery, on_delete=models.PROTECT)
    publisher = models.CharField(max_length=200)
    legal_basis = models.TextField()
    list_url = models.TextField()
    host = models.CharField(max_length=253)
    seconds_between = models.FloatField()
    max_bytes = models.PositiveBigIntegerField()
    created_by = models.ForeignKey(Member, on_delete=models.PROTECT)
    created_at = models.DateTimeField(auto_now_add=True)
    stopped_at = models.DateTimeField(null=True)
    preset = models.CharField(max_length=40, db_default="")
    mapping = models.JSONField(null=True)
    hosts = models.JSONField(null=True)
    terms = models.TextField(db_default="")
    purpose = models.TextField(db_default="")
    grace_days = models.PositiveSmallIntegerField(null=True)
    every_hours = models.PositiveSmallIntegerField(db_default=0)
    tried_at = models.DateTimeField(null=True)
    validators = models.JSONField(null=True)
    listed_at = models.DateTimeField(null=True)
    listed = models.PositiveIntegerField(db_default=0)
    last_run_at = models.DateTimeField(null=True)
    last_note = models.TextField(db_default="")

    class Meta:
        db_table = "feed"
        constraints = (
            models.UniqueConstraint(fields=["gallery", "list_url"], name="feed_list_once"),
            models.CheckConstraint(
                condition=~models.Q(publisher="") & ~models.Q(legal_basis="") & ~models.Q(host=""),
                name="feed_passport_complete",
            ),
        )

    def __str__(self) -> str:
        return self.public_id


class FeedLink(models.Model):
    """A link of a feed that was dealt with, as a keyed digest: an erased picture's address is not stored here.

    `notice` is the digest of the publisher's number of the notice that named it, as in FeedWithdrawal.
    """

    feed = models.ForeignKey(Feed, on_delete=models.PROTECT)
    mark = models.CharField(max_length=64)
    notice = models.CharField(max_length=64, db_default="")
    outcome = models.CharField(max_length=40)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "feed_link"
        constraints = (models.UniqueConstraint(fields=["feed", "mark"], name="feed_link_once"),)

    def __str__(self) -> str:
        return f"{self.feed_id}: {self.outcome}"


class FeedWithdrawal(models.Model):
    """A notice that its publisher withdrew: since when, and what was erased because of it.

    `mark` is a keyed digest of the publisher's number; `entry` the log entry that noted it; `erased_entries` those of
    its erased references. `why` is "missing" (from a complete list) or "stated" (by the publisher). A notice that
    comes back before it was erased loses its row.
    """

    feed = models.ForeignKey(Feed, on_delete=models.PROTECT, related_name="withdrawals")
    mark = models.CharField(max_length=64)
    why = models.CharField(max_length=20)
    since = models.DateTimeField()
    entry = models.BigIntegerField()
    erased_at = models.DateTimeField(null=True)
    erased_entries = models.JSONField(default=list)

    class Meta:
        db_table = "feed_withdrawal"
        constraints = (
            models.UniqueConstraint(
                fields=["feed", "mark"], name="feed_withdrawal_once", condition=models.Q(erased_at__isnull=True)
            ),
        )

    def __str__(self) -> str:
        return f"{self.feed_id}: {self.why} since {self.since:%Y-%m-%d}"
