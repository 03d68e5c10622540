"""Letters waiting to be sent. What names a person is sealed, and erased once the letter is sent."""

from __future__ import annotations

from django.db import models

from plainview.casework.models.people import public_id


def _letter_id() -> str:
    return public_id("Z")


class Letter(models.Model):
    """A letter to one person. `sealed`: recipient, subject, text, files (JSON), empty once sent or erased.

    `kind`: what it is about, e.g. "rights.answered"; `about`: the id of the record it is about, empty if none.
    `trouble`: why the last try failed, in a sentence without personal data.
    """

    public_id = models.CharField(max_length=16, unique=True, default=_letter_id)
    kind = models.CharField(max_length=40)
    about = models.CharField(max_length=40, blank=True, db_index=True)
    sealed = models.BinaryField()
    made_at = models.DateTimeField()
    due_at = models.DateTimeField()
    tries = models.PositiveIntegerField(default=0)
    trouble = models.CharField(max_length=300, blank=True)
    sent_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "letter"
        indexes = (models.Index(fields=["sent_at", "given_up_at", "due_at"], name="letter_due"),)

    def __str__(self) -> str:
        return f"{self.public_id} {self.kind}"
