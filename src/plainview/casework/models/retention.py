"""Retention: the rules and their versions, outside events, runs with their lists, and holds."""

from __future__ import annotations

from django.db import models

from plainview.casework.models.cases import Case, Search
from plainview.casework.models.galleries import Gallery, Reference
from plainview.casework.models.people import Agency, Member, public_id


def _hold_id() -> str:
    return public_id("O")


def _run_id() -> str:
    return public_id("X")


class RetentionVersion(models.Model):
    """One version of an agency's retention rules; the newest one binds. Never updated, never deleted."""

    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()
    text = models.TextField()
    changed_by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    approved_by = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+")
    changed_at = models.DateTimeField(auto_now_add=True)
    why = models.TextField()

    class Meta:
        db_table = "retention_version"
        constraints = (models.UniqueConstraint(fields=["agency", "number"], name="retention_version_once"),)

    def __str__(self) -> str:
        return f"{self.agency_id} v{self.number}"


class RetentionEvent(models.Model):
    """An outside event of a case or a reference from which a rule counts (policy.retention.EVENTS)."""

    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20)
    happened_on = models.DateField()
    case = models.ForeignKey(Case, on_delete=models.PROTECT, null=True, related_name="+")
    reference = models.ForeignKey(Reference, on_delete=models.PROTECT, null=True, related_name="+")
    authority = models.TextField()
    recorded_by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "retention_event"
        constraints = (
            models.UniqueConstraint(fields=["kind", "happened_on", "case"], name="retention_event_case_once"),
            models.UniqueConstraint(fields=["kind", "happened_on", "reference"], name="retention_event_once"),
            models.CheckConstraint(
                condition=models.Q(case=None) ^ models.Q(reference=None), name="retention_event_of_one_thing"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.happened_on}"


class RetentionRun(models.Model):
    """A list of things due for erasure, proposed by one member, approved by another, carried out by a job.

    `digest` is the SHA-256 of the list as proposed for `day`; `proposed_by` is empty if the schedule proposed it. An
    `automatic` run was approved by the rules themselves, in the name of the member who set them.
    """

    class State(models.TextChoices):
        """Status; the last two are ends."""

        PROPOSED = "proposed"
        APPROVED = "approved"
        DONE = "done"
        WITHDRAWN = "withdrawn"

    public_id = models.CharField(max_length=16, unique=True, default=_run_id)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    rules = models.ForeignKey(RetentionVersion, on_delete=models.PROTECT, null=True, related_name="+")
    day = models.DateField()
    digest = models.CharField(max_length=64)
    state = models.CharField(max_length=12, choices=State, default=State.PROPOSED)
    proposed_by = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+")
    proposed_at = models.DateTimeField()
    proposed_entry = models.BigIntegerField()
    approved_by = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)
    approved_entry = models.BigIntegerField(null=True)
    automatic = models.BooleanField(default=False)
    note = models.TextField(blank=True)
    ended_at = models.DateTimeField(null=True)
    ended_entry = models.BigIntegerField(null=True)

    class Meta:
        db_table = "retention_run"

    def __str__(self) -> str:
        return self.public_id


class RetentionItem(models.Model):
    """A line of a run's list, and its outcome. It names its subject by id, so that the line outlasts the subject.

    The fields from `what` to `holds` are fixed with the list; `held_by` are the holds in force when the line was due.
    """

    class State(models.TextChoices):
        """Outcome of a line: due for erasure, on hold, or an end state."""

        PLANNED = "planned"
        HELD = "held"
        ERASED = "erased"
        GONE = "gone"
        KEPT = "kept"

    run = models.ForeignKey(RetentionRun, on_delete=models.PROTECT, related_name="items")
    number = models.PositiveIntegerField()
    what = models.CharField(max_length=12)
    subject = models.CharField(max_length=16)
    place = models.CharField(max_length=100)
    rule = models.CharField(max_length=40)
    due_on = models.DateField()
    planned = models.BooleanField()
    holds = models.JSONField(default=list)
    state = models.CharField(max_length=12, choices=State)
    held_by = models.JSONField(default=list)
    entry = models.BigIntegerField(null=True)

    class Meta:
        db_table = "retention_item"
        constraints = (models.UniqueConstraint(fields=["run", "number"], name="retention_item_in_place"),)

    def __str__(self) -> str:
        return f"{self.what} {self.subject}"


class Hold(models.Model):
    """An order to keep one case, search, reference or gallery, whatever a rule says."""

    public_id = models.CharField(max_length=16, unique=True, default=_hold_id)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, null=True, related_name="holds")
    search = models.ForeignKey(Search, on_delete=models.PROTECT, null=True, related_name="holds")
    reference = models.ForeignKey(Reference, on_delete=models.PROTECT, null=True, related_name="holds")
    gallery = models.ForeignKey(Gallery, on_delete=models.PROTECT, null=True, related_name="holds")
    reason = models.TextField()
    authority = models.TextField()
    placed_by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    placed_at = models.DateTimeField()
    review_on = models.DateField(null=True)
    ended_by = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)
    end_reason = models.TextField(blank=True)

    class Meta:
        db_table = "hold"
        indexes = (models.Index(fields=["agency"], name="hold_in_force", condition=models.Q(ended_at__isnull=True)),)
        constraints = (
            models.CheckConstraint(
                condition=(
                    models.Q(case__isnull=False, search=None, reference=None, gallery=None)
                    | models.Q(case=None, search__isnull=False, reference=None, gallery=None)
                    | models.Q(case=None, search=None, reference__isnull=False, gallery=None)
                    | models.Q(case=None, search=None, reference=None, gallery__isnull=False)
                ),
                name="hold_on_one_thing",
            ),
        )

    def __str__(self) -> str:
        return self.public_id

    @property
    def on(self) -> str:
        """Return the subject of the hold in words, without a person's name."""
        if self.case is not None:
            return f"case {self.case.number}"
        if self.search is not None:
            return f"search {self.search.public_id}"
        if self.reference is not None:
            return f"reference {self.reference.public_id}"
        return f"gallery {self.gallery}"
