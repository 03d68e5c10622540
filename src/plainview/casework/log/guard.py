"""Checks before every act. A refusal is recorded before it is raised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django.db import transaction
from django.utils import timezone

from plainview.audit.record import Value
from plainview.casework.log.channel import channel
from plainview.casework.log.commit import require_unaltered
from plainview.casework.log.write import write_entry
from plainview.casework.models import Member
from plainview.casework.models.rows import unread
from plainview.casework.workspace.prepared import Prepared
from plainview.policy import rules, signing_in
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.roles import OUTSIDERS
from plainview.policy.tokens import within


@contextmanager
def refusals_recorded(act: str, acting_member: Member, about: Mapping[str, Value] | None = None) -> Iterator[None]:
    """Write a refusal of `act` to the log, with public facts about it, then raise it to the member."""
    try:
        yield
    except Refused as refused:
        with transaction.atomic():
            write_entry(
                f"{act}.refused",
                {"rule": refused.rule_id, "agency": acting_member.agency.public_id, **(about or {})},
                {"why": refused.why},
                acting_member=acting_member,
            )
        raise


@contextmanager
def acting(act: str, permission: Permission, acting_member: Member) -> Iterator[None]:
    """Run an act in one transaction, if the member's roles and agency allow it now; refusals are recorded.

    The member is read again inside, so that a role removed a moment ago no longer counts.

    Raises:
        Refused: member.inactive, member.no_permission, agency.not_open, or a refusal of the act itself.
    """
    with refusals_recorded(act, acting_member), transaction.atomic():
        standing(acting_member, permission)
        yield


_MEMBER = Prepared(lambda key: Member.objects.select_related("agency").filter(pk=key), int)
_MEMBER_LOCKED = Prepared(
    lambda key: Member.objects.select_related("agency").select_for_update(of=("self",)).filter(pk=key), int
)


def standing(acting_member: Member, permission: Permission) -> None:
    """Read the member again and check the permission, the agency, and the scopes of the token that stands for the member.

    In a transaction the member's row is locked, so that two acts of one member follow each other and neither a limit
    nor an approval is used twice.

    Raises:
        Refused: member.ended, member.locked, member.inactive, member.no_permission, agency.not_open, token.scope.
    """
    locked = transaction.get_connection().in_atomic_block
    now = (_MEMBER_LOCKED if locked else _MEMBER).first(acting_member.pk)
    acting_member.roles, acting_member.is_active = now.roles, now.is_active
    acting_member.on_trial = now.on_trial
    acting_member.ends_on, acting_member.agency = now.ends_on, now.agency
    rules.require(
        rules.not_ended(now.ends_on, timezone.now().date()),
        signing_in.not_locked(locked=now.locked_at is not None),
        rules.may(now.roles, now.is_active, permission),
        rules.agency_open(now.agency.is_open),
        within(channel().scopes, permission),
    )


def permit(act: str, permission: Permission, acting_member: Member) -> None:
    """Check a permission before reading; a refusal is recorded.

    Raises:
        Refused: as `standing`.
    """
    with refusals_recorded(act, acting_member):
        standing(acting_member, permission)


def require_shown_unaltered(member: Member | None) -> None:
    """Check what was loaded for the answer that is about to be sent; a refusal is recorded.

    Raises:
        Refused: rows.altered.
    """
    try:
        require_unaltered()
    except Refused as altered:
        with unread(), transaction.atomic():
            write_entry(
                "rows.refused",
                {"rule": altered.rule_id, **({"agency": member.agency.public_id} if member else {})},
                {"why": altered.why},
                acting_member=member,
            )
        raise


def is_outsider(member: Member) -> bool:
    """Say whether the member is of the defence or an outside auditor."""
    return any(role.value in member.roles for role in OUTSIDERS)


def record_opened(member: Member, place: str, address: str) -> None:
    """Record that an outsider opens a page or runs a command.

    Args:
        member: the person; nothing is recorded for a member who is not an outsider.
        place: name of the page or of the command, from a fixed list.
        address: its full address, sealed: it may name a case.
    """
    if not is_outsider(member):
        return
    with transaction.atomic():
        write_entry(
            "outsider.opened",
            {"agency": member.agency.public_id, "place": place},
            {"address": address[:500]},
            acting_member=member,
        )
