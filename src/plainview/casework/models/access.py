"""Signing in: failed attempts, how they slow and are summarised, and the codes with which sign-in is set up again."""

from __future__ import annotations

from django.db import models

from plainview.casework.models.people import Member


class SignInFailure(models.Model):
    """A wrong second factor after the right password; several recent ones lock the account."""

    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="sign_in_failures")
    at = models.DateTimeField()
    factor = models.CharField(max_length=20)

    class Meta:
        db_table = "sign_in_failure"
        indexes = (models.Index(fields=["member", "at"], name="sign_in_failure_recent"),)

    def __str__(self) -> str:
        return f"{self.member_id} {self.at:%Y-%m-%d %H:%M:%S}"


class SignInRepeat(models.Model):
    """Failed attempts of an hour at one account, or from one network, of which only the first have entries of their own.

    `source` is a keyed hash of the account or network: the table does not say who tried.
    """

    source = models.CharField(max_length=64, unique=True)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+")
    began_at = models.DateTimeField()
    failures = models.PositiveIntegerField(default=0)
    unrecorded = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "sign_in_repeat"

    def __str__(self) -> str:
        return f"{self.failures} failures since {self.began_at:%Y-%m-%d %H:%M:%S}"


class SignInDelay(models.Model):
    """Wrong passwords for one address from one place, or from everywhere: they slow the next attempt (policy.signing_in).

    `source` is a keyed hash of both: the table does not say who tried, nor for whom.
    """

    source = models.CharField(max_length=64, unique=True)
    failures = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "sign_in_delay"

    def __str__(self) -> str:
        return f"{self.failures} until {self.last_at:%Y-%m-%d %H:%M:%S}"


class SignInReset(models.Model):
    """A code with which a member sets a new password; only its hash is stored."""

    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="sign_in_resets")
    code_sha256 = models.CharField(max_length=64, unique=True)
    made_by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "sign_in_reset"

    def __str__(self) -> str:
        return f"reset {self.pk}"
