"""What a member is told: one row for each thing that now waits for them, or that came of what they handed on."""

from __future__ import annotations

from django.db import models

from plainview.casework.models.people import Member


class News(models.Model):
    """One notification. `kind` says what happened, `about` the id of the record; no name, score or conclusion is stored.

    `due_at`: from then on the member sees it; `seen_at`: when they opened the list of notifications.
    """

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="news")
    kind = models.CharField(max_length=40)
    about = models.CharField(max_length=40)
    at = models.DateTimeField(auto_now_add=True)
    due_at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "news"
        indexes = (models.Index(fields=["member", "seen_at", "due_at"], name="news_of_a_member"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.about}"
