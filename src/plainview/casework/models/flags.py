"""Signs of misuse with the auditor's decisions; tripwires; the probe templates that the rules compare."""

from __future__ import annotations

from django.db import models

from plainview.casework.models.cases import Search
from plainview.casework.models.people import Agency, Member, public_id


def _flag_id() -> str:
    return public_id("F")


def _tripwire_id() -> str:
    return public_id("W")


class ProbeTemplate(models.Model):
    """The sealed template of a search's probe; erased with the search."""

    search = models.OneToOneField(Search, on_delete=models.PROTECT, related_name="template")
    sealed = models.BinaryField()

    class Meta:
        db_table = "probe_template"

    def __str__(self) -> str:
        return f"template of {self.search_id}"


class Flag(models.Model):
    """A finding about a member, for the auditor. The evidence is sealed; only its hash is in the log."""

    public_id = models.CharField(max_length=16, unique=True, default=_flag_id)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT)
    rule = models.CharField(max_length=40)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    search = models.ForeignKey(Search, on_delete=models.PROTECT, null=True)
    sealed = models.BinaryField()
    raised_at = models.DateTimeField()
    outcome = models.CharField(max_length=20, blank=True)
    note = models.TextField(blank=True)
    decided_by = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "flag"
        indexes = (models.Index(fields=["agency", "outcome"], name="flag_open"),)

    def __str__(self) -> str:
        return self.public_id


class Tripwire(models.Model):
    """A sealed template of a consenting person; no picture is stored. Only its owner sees it, only flags use it."""

    public_id = models.CharField(max_length=16, unique=True, default=_tripwire_id)
    owner = models.ForeignKey(Member, on_delete=models.PROTECT)
    sealed_label = models.BinaryField()
    sealed = models.BinaryField()
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "tripwire"

    def __str__(self) -> str:
        return self.public_id
