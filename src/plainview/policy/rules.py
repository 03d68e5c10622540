"""The rules that stand between a wish and an act, as pure functions on plain values.

Each answers Allow, or Refused with the rule's id, the reason and a way on. Whoever acts runs all rules of the
act and raises the first refusal; nothing is allowed because a value is missing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from plainview.policy.decision import Allow, Decision, Refused
from plainview.policy.permissions import Permission
from plainview.policy.roles import GRANTS, holds


def may(roles: Iterable[str], is_active: bool, permission: Permission) -> Decision:
    """The member's account is active and one of its roles grants the permission."""
    if not is_active:
        return Refused(
            "member.inactive",
            f"{_name(permission)} refused",
            "This account is not active.",
            "Ask your agency administrator.",
        )
    if not holds(roles, permission):
        able = sorted(role.value for role, granted in GRANTS.items() if permission in granted)
        return Refused(
            "member.no_permission",
            f"{_name(permission)} refused",
            "None of your roles grants it.",
            f"It is for: {', '.join(able) or 'nobody'}. Ask a member with that role.",
        )
    return Allow()


def not_ended(ends_on: date | None, today: date) -> Decision:
    """The account has no last day, or has not passed it. The last day counts."""
    if ends_on is not None and ends_on < today:
        return Refused(
            "member.ended",
            "Refused",
            f"This account ended on {ends_on}.",
            "Ask the agency that gave it to you.",
        )
    return Allow()


def agency_open(is_open: bool) -> Decision:
    """The agency has been opened by the operator after its head accepted the terms, and is not suspended."""
    if not is_open:
        return Refused(
            "agency.not_open",
            "Refused",
            "Your agency is not open.",
            "Its head accepts the terms, then the operator opens it with `plainview agency open`.",
        )
    return Allow()


def has_case(number: str) -> Decision:
    """A search names a case."""
    if not number.strip():
        return Refused(
            "case.missing",
            "Search refused",
            "No case was named.",
            "Name the case with --case NUMBER; open one with `plainview case open`.",
        )
    return Allow()


def case_found(number: str, found: bool) -> Decision:
    """The case exists in the member's agency."""
    if not found:
        return Refused(
            "case.unknown",
            "Search refused",
            f"Your agency has no case {number!r}.",
            "Check the number, or open it with `plainview case open NUMBER --offence TEXT`.",
        )
    return Allow()


def case_open(number: str, closed_on: date | None) -> Decision:
    """The case has not been closed."""
    if closed_on is not None:
        return Refused(
            "case.closed",
            "Search refused",
            f"Case {number!r} was closed on {closed_on}.",
            "Use the case that is being worked on.",
        )
    return Allow()


def gallery_found(name: str, found: bool) -> Decision:
    """The gallery exists in the member's agency."""
    if not found:
        return Refused(
            "gallery.unknown",
            "Refused",
            f"Your agency has no gallery {name!r}.",
            "See `plainview gallery list` for those it has.",
        )
    return Allow()


def gallery_current(name: str, expires_on: date, today: date) -> Decision:
    """The gallery's legal basis has not ended. The last day counts as current."""
    if expires_on < today:
        return Refused(
            "gallery.expired",
            "Refused",
            f"The legal basis of gallery {name!r} ended on {expires_on}.",
            "Its administrator renews it with `plainview gallery change`; until then nobody can use it.",
        )
    return Allow()


def gallery_of_pack(name: str, pack: str, loaded: str, re_embedding: bool) -> Decision:
    """The gallery's templates are all of the loaded model pack; only such templates can be compared.

    Args:
        name: of the gallery.
        pack: identity of the pack of its templates, "" while it has none.
        loaded: identity of the loaded pack.
        re_embedding: templates of the pack are still being made.
    """
    if pack in ("", loaded) and not re_embedding:
        return Allow()
    why = (
        f"The templates of gallery {name!r} are being made anew and not all of them are there."
        if re_embedding
        else f"The templates of gallery {name!r} were made by {pack}, and {loaded} is loaded."
    )
    return Refused(
        "gallery.pack",
        "Refused",
        why,
        f"Its administrator runs `plainview gallery re-embed {name}`; it can be stopped and run again.",
    )


def passport_complete(basis: str, source: str, owner: str) -> Decision:
    """A gallery states its legal basis, its source and its owner."""
    fields = {"legal basis": basis, "source": source, "owner": owner}
    missing = [label for label, text in fields.items() if not text.strip()]
    if missing:
        return Refused(
            "gallery.passport",
            "Gallery refused",
            f"Its passport lacks: {', '.join(missing)}.",
            "A gallery without a complete passport cannot exist; state every field.",
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


def _name(permission: Permission) -> str:
    noun, verb = permission.value.split(".")
    return f"{noun.capitalize()} {verb}"
