"""What a person needs to act: invitation, training, trial, and the tokens of programs that act for a person."""

from __future__ import annotations

from django.db import models

from plainview.casework.models.people import Agency, Member, public_id


def _invitation_id() -> str:
    return public_id("I")


def _trial_id() -> str:
    return public_id("T")


def _token_id() -> str:
    return public_id("K")


class Invitation(models.Model):
    """An agency administrator's invitation; only the hash of its code is stored."""

    public_id = models.CharField(max_length=16, unique=True, default=_invitation_id)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT)
    email = models.EmailField()
    roles = models.JSONField()
    on_trial = models.BooleanField(default=False)
    code_sha256 = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+")
    invited_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    ends_on = models.DateField(null=True)
    member = models.OneToOneField(Member, on_delete=models.PROTECT, null=True, related_name="invitation")

    class Meta:
        db_table = "invitation"

    def __str__(self) -> str:
        return self.public_id


class Training(models.Model):
    """A course that a member completed; `expires_on` is its last valid day."""

    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="trainings")
    course = models.CharField(max_length=200)
    hours = models.PositiveSmallIntegerField()
    completed_on = models.DateField()
    expires_on = models.DateField()
    recorded_by = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "training"

    def __str__(self) -> str:
        return f"{self.course} until {self.expires_on}"


class Trial(models.Model):
    """A trial that a supervisor approved by name; first and last day are included, and every search in it counts."""

    public_id = models.CharField(max_length=16, unique=True, default=_trial_id)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="trials")
    approved_by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(auto_now_add=True)
    starts_on = models.DateField()
    ends_on = models.DateField()
    search_limit = models.PositiveSmallIntegerField()

    class Meta:
        db_table = "trial"

    def __str__(self) -> str:
        return self.public_id


class Token(models.Model):
    """A member's token for the API, or for the command line of a served workspace; only its hash is stored.

    `scopes`: policy.tokens; null: made before tokens had scopes, so everything that the member may. `service`: the name
    of the agency's system that acts with it; the member answers for it. A key of the compatible interface has an id that
    is public (`public_id`) and a secret that signs, so the secret is `sealed`; `case` and `purpose` are what it searches
    under where a request states none.
    """

    public_id = models.CharField(max_length=16, unique=True, default=_token_id)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="tokens")
    secret_sha256 = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    name = models.CharField(max_length=80, default="")
    service = models.CharField(max_length=80, default="")
    scopes = models.JSONField(null=True)
    used_at = models.DateTimeField(null=True)
    sealed = models.BinaryField(default=b"")
    case = models.CharField(max_length=100, default="")
    purpose = models.CharField(max_length=500, default="")

    class Meta:
        db_table = "token"

    def __str__(self) -> str:
        return self.public_id


class ApiAnswer(models.Model):
    """The answer to a request that named an idempotency key: the same for a day, unless what it may name is erased.

    `key_sha256` and `request_sha256` are hashes of the key and of the request; `status` is null while the first request
    is being answered. `sealed` is the body of the answer, empty once it was erased.
    """

    token = models.ForeignKey(Token, on_delete=models.PROTECT, related_name="answers")
    key_sha256 = models.CharField(max_length=64)
    request_sha256 = models.CharField(max_length=64)
    made_at = models.DateTimeField(auto_now_add=True)
    status = models.PositiveSmallIntegerField(null=True)
    headers = models.JSONField(default=dict)
    sealed = models.BinaryField(default=b"")

    class Meta:
        db_table = "api_answer"
        constraints = (models.UniqueConstraint(fields=["token", "key_sha256"], name="api_answer_once"),)
        indexes = (models.Index(fields=["made_at"], name="api_answer_age"),)

    def __str__(self) -> str:
        return f"{self.token_id} {self.key_sha256[:12]}"
