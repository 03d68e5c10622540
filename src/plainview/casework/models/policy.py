"""Every version of an agency's policy, with who changed it, when and why. Never updated, never deleted."""

from __future__ import annotations

from django.db import models

from plainview.casework.models.people import Agency, Member
from plainview.casework.models.rows import Recorded


class PolicyVersion(Recorded):
    """A version of a policy; the newest one binds. `changed_by` is empty for an agency's first version."""

    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="policies")
    number = models.PositiveIntegerField()
    text = models.TextField()
    changed_by = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+")
    approved_by = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+")
    changed_at = models.DateTimeField(auto_now_add=True)
    why = models.TextField()

    class Meta:
        db_table = "policy_version"
        constraints = (models.UniqueConstraint(fields=["agency", "number"], name="policy_version_once"),)

    def __str__(self) -> str:
        return f"{self.agency_id} v{self.number}"
