"""The rest of the way in the demo's workspace: review, examination, blind verification, lead, alert.

Owns what the demo's made-up people record. Each note says that no person compared these faces: nothing that the demo
leaves may read as a person's opinion.
"""

from __future__ import annotations

from plainview.casework.alerts.open import alert_from_search
from plainview.casework.examination.examine import examine, view_examination
from plainview.casework.examination.verify import answer_verification, open_verification
from plainview.casework.find import member_by_email
from plainview.casework.leads.decide import release
from plainview.casework.models import Lead
from plainview.casework.search.answers import Answer
from plainview.casework.search.meaning import cautions_about
from plainview.casework.triage.aside import set_aside
from plainview.cli.common import say
from plainview.policy.decision import Refused
from plainview.policy.examination import COMPONENTS, CONTRADICTIONS, NOT, POTENTIAL

_NOTE = "Recorded by the demo: no person compared these faces."
_COVERED = ("mouth", "chin and jawline", "neck", "facial hair", "other")  # below the cloth over the probe


def lead(answer: Answer, gallery: str) -> Lead | None:
    """Walk from the candidate list to a released lead and an alert; return the lead, None where a rule stopped it.

    Args:
        answer: the search of the demo.
        gallery: the gallery that the alert follows.
    """
    examiner = member_by_email("examiner@agency.example")
    search = answer.search.public_id
    first, *others = answer.candidates
    for candidate in others:
        set_aside(search, candidate.rank, "other person", acting_member=examiner)
    components = {name: "not comparable" if name in _COVERED else "similar" for name in COMPONENTS}
    view_examination(search, first.rank, acting_member=examiner)
    examination = examine(
        search,
        first.rank,
        components=components,
        conclusion=POTENTIAL,
        notes=_NOTE,
        acknowledged=[caution.id for caution in cautions_about(first)],
        acting_member=examiner,
    )
    say(f"5 Reviewed ({len(others)} set aside) and examined: {examination.public_id}, {POTENTIAL}")
    task = examination.verifications.select_related("verifier__agency").first()
    if task is None:
        say("  No verifier is free, so the walk ends here.", style="yellow")
        return None
    try:
        open_verification(task.public_id, acting_member=task.verifier)
        words = {item.position: POTENTIAL if item.is_candidate else NOT for item in task.items.all()}
        full = {place: components for place, word in words.items() if word == POTENTIAL}
        answer_verification(task.public_id, words, full, acting_member=task.verifier)
        released = release(
            examination.public_id,
            contradictions=dict.fromkeys(CONTRADICTIONS, f"cannot be checked: {_NOTE}"),
            acting_member=member_by_email("supervisor@agency.example"),
        )
        alert = alert_from_search(search, [gallery], days=30, acting_member=examiner)
    except Refused as refused:
        say(f"  The walk ends here: {refused.why}", style="yellow")
        return None
    say(
        f"6 Verified blind among {len(words)} faces, released as lead {released.public_id}, alert {alert.public_id} saved"
    )
    return released
