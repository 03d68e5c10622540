"""Cases, the searches made under them, and the candidates that came back. None is ever deleted with another."""

from __future__ import annotations

from django.db import models

from plainview.casework.models.galleries import Gallery, Reference
from plainview.casework.models.people import Agency, Member, public_id


def _search_id() -> str:
    return public_id("S")


class Case(models.Model):
    """An investigation of the agency; every search belongs to one."""

    agency = models.ForeignKey(Agency, on_delete=models.PROTECT)
    number = models.CharField(max_length=100)
    offence = models.CharField(max_length=200)
    opened_by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "casefile"
        constraints = (models.UniqueConstraint(fields=["agency", "number"], name="case_number_once"),)

    def __str__(self) -> str:
        return self.number


class Search(models.Model):
    """One run: what was asked, written before it is answered. `answered_at` is empty until then."""

    public_id = models.CharField(max_length=16, unique=True, default=_search_id)
    case = models.ForeignKey(Case, on_delete=models.PROTECT)
    member = models.ForeignKey(Member, on_delete=models.PROTECT)
    gallery = models.ForeignKey(Gallery, on_delete=models.PROTECT)
    purpose = models.TextField()
    top = models.PositiveSmallIntegerField()
    probe_blob = models.CharField(max_length=64)
    probe_name = models.TextField()
    face_number = models.PositiveSmallIntegerField()
    box = models.JSONField()
    quality = models.PositiveSmallIntegerField()
    quality_detail = models.JSONField()
    pack = models.CharField(max_length=100)
    pack_sha256 = models.CharField(max_length=64)
    gallery_size = models.BigIntegerField(null=True)
    gallery_seq = models.BigIntegerField(null=True)
    request_entry = models.BigIntegerField(unique=True)
    answer_entry = models.BigIntegerField(null=True, unique=True)
    requested_at = models.DateTimeField(auto_now_add=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "search"

    def __str__(self) -> str:
        return self.public_id


class Candidate(models.Model):
    """One row of a candidate list: similar, not identified."""

    search = models.ForeignKey(Search, on_delete=models.PROTECT)
    rank = models.PositiveSmallIntegerField()
    score = models.DecimalField(max_digits=8, decimal_places=6)
    reference = models.ForeignKey(Reference, on_delete=models.PROTECT)

    class Meta:
        db_table = "candidate"
        constraints = (models.UniqueConstraint(fields=["search", "rank"], name="candidate_rank_once"),)

    def __str__(self) -> str:
        return f"{self.search_id} #{self.rank}"
