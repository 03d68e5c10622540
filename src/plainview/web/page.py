"""One page of the table of pages: its path, its view, its name, who may open it, and how much it accepts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponseBase

from plainview.casework.numbers import limited
from plainview.policy.permissions import Permission
from plainview.web.sign_in_pages import Anyone

FORM = 1 << 20
"""Bytes of a form without a file: reasons, reports and drafts are texts."""

AROUND = 64 << 10
"""Bytes of a form beside its file."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page.

    Attributes:
        path: `<id>` is the public id of a record; the view receives it as `public_id`.
        view, name: the function that answers, and the name by which templates link to it.
        who: may open it; the act behind it checks again.
        options: further arguments of the view, besides the parts of its path.
        body: bytes that the page accepts at most; more than `serving.bodies.SMALL` only from a signed-in member, unless
            the page is public.
    """

    path: str
    view: Callable[..., HttpResponseBase]
    name: str
    who: Permission | Anyone
    options: Mapping[str, Any] = field(default_factory=dict)
    body: int = FORM

    @property
    def route(self) -> str:
        """The path as Django reads it."""
        return limited(self.path.replace("<id>", "<str:public_id>"))
