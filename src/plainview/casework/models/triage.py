"""The review of candidate lists: candidates set aside, and lists of which none is the person. No row is deleted by an undo."""

from __future__ import annotations

from django.db import models

from plainview.casework.models.cases import Candidate, Search
from plainview.casework.models.people import Member
from plainview.casework.models.rows import Recorded


class SetAside(Recorded):
    """A candidate that a member set aside; `undone_at` and `undo_entry` once they took that back."""

    candidate = models.ForeignKey(Candidate, on_delete=models.PROTECT, related_name="set_aside")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=40)
    entry = models.BigIntegerField(null=True)
    at = models.DateTimeField(auto_now_add=True)
    undone_at = models.DateTimeField(null=True)
    undo_entry = models.BigIntegerField(null=True)

    class Meta:
        db_table = "set_aside"
        constraints = (
            models.UniqueConstraint(
                fields=["candidate", "member"], name="set_aside_once", condition=models.Q(undone_at=None)
            ),
        )

    def __str__(self) -> str:
        return f"{self.candidate_id} {self.reason}"


class NoneOfThese(Recorded):
    """A member's conclusion that no candidate of a list is the person; `undone_at` once they took it back."""

    search = models.ForeignKey(Search, on_delete=models.PROTECT, related_name="none_of_these")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    statement = models.TextField()
    count = models.PositiveSmallIntegerField()
    entry = models.BigIntegerField(null=True)
    at = models.DateTimeField(auto_now_add=True)
    undone_at = models.DateTimeField(null=True)
    undo_entry = models.BigIntegerField(null=True)

    class Meta:
        db_table = "none_of_these"
        constraints = (
            models.UniqueConstraint(
                fields=["search", "member"], name="none_of_these_once", condition=models.Q(undone_at=None)
            ),
        )

    def __str__(self) -> str:
        return f"{self.search_id} none"
