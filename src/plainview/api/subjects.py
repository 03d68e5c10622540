"""The people of a gallery by their source's own numbers: listed, and changed with a reason."""

from __future__ import annotations

from datetime import date

from django.http import HttpRequest
from ninja import Body
from pydantic import Field

from plainview.api.common import Cut, In, Out, Short, Text, member_of, slice_of
from plainview.casework.subjects.change import Changed, change, merge
from plainview.casework.subjects.view import view_subjects

_MOST = 100_000  # people of a gallery that a list goes through


class SubjectOut(Out):
    """A person of a gallery; never a name."""

    subject: str
    number: str = Field(description="The source's own number.")
    pictures: int
    first: date | None
    last: date | None


class SubjectsOut(Out):
    """A part of the people of a gallery."""

    items: list[SubjectOut]
    next: str | None


class SubjectChange(In):
    """Whose pictures some references are."""

    references: list[Short] = Field(min_length=1, max_length=1000, description="Ids of references of the gallery.")
    number: Short = Field(description="The source's number. A new one splits a person; empty: nobody known.")
    reason: Text = Field(description="What the source says; sealed in the log.")


class SubjectMerge(In):
    """Two numbers that are one person."""

    number: Short = Field(description="Its pictures get the other number, and it leads there from now on.")
    into: Short
    reason: Text = Field(description="What the source says; sealed in the log.")


class ChangedOut(Out):
    """What was changed."""

    subject: str
    changed: int = Field(description="Pictures whose person is another now.")
    pictures: int = Field(description="Pictures that the person has now.")
    entry: int = Field(description="Number of the entry of the log.")


def _shown(done: Changed) -> ChangedOut:
    return ChangedOut(subject=done.subject, changed=done.changed, pictures=done.pictures, entry=done.entry)


def subject_list(request: HttpRequest, name: str, page: Cut) -> object:
    """List the people of a gallery, those with most pictures first; the view is an entry of the log."""
    rows = view_subjects(name, limit=_MOST, acting_member=member_of(request))
    return slice_of(rows, page, SubjectOut.model_validate)


def subject_change(request: HttpRequest, name: str, wanted: Body[SubjectChange]) -> ChangedOut:
    """Say whose pictures some references are; a new number splits a person."""
    member = member_of(request)
    return _shown(change(name, wanted.references, wanted.number, reason=wanted.reason, acting_member=member))


def subject_merge(request: HttpRequest, name: str, wanted: Body[SubjectMerge]) -> ChangedOut:
    """Make one person of two numbers."""
    member = member_of(request)
    return _shown(merge(name, wanted.number, wanted.into, reason=wanted.reason, acting_member=member))
