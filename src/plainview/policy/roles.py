"""Which role holds which permission. What is not listed is denied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType

from plainview.policy.permissions import Permission


class Role(StrEnum):
    """The roles of DESIGN section 1."""

    EXAMINER = "examiner"
    VERIFIER = "verifier"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "agency administrator"
    AUDITOR = "auditor"


GRANTS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.EXAMINER: frozenset({Permission.CASE_OPEN, Permission.CASE_CLOSE, Permission.SEARCH_RUN}),
        Role.VERIFIER: frozenset(),
        Role.SUPERVISOR: frozenset({Permission.CASE_OPEN, Permission.CASE_CLOSE}),
        Role.ADMINISTRATOR: frozenset({Permission.GALLERY_CREATE, Permission.GALLERY_ENROL}),
        Role.AUDITOR: frozenset(),
    }
)


def holds(roles: Iterable[str], permission: Permission) -> bool:
    """True when one of the roles grants the permission; an unknown role grants nothing."""
    known = {role.value: role for role in Role}
    return any(permission in GRANTS[known[name]] for name in roles if name in known)
