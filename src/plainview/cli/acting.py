"""The member who acts: found by address, checked for the permission that the running command needs, recorded."""

from __future__ import annotations

import os
import sys

from plainview.casework.find import member_by_email
from plainview.casework.log.commit import require_unaltered
from plainview.casework.log.guard import permit, record_opened
from plainview.casework.log.state import is_sample, is_served
from plainview.casework.models import Member
from plainview.casework.models.rows import read_from_now_on
from plainview.casework.people.tokens import require_token
from plainview.cli.commands import running
from plainview.cli.start import open_workspace
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission

TOKEN_ENV = "PLAINVIEW_TOKEN"  # noqa: S105  the variable's name


def acting_member(email: str) -> Member:
    """Open the workspace for a member who acts with the permission that the running command needs.

    Raises:
        Refused: as `open_workspace`; rows.altered; the member is unknown or may not; or on a served, non-sample workspace
            PLAINVIEW_TOKEN holds no current token of that member. All but the first are recorded.
    """
    open_workspace()
    read_from_now_on(require_unaltered)
    need = running().who
    if not isinstance(need, Permission):
        raise Refused(
            "command.no_member", "Refused", "This command is not run by a member.", "Report this to the project."
        )
    member = member_by_email(email)
    if member.is_sample and not is_sample():
        raise Refused(
            "member.sample",
            "Refused",
            "A sample member can act only in a sample workspace.",
            "Act as a real member.",
        )
    if is_served() and not is_sample():
        require_token(os.environ.get(TOKEN_ENV, ""), acting_member=member)
    permit(need.value, need, member)
    record_opened(member, need.value, " ".join(sys.argv[1:]))
    return member
