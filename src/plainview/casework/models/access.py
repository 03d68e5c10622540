"""Signing in: failed attempts, and the codes with which a member sets up sign-in again."""

from __future__ import annotations

from django.db import models

from plainview.casework.models.people import Member


class SignInFailure(models.Model):
    """A failed attempt to sign in; several recent ones lock the account."""

    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="sign_in_failures")
    at = models.DateTimeField()
    factor = models.CharField(max_length=20)

    class Meta:
        db_table = "sign_in_failure"
        indexes = (models.Index(fields=["member", "at"], name="sign_in_failure_recent"),)

    def __str__(self) -> str:
        return f"{self.member_id} {self.at:%Y-%m-%d %H:%M:%S}"


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
