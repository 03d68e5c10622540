"""Agencies and their members: one person, one account. No row here is ever deleted with its records."""

from __future__ import annotations

import secrets

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

from plainview.casework.models.rows import Recorded

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford base 32: no letters that are misread


def public_id(prefix: str) -> str:
    """Return an id that reveals nothing and cannot be guessed: the prefix and 60 random bits."""
    bits = secrets.randbits(60)
    return prefix + "".join(_ALPHABET[bits >> place & 31] for place in range(0, 60, 5))


def _agency_id() -> str:
    return public_id("A")


def _member_id() -> str:
    return public_id("M")


class Agency(models.Model):
    """An organisation that searches. It is open once its head has accepted the terms and the operator has opened it."""

    public_id = models.CharField(max_length=16, unique=True, default=_agency_id)
    name = models.CharField(max_length=200, unique=True)
    jurisdiction = models.CharField(max_length=200, blank=True)
    head_name = models.CharField(max_length=200, blank=True)
    head_email = models.EmailField(blank=True)
    terms_code_sha256 = models.CharField(max_length=64, blank=True)
    terms_sha256 = models.CharField(max_length=64, blank=True)
    terms_accepted_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    suspended_at = models.DateTimeField(null=True)
    trial_reported_at = models.DateTimeField(null=True)
    is_sample = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "agency"

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        """Say whether its members may work."""
        return self.opened_at is not None and self.suspended_at is None


class Member(Recorded, AbstractBaseUser):
    """A person's account in an agency. In the log only `public_id` represents the person."""

    public_id = models.CharField(max_length=16, unique=True, default=_member_id)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=200)
    roles = models.JSONField(default=list)
    is_active = models.BooleanField(default=True)
    on_trial = models.BooleanField(default=False)
    locked_at = models.DateTimeField(null=True)
    ends_on = models.DateField(null=True)  # last day of an outsider's account
    is_sample = models.BooleanField(default=False)

    objects = BaseUserManager()

    USERNAME_FIELD = "email"

    class Meta:
        db_table = "member"

    def __str__(self) -> str:
        return self.email
