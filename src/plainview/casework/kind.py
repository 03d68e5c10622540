"""One kind of object that is looked up by its id: whose rows a member may reach, and the refusal for every other row.

Owns how a look-up is made; `find` has the table of the kinds. It must never return a row that its rule does not reach,
or say whether such a row exists.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import reduce
from typing import Generic, TypeVar

from django.db.models import Model, Q, QuerySet

from plainview.casework.models import Member
from plainview.casework.workspace.prepared import Prepared
from plainview.policy.decision import Refused

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Whose:
    """The rows that a member may reach, and the beginning of a refusal."""

    rows: Callable[[Member], Q]
    subject: str = "Your agency has"


def agency(*paths: str) -> Whose:
    """Return a rule for the rows of the member's agency, by any of these paths."""
    return Whose(lambda member: reduce(operator.or_, (Q((path, member.agency_id)) for path in paths)))


def own(path: str) -> Whose:
    """Return a rule for the rows of this member alone."""
    return Whose(lambda member: Q((path, member.pk)), "You have")


@dataclass(frozen=True, slots=True)
class Kind(Generic[M]):
    """A kind of object that is looked up by an id.

    Attributes:
        model: queried by its default manager, which leaves out the canaries' references.
        whose: the rows that the member may reach.
        noun: the object's name in a refusal.
        rule: the rule of the refusal.
        related: paths of the rows loaded with it, separated by blanks.
        by: the field with the id.
        where: where the member can check the id, if not in the list of these objects.
        there: the rows that still exist.
        gone: what may have happened to other rows.
    """

    model: type[M]
    whose: Whose
    noun: str
    rule: str
    related: str = ""
    by: str = "public_id"
    where: str = ""
    there: Q = field(default_factory=Q)
    gone: str = ""
    _prepared: dict[bool, Prepared[QuerySet[M]]] = field(default_factory=dict, repr=False, compare=False)

    def rows(self, member: Member) -> QuerySet[M]:
        """Return every object of this kind that the member may reach."""
        return self._of(self.model._default_manager.all(), member)

    def _of(self, rows: QuerySet[M], member: Member) -> QuerySet[M]:
        return rows.filter(self.whose.rows(member), self.there).select_related(*self.related.split())

    def __call__(self, key: str | int, member: Member, *, among: QuerySet[M] | None = None, lock: bool = False) -> M:
        """Return the object with this id.

        Args:
            key: the id, as it was typed.
            member: the acting member.
            among: look only at these rows; of these, only rows that the member may reach are returned.
            lock: lock the row until the transaction ends.

        Raises:
            Refused: the kind's rule, for an id of another agency as for an id that does not exist.
        """
        value = key.strip() if isinstance(key, str) else key
        if isinstance(value, str) and "\0" in value:  # PostgreSQL refuses to look for it
            return self._checked(None, value)
        if among is None and self.by == "public_id" and isinstance(value, str):
            prepared = self._prepared.get(lock) or self._prepare(lock)
            match = prepared.first(value, member.pk, member.agency_id, member.email)
            return self._checked(match, value)
        rows = self.rows(member) if among is None else self._of(among, member)
        if self.by == "email" and isinstance(value, str):
            value = value.lower()
        if lock:
            rows = rows.select_for_update(of=("self",))
        return self._checked(rows.filter((self.by, value)).first(), value)

    def _prepare(self, lock: bool) -> Prepared[QuerySet[M]]:
        """Return the look-up by public id, compiled once: most pages do little else with the database."""

        def build(value: str, key: int, agency: int, email: str) -> QuerySet[M]:
            rows = self.rows(Member(pk=key, agency_id=agency, email=email)).filter(public_id=value)
            return (rows.select_for_update(of=("self",)) if lock else rows).order_by("pk")[:1]

        return self._prepared.setdefault(lock, Prepared(build, str, int, int, str, spare=True))

    def _checked(self, match: M | None, value: str | int) -> M:
        if match is None:
            check = f"Check {_CALLED.get(self.by, 'its id')} {self.where or f'in the list of {self.noun}s'}."
            next_step = f"{check} It may have been {self.gone}." if self.gone else check
            raise Refused(self.rule, "Not found", f"{self.whose.subject} no {self.noun} {value!r}.", next_step)
        return match


_CALLED = {"pk": "it", "number": "its number", "name": "its name", "email": "the address"}
