"""The rules that every act is checked against, as pure functions on plain values.

Each returns Allow, or Refused with the rule's id, the reason and a next step. The caller runs all rules of the
act and raises the first refusal; nothing is allowed because a value is missing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from plainview.policy.decision import Allow, Decision, Refused
from plainview.policy.permissions import MEANINGS, Permission
from plainview.policy.roles import GRANTS, holds
from plainview.policy.wording import day


def may(roles: Iterable[str], is_active: bool, permission: Permission) -> Decision:
    """Allow an active member with a role that grants the permission."""
    if not is_active:
        return Refused(
            "member.inactive",
            _cannot(permission),
            "This account is not active.",
            "Ask your agency administrator.",
        )
    if not holds(roles, permission):
        able = sorted(role.value for role, granted in GRANTS.items() if permission in granted)
        return Refused(
            "member.no_permission",
            _cannot(permission),
            "Your role does not include this.",
            f"Ask a member with one of these roles: {', '.join(able) or 'none'}.",
        )
    return Allow()


def not_ended(ends_on: date | None, today: date) -> Decision:
    """Allow an account without a last day, or up to and including that day."""
    if ends_on is not None and ends_on < today:
        return Refused(
            "member.ended",
            "Refused",
            f"This account ended on {day(ends_on)}.",
            "Ask the agency that invited you.",
        )
    return Allow()


def agency_open(is_open: bool) -> Decision:
    """Allow an agency that the operator has opened and not suspended."""
    if not is_open:
        return Refused(
            "agency.not_open",
            "Refused",
            "Your agency is not open.",
            "Its head accepts the terms, then the platform operator opens it.",
            act=Permission.AGENCY_OPEN,
        )
    return Allow()


def has_case(number: str) -> Decision:
    """Allow a search that names a case."""
    if not number.strip():
        return Refused(
            "case.missing",
            "Search refused",
            "No case was named.",
            "Name a case, or open one first.",
            act=Permission.CASE_OPEN,
        )
    return Allow()


def case_found(number: str, exists: bool) -> Decision:
    """Allow a case that exists in the member's agency."""
    if not exists:
        return Refused(
            "case.unknown",
            "Not found",
            f"Your agency has no case {number!r}.",
            "Check the number, or open the case.",
            act=Permission.CASE_OPEN,
        )
    return Allow()


def case_open(number: str, closed_on: date | None) -> Decision:
    """Allow a case that has not been closed."""
    if closed_on is not None:
        return Refused(
            "case.closed",
            "Search refused",
            f"Case {number!r} was closed on {day(closed_on)}.",
            "Choose an open case.",
            act=Permission.CASE_READ,
        )
    return Allow()


def gallery_found(name: str, exists: bool) -> Decision:
    """Allow a gallery that exists in the member's agency."""
    if not exists:
        return Refused(
            "gallery.unknown",
            "Not found",
            f"Your agency has no gallery {name!r}." if name else "No gallery is named.",
            "Choose one of your agency's galleries.",
            act=Permission.GALLERY_LIST,
        )
    return Allow()


def gallery_current(name: str, expires_on: date, today: date) -> Decision:
    """Allow a gallery up to and including the last day of its legal basis."""
    if expires_on < today:
        return Refused(
            "gallery.expired",
            "Refused",
            f"The legal basis of gallery {name!r} ended on {day(expires_on)}.",
            "Ask an administrator to renew its passport. Until then nobody can use the gallery.",
            act=Permission.GALLERY_CREATE,
        )
    return Allow()


def gallery_of_pack(name: str, pack: str, loaded: str, re_embedding: bool) -> Decision:
    """Allow a gallery whose templates were all made by the loaded model pack; only those can be compared.

    Args:
        name: of the gallery.
        pack: identity of the pack of its templates, "" while it has none.
        loaded: identity of the loaded pack.
        re_embedding: templates of the pack are still being made.
    """
    if pack in ("", loaded) and not re_embedding:
        return Allow()
    why = (
        f"Gallery {name!r} is being re-embedded and some of its templates are still missing."
        if re_embedding
        else f"The templates of gallery {name!r} were made by {pack}, and {loaded} is loaded."
    )
    return Refused(
        "gallery.pack",
        "Refused",
        why,
        "Ask an administrator to re-embed the gallery.",
        act=Permission.GALLERY_ENROL,
    )


def passport_complete(basis: str, source: str, owner: str) -> Decision:
    """Allow a passport that states its legal basis, its source and its owner."""
    fields = {"legal basis": basis, "source": source, "owner": owner}
    missing = [label for label, text in fields.items() if not text.strip()]
    if missing:
        return Refused(
            "gallery.passport",
            "Gallery refused",
            f"These fields of its passport are missing: {', '.join(missing)}.",
            "Fill in every field of the passport.",
        )
    return Allow()


def require(*decisions: Decision) -> None:
    """Raise the first refusal, if any.

    Raises:
        Refused: the first of `decisions` that is one.
    """
    for decision in decisions:
        if isinstance(decision, Refused):
            raise decision


def _cannot(permission: Permission) -> str:
    sentence = MEANINGS[permission]
    return f"You cannot {sentence[0].lower()}{sentence[1:].rstrip('.')}"
