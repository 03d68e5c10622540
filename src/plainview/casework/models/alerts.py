"""Alerts: saved probes that are compared with every new reference until they expire; and the notices about them."""

from __future__ import annotations

from django.db import models

from plainview.casework.models.cases import Case, Search
from plainview.casework.models.galleries import Gallery
from plainview.casework.models.people import Member, public_id
from plainview.casework.models.policy import PolicyVersion


def _alert_id() -> str:
    return public_id("T")


def _webhook_id() -> str:  # of models.webhooks; the first migration has it here
    return public_id("H")


class Alert(models.Model):
    """A saved probe under a case. It raises searches (`Search.alert`), which are examined like any other."""

    public_id = models.CharField(max_length=16, unique=True, default=_alert_id)
    case = models.ForeignKey(Case, on_delete=models.PROTECT)
    member = models.ForeignKey(Member, on_delete=models.PROTECT)
    purpose = models.TextField()
    origin = models.CharField(max_length=40)
    policy = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT)
    probe_blob = models.CharField(max_length=64)
    probe_name = models.TextField()
    edits = models.JSONField(default=list)
    notes = models.JSONField(default=list)
    provenance = models.JSONField(default=dict)
    # Its further pictures, each with the columns of a ProbeFrame but search and number.
    further = models.JSONField(default=list)
    face_number = models.PositiveSmallIntegerField()
    box = models.JSONField()
    quality = models.PositiveSmallIntegerField()
    quality_detail = models.JSONField()
    captured_on = models.DateField(null=True)
    pack = models.CharField(max_length=100)
    pack_sha256 = models.CharField(max_length=64)
    sealed = models.BinaryField()
    one_in = models.BigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_why = models.TextField(blank=True)
    muted_at = models.DateTimeField(null=True)
    muted_why = models.TextField(blank=True)
    unreadable_at = models.DateTimeField(null=True)
    unsolved = models.BooleanField(default=False)

    class Meta:
        db_table = "alert"
        indexes = (models.Index(fields=["expires_at"], name="alert_open", condition=models.Q(closed_at__isnull=True)),)

    def __str__(self) -> str:
        return self.public_id


class AlertGallery(models.Model):
    """A gallery that an alert follows, from which change of its log and with which least score."""

    alert = models.ForeignKey(Alert, on_delete=models.PROTECT, related_name="follows")
    gallery = models.ForeignKey(Gallery, on_delete=models.PROTECT)
    after_seq = models.BigIntegerField()
    threshold = models.FloatField()

    class Meta:
        db_table = "alert_gallery"
        constraints = (models.UniqueConstraint(fields=["alert", "gallery"], name="alert_follows_a_gallery_once"),)

    def __str__(self) -> str:
        return f"{self.alert_id} {self.gallery_id}"


class AlertMark(models.Model):
    """How far in a gallery's ordered log all alerts have been compared."""

    gallery = models.OneToOneField(Gallery, on_delete=models.PROTECT, related_name="alert_mark")
    seq = models.BigIntegerField(default=0)

    class Meta:
        db_table = "alert_mark"

    def __str__(self) -> str:
        return f"{self.gallery_id} {self.seq}"


class AlertSeen(models.Model):
    """A raised search that a member has viewed; the first view counts."""

    search = models.OneToOneField(Search, on_delete=models.PROTECT, related_name="seen")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "alert_seen"

    def __str__(self) -> str:
        return f"{self.search_id} {self.at:%Y-%m-%d %H:%M}"


class AlertPreference(models.Model):
    """A member's notification settings: at once or in a digest, and the hours (0 to 23) without messages.

    The hours are those of `time_zone`, an IANA name; empty for UTC, as in rows of older versions.
    """

    member = models.OneToOneField(Member, on_delete=models.PROTECT, related_name="alert_preference")
    digest_hours = models.PositiveSmallIntegerField(default=0)
    quiet_from = models.PositiveSmallIntegerField(null=True)
    quiet_until = models.PositiveSmallIntegerField(null=True)
    time_zone = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        db_table = "alert_preference"

    def __str__(self) -> str:
        return f"{self.member_id}"


class Notice(models.Model):
    """A letter about a raised alert that is due to a member; pending until sent or given up.

    `webhook` is of an older version, whose messages to other systems were rows of this table.
    """

    search = models.ForeignKey(Search, on_delete=models.PROTECT, related_name="notices")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, null=True)
    webhook = models.ForeignKey("casework.Webhook", on_delete=models.PROTECT, null=True)
    due_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "notice"
        indexes = (
            models.Index(
                fields=["due_at"],
                name="notice_due",
                condition=models.Q(sent_at__isnull=True, given_up_at__isnull=True),
            ),
        )
        constraints = (
            models.UniqueConstraint(fields=["search", "member"], name="notice_once_a_member"),
            models.UniqueConstraint(fields=["search", "webhook"], name="notice_once_a_webhook"),
            models.CheckConstraint(
                condition=models.Q(member__isnull=True) ^ models.Q(webhook__isnull=True), name="notice_to_one"
            ),
        )

    def __str__(self) -> str:
        return f"notice {self.pk}"
