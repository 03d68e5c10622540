"""How long the log may grow without its witnesses before searches stop.

Owns this one rule, on plain values. Nothing stops where no witness is needed: a single machine can be used alone, and
the public register says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from plainview.policy.decision import Allow, Decision, Refused
from plainview.policy.wording import counted

STOP_AFTER_HOURS = 24
"""Hours that an entry may wait for its cosignatures before searches stop, unless the workspace states others: chosen, so
that a witness may be away for a night, and nobody can search for two days unseen."""


@dataclass(frozen=True, slots=True)
class Witnessing:
    """What the witnesses vouch for.

    Attributes:
        needed: cosignatures that a checkpoint needs; 0: none.
        waiting_hours: hours since the oldest entry that they do not cover was written; 0.0 if they cover all.
        stop_after_hours: hours after which searches stop.
    """

    needed: int = 0
    waiting_hours: float = 0.0
    stop_after_hours: int = STOP_AFTER_HOURS


NOT_NEEDED = Witnessing()
"""Where no checkpoint needs a cosignature."""


def witnessed(facts: Witnessing) -> Decision:
    """Allow a search while enough witnesses have cosigned the log, or while the newest entries wait for them."""
    if facts.needed and facts.waiting_hours > facts.stop_after_hours:
        return Refused(
            "log.unwitnessed",
            "Search refused",
            f"{counted(facts.needed, 'witness must', 'witnesses must')} cosign the log, and its oldest entry without "
            f"enough of them is {counted(int(facts.waiting_hours), 'hour')} old; {facts.stop_after_hours} are allowed.",
            "Ask the operator to look at the witnesses on the status page. Searches go on as soon as they answer.",
        )
    return Allow()
