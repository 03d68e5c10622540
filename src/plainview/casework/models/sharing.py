"""Agreements between two agencies, and the searches that one requests from the other. No row is ever deleted.

A version of an agreement is never changed once it is accepted; a request says by which version it was made.
"""

from __future__ import annotations

from django.db import models

from plainview.casework.models.cases import Case
from plainview.casework.models.galleries import Gallery
from plainview.casework.models.people import Agency, Member, public_id
from plainview.casework.models.rows import Recorded


def _agreement_id() -> str:
    return public_id("G")


def _request_id() -> str:
    return public_id("X")


class Agreement(models.Model):
    """`holder` searches its galleries for `asker`, as the newest accepted version says, until either one withdraws."""

    public_id = models.CharField(max_length=16, unique=True, default=_agreement_id)
    holder = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="agreements_given")
    asker = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="agreements_taken")
    made_at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+")
    withdrawn_why = models.TextField(blank=True)

    class Meta:
        db_table = "agreement"
        constraints = (
            models.CheckConstraint(condition=~models.Q(holder=models.F("asker")), name="agreement_of_two_agencies"),
        )

    def __str__(self) -> str:
        return self.public_id


class AgreementVersion(models.Model):
    """Terms that the holder proposed; they bind once the asker accepts them.

    Empty `offences`, `purposes` or `askers` set no limit; `askers` are addresses of the asker's members.
    """

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    galleries = models.ManyToManyField(Gallery, related_name="+", db_table="agreement_version_gallery")
    starts_on = models.DateField()
    ends_on = models.DateField()
    offences = models.JSONField(default=list)
    purposes = models.JSONField(default=list)
    askers = models.JSONField(default=list)
    gives = models.CharField(max_length=20)
    answer_days = models.PositiveSmallIntegerField()
    proposed_by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(auto_now_add=True)
    accepted_by = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+")
    accepted_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "agreement_version"
        constraints = (models.UniqueConstraint(fields=["agreement", "number"], name="agreement_version_once"),)

    def __str__(self) -> str:
        return f"{self.agreement_id} v{self.number}"


class SharedRequest(Recorded):
    """A search that a member of the asker requests from the holder: the statement, the probe, and its progress.

    `mirror` is the case in the holder's agency under which it is searched, examined, verified and released. The request
    is over once `closed_at` is set: `closed_as` says how, one of policy.sharing.ENDS.
    """

    public_id = models.CharField(max_length=16, unique=True, default=_request_id)
    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="requests")
    version = models.ForeignKey(AgreementVersion, on_delete=models.PROTECT, related_name="+")
    gallery = models.ForeignKey(Gallery, on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="shared_requests")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    purpose = models.TextField()
    authority = models.TextField()
    top = models.PositiveSmallIntegerField()
    preparation = models.ForeignKey(
        "casework.Preparation", on_delete=models.PROTECT, null=True, related_name="shared_requests"
    )
    origin = models.CharField(max_length=40)
    probe_blob = models.CharField(max_length=64)
    probe_name = models.TextField()
    edits = models.JSONField(default=list)
    provenance = models.JSONField(default=dict)
    further = models.JSONField(default=list)  # as of an alert
    face_number = models.PositiveSmallIntegerField()
    box = models.JSONField()
    quality = models.PositiveSmallIntegerField()
    quality_detail = models.JSONField()
    made_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    authorised_by = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+")
    authorised_at = models.DateTimeField(null=True)
    taken_by = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+")
    taken_at = models.DateTimeField(null=True)
    mirror = models.OneToOneField(Case, on_delete=models.PROTECT, null=True, related_name="mirrored")
    closed_as = models.CharField(max_length=30, blank=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+")
    closed_why = models.TextField(blank=True)
    result = models.CharField(max_length=30, blank=True)

    class Meta:
        db_table = "shared_request"
        indexes = (
            models.Index(fields=["expires_at"], name="shared_request_open", condition=models.Q(closed_at__isnull=True)),
        )
        constraints = (
            # A second click makes no second request: a gallery is requested with a prepared probe once.
            models.UniqueConstraint(fields=["preparation", "gallery"], name="shared_request_once"),
        )

    def __str__(self) -> str:
        return self.public_id

    @property
    def is_erased(self) -> bool:
        """Its probe and its texts were erased; every request has a probe until then."""
        return not self.probe_blob


class SharedLead(models.Model):
    """A lead in the answer to a request."""

    request = models.ForeignKey(SharedRequest, on_delete=models.PROTECT, related_name="leads")
    lead = models.OneToOneField("casework.Lead", on_delete=models.PROTECT, related_name="given")

    class Meta:
        db_table = "shared_lead"

    def __str__(self) -> str:
        return f"{self.request_id} {self.lead_id}"


class SharedNotice(models.Model):
    """A letter that is due to a member about a request or an agreement; `says` has no name, case or picture."""

    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    request = models.ForeignKey(SharedRequest, on_delete=models.PROTECT, null=True, related_name="notices")
    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, null=True, related_name="notices")
    says = models.CharField(max_length=200)
    due_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "shared_notice"
        indexes = (
            models.Index(
                fields=["due_at"],
                name="shared_notice_due",
                condition=models.Q(sent_at__isnull=True, given_up_at__isnull=True),
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=models.Q(request__isnull=True) ^ models.Q(agreement__isnull=True),
                name="shared_notice_about_one",
            ),
        )

    def __str__(self) -> str:
        return f"shared notice {self.pk}"
