"""Proposals: what one member asks for and another approves (policy.proposals). Never deleted."""

from __future__ import annotations

from django.db import models

from plainview.casework.models.people import Agency, Member, public_id
from plainview.casework.models.rows import Recorded
from plainview.policy import proposals


def _proposal_id() -> str:
    return public_id("U")


class Proposal(Recorded):
    """One act that waits for a second person, or was decided.

    `wanted`: the values of the act, as its kind needs them; `basis`: what they are based on, compared again at the
    approval. `proposed_by` is empty for the operator, `decided_by` for the head, whose code has the hash
    `head_code_sha256`. `concerns` is the member whom the act is about, if any.
    """

    public_id = models.CharField(max_length=16, unique=True, default=_proposal_id)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20)
    wanted = models.JSONField()
    basis = models.JSONField()
    reason = models.TextField()
    concerns = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+")
    proposed_by = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+")
    proposed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    state = models.CharField(max_length=10, default=proposals.OPEN)
    decided_by = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decision = models.TextField(blank=True)
    head_code_sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        db_table = "proposal"
        indexes = (models.Index(fields=["agency", "state"], name="proposal_open"),)

    def __str__(self) -> str:
        return self.public_id

    @property
    def power(self) -> proposals.Power:
        """Return the act that it is about."""
        return proposals.POWERS[proposals.Kind(self.kind)]
