"""Everything that a member may be permitted to do: one enum, so that nothing is permitted by another name."""

from __future__ import annotations

from enum import StrEnum


class Permission(StrEnum):
    """One act. Who may do it stands in roles.py."""

    GALLERY_CREATE = "gallery.create"
    GALLERY_ENROL = "gallery.enrol"
    CASE_OPEN = "case.open"
    CASE_CLOSE = "case.close"
    SEARCH_RUN = "search.run"
