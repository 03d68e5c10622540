"""Recording which witnesses are trusted, and how many of them a checkpoint needs, whenever the operator changes that.

Owns the history of this rule. A quieter rule must never come into force without an entry that everyone can read.
"""

from __future__ import annotations

from django.db import transaction

from plainview.audit.record import Value
from plainview.casework.log.write import write_entry
from plainview.casework.models import LogEntry, WitnessRule
from plainview.casework.workspace.services import services


def record_rule() -> bool:
    """Log the rule in force if it is not the one that was logged last; return whether it was."""
    workspace = services().workspace
    policy = workspace.witness_policy
    rule: dict[str, Value] = {
        "witnesses": sorted(key.text for key in policy.keys),
        "needed": policy.least(),
        "stop_after_hours": workspace.stop_after_hours,
    }
    newest = WitnessRule.objects.order_by("-pk").first()
    if (newest.rule if newest is not None else {**rule, "witnesses": [], "needed": 0}) == rule:
        return False
    with transaction.atomic():
        LogEntry.objects.select_for_update().order_by("-seq").first()  # of two workers, one records it
        newest = WitnessRule.objects.order_by("-pk").first()
        if newest is not None and newest.rule == rule:
            return False
        receipt = write_entry("witness.rule_changed", rule, acting_member=None)
        WitnessRule.objects.create(rule=rule, entry=receipt.entry)
    return True
