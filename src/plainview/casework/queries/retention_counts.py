"""What the public register says of an agency's retention: its rules in words, what they erased, how many holds stand.

Owns the numbers, each of which can be counted again from the log's public entries: `reference.expunged`, `search.erased`,
`alert.erased`, `video.erased` and `preparation.discarded` that name a run, `hold.placed` less `hold.ended`. Small
counts are not hidden here: whoever publishes them does that (queries.register.shown). Nothing names a case: its own
rules are counted, not told.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Count

from plainview.casework.models import Agency, Gallery, Hold, RetentionItem, RetentionRun
from plainview.casework.queries.retention import rules_of
from plainview.policy.retention import What


def retention_counts(agency: Agency) -> dict[str, Any]:
    """The agency's part of the register about retention, as plain values for JSON.

    Returns:
        automatic: what is due is erased without approval; version: of the rules, 0 for the ones it began with;
        galleries: name -> its rules in words; cases: rules for every case, in words; own_case_rules: how many cases
        have rules of their own; erased: rule id -> kind -> count; runs: done; held_back: lines that a hold kept of done
        runs; holds_in_force: number.
    """
    version, rules = rules_of(agency)
    done = RetentionItem.objects.filter(run__agency=agency, run__state=RetentionRun.State.DONE)
    erased: dict[str, dict[str, int]] = {}
    lines = done.filter(state=RetentionItem.State.ERASED).values_list("rule", "what")
    for rule, what, count in lines.annotate(count=Count("pk")).order_by("rule", "what"):
        erased.setdefault(rule, {})[what] = count
    common = [row for row in rules.rules if row.what is not What.REFERENCES and not row.case]
    return {
        "automatic": rules.automatic,
        "version": version.number if version else 0,
        "galleries": {
            gallery.name: [row.says for row in rules.of(What.REFERENCES, gallery=gallery.name)]
            for gallery in Gallery.objects.filter(agency=agency).order_by("name")
        },
        "cases": [row.says for row in common],
        "own_case_rules": len({row.case for row in rules.rules if row.case}),
        "erased": erased,
        "runs": RetentionRun.objects.filter(agency=agency, state=RetentionRun.State.DONE).count(),
        "held_back": done.filter(state=RetentionItem.State.HELD).count(),
        "holds_in_force": Hold.objects.filter(agency=agency, ended_at=None).count(),
    }
