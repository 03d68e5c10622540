"""Published feeds: a list of pictures that one named publisher offers on one host, under one legal basis."""

from __future__ import annotations

from django.db import models

from plainview.casework.models.galleries import Gallery
from plainview.casework.models.people import Member, public_id


def _feed_id() -> str:
    return public_id("P")


class Feed(models.Model):
    """A publisher's list. Only pictures that the list names, on its own host, are fetched."""

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
    """A link of a feed that was dealt with, as a keyed digest: an erased picture's address is not stored here."""

    feed = models.ForeignKey(Feed, on_delete=models.PROTECT)
    mark = models.CharField(max_length=64)
    outcome = models.CharField(max_length=40)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "feed_link"
        constraints = (models.UniqueConstraint(fields=["feed", "mark"], name="feed_link_once"),)

    def __str__(self) -> str:
        return f"{self.feed_id}: {self.outcome}"
