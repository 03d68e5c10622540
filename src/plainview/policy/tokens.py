"""The rules of tokens: what a token may be allowed, for how long, and what a service may never do.

Owns the words of a scope. A scope is the name of a permission, the first word of several, or `all`: a token may do no
more than its scopes, and no more than its member, at the moment of each act.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from plainview.policy.decision import Allow, Decision, Refused
from plainview.policy.permissions import Permission

ALL = "all"
"""The scope of a token that may do everything that its member may."""

TOKEN_DAYS = 90
"""How long a token is valid unless stated, days: chosen, a quarter, like the dry run of a policy."""

MAX_TOKEN_DAYS = 366
"""Longest time for which a token is valid, days: chosen, a year, as with passports of galleries."""

PERSONAL = frozenset(
    {
        Permission.EXAMINATION_RECORD,
        Permission.VERIFICATION_RECORD,
        Permission.LEAD_RELEASE,
        Permission.SEARCH_APPROVE,
        Permission.SEARCH_AUTHORISE,
        Permission.SHARED_AUTHORISE,
        Permission.TRIAL_APPROVE,
        Permission.RETENTION_APPROVE,
        Permission.RIGHTS_CONFIRM,
        Permission.RIGHTS_ANSWER,
        Permission.FLAG_DECIDE,
        Permission.AUDIT_REVIEW,
        Permission.EXONERATION_DECIDE,
        Permission.REGISTER_ATTEST,
        Permission.CLOCK_SETTLE,
        Permission.MEMBER_ROLES,
        Permission.MEMBER_RELEASE,
        Permission.POLICY_CHANGE,
        Permission.PROPOSAL_DECIDE,
        Permission.TOKEN_OWN,
    }
)
"""Acts that a person decides with their own eyes, and acts that give power: no service may do them."""


def scopes_of(words: Iterable[str]) -> tuple[str, ...]:
    """Return the scopes of a token as they are stored: sorted, each once.

    Args:
        words: scopes, also several in one text, separated by commas or blanks; see `_usual` for their spelling.

    Raises:
        Refused: token.scope_unknown, or token.no_scope.
    """
    asked = {_usual(word) for text in words for word in text.replace(",", " ").split()}
    if not asked:
        raise Refused(
            "token.no_scope", "Token not created", "No scope is stated.", f"State one: {_groups()}, or {ALL}."
        )
    for word in sorted(asked):
        if word != ALL and not _permissions(word):
            raise Refused(
                "token.scope_unknown",
                "Token not created",
                f"{word[:60]!r} is not a scope.",
                f"A scope is the name of a permission, such as {Permission.SEARCH_RUN.value}, or its first word: {_groups()}.",
            )
    return (ALL,) if ALL in asked else tuple(sorted(asked))


def _usual(word: str) -> str:
    """Return a scope as it is stored: people also write a colon (search:run), the plural (cases), and * for all."""
    group, _, act = word.lower().replace(":", ".").partition(".")
    if group == "*":
        return ALL
    for ending, singular in (("ies", "y"), ("es", ""), ("s", "")):
        shorter = group.removesuffix(ending) + singular
        if not _permissions(group) and group.endswith(ending) and _permissions(shorter):
            group = shorter
    return f"{group}.{act}" if act else group


def _groups() -> str:
    return ", ".join(dict.fromkeys(permission.value.partition(".")[0] for permission in Permission))


def _permissions(scope: str) -> list[Permission]:
    return [permission for permission in Permission if scope in (permission.value, permission.value.partition(".")[0])]


def within(scopes: Collection[str] | None, permission: Permission) -> Decision:
    """Allow a permission that is in the scopes; None stands for no token at all, which limits nothing."""
    group = permission.value.partition(".")[0]
    if scopes is None or ALL in scopes or permission.value in scopes or group in scopes:
        return Allow()
    return Refused(
        "token.scope",
        "Refused",
        f"The token was not made for this: it lacks the scope {permission.value}.",
        "Make a token with this scope.",
        act=Permission.TOKEN_OWN,
    )


def service_scopes(scopes: Collection[str]) -> Decision:
    """Allow the scopes of a service: none that a person decides."""
    taken = [permission.value for permission in PERSONAL if isinstance(within(scopes, permission), Allow)]
    if taken:
        return Refused(
            "token.person_only",
            "Token not created",
            f"A service may not do what a person decides: {', '.join(sorted(taken))}.",
            "Name the scopes of the service one by one, without these.",
        )
    return Allow()


def token_days(days: int) -> Decision:
    """Allow a token of 1 to MAX_TOKEN_DAYS days."""
    if not 1 <= days <= MAX_TOKEN_DAYS:
        return Refused(
            "token.days",
            "Token not created",
            f"{days} days were asked for.",
            f"A token is valid for 1 to {MAX_TOKEN_DAYS} days.",
        )
    return Allow()


def token_factor(*, has_factor: bool, checked: bool, sample: bool) -> Decision:
    """Allow a member who has a second factor and has just used it; in a sample workspace nobody needs one.

    Args:
        has_factor: the member has set up a second factor.
        checked: it was checked for this act.
        sample: the workspace's people are made up.
    """
    if sample or (has_factor and checked):
        return Allow()
    if not has_factor:
        return Refused(
            "token.no_factor",
            "Token not created",
            "You have no second factor, and a token stands for you.",
            "Sign in and set up a second factor first.",
        )
    return Refused(
        "token.factor",
        "Token not created",
        "Your second factor was not checked.",
        "State the current code of your authenticator app.",
    )
