"""Every ground on which a face is compared with a gallery: who authorises it, what is logged, who sees what, who watches.

Owns this one table. The gate (casework.gate) asks it before every comparison, and runs the misuse rules that it names;
the reference prints it. A ground that is not here does not exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from plainview.policy import misuse

CASE, URGENT, SHARED, EXONERATION = "case search", "urgent search", "search for another agency", "exoneration review"
ABOUT_ONESELF = "request about oneself"
ALERT = "alert"
VERIFICATION, PROFICIENCY = "verification", "proficiency"
NEAR_DUPLICATE = "near-duplicate"
CANARY, CALIBRATION, MOVE = "canary", "calibration", "move of an index"

HISTORY = (
    misuse.UNRELATED_FACES,
    misuse.PORTRAIT_PROBE,
    misuse.UNUSUAL_HOUR,
    misuse.UNUSUAL_VOLUME,
    misuse.SAME_FACE_AGAIN,
)
"""The rules that compare a search with earlier ones of its case and its member."""


NEAR_NAMED = 100
"""Near duplicates that one member is told by name a day; the others are counted: chosen, an afternoon's look at pairs."""


@dataclass(frozen=True, slots=True)
class Ground:
    """One ground.

    Attributes:
        compared: which faces are compared.
        authorised: who allows it.
        before: action of the log entry that must be there before anything is compared; "" if no member's act leads to
            one comparison.
        after: actions of the entries that follow.
        shown: what is shown, and to whom.
        rules: the misuse rules that look at it.
    """

    compared: str
    authorised: str
    before: str
    after: tuple[str, ...]
    shown: str
    rules: tuple[str, ...]


_LIST = "The candidate list with its scores, to the member who searched and to those who may read cases; each view is an entry."

GROUNDS: Mapping[str, Ground] = MappingProxyType(
    {
        CASE: Ground(
            "A probe with one gallery, under a case and a purpose.",
            "The rules of a search; a supervisor beforehand where the agency's policy says so.",
            "search.requested",
            ("search.answered", "candidates.viewed"),
            _LIST,
            (*HISTORY, misuse.TRIPWIRE),
        ),
        URGENT: Ground(
            "As a case search, without waiting for an approval: a life is at risk.",
            "A supervisor afterwards, within the hours of the policy. Only where the agency's policy allows it.",
            "search.requested",
            ("search.answered", "search.authorised", "search.lapsed"),
            f"{_LIST} Not authorised in time: nothing to anyone, but for some days the sealed evidence to the auditor.",
            (*HISTORY, misuse.TRIPWIRE, misuse.NOT_AUTHORISED, misuse.NOT_AUTHORISED_AGAIN),
        ),
        SHARED: Ground(
            "Another agency's probe with one gallery of this agency, under an agreement.",
            "A supervisor of the agency that asks; the rules of both agencies and of the agreement.",
            "search.requested",
            ("search.answered", "search.withheld", "shared.answered"),
            "The candidate list to the examiner who took the request; to the other agency what the agreement gives.",
            (*HISTORY, misuse.TRIPWIRE),
        ),
        EXONERATION: Ground(
            "The probe of an earlier search, again, for the defence.",
            "A supervisor who accepted the request; run by a member who does not know who is charged.",
            "search.requested",
            ("search.answered", "exoneration.answered"),
            _LIST,
            (*HISTORY, misuse.TRIPWIRE),
        ),
        ABOUT_ONESELF: Ground(
            "The photograph of a person who asks about themselves with every gallery of the agency.",
            "The person asks; one member confirms the identity, another runs the search.",
            "rights.search_requested",
            ("rights.search_answered", "rights.decided"),
            "To the member who answers: the faces that may be the person's, without score, rank, source or name. To the "
            "person: the letter. To the public: the number of such searches.",
            (misuse.TRIPWIRE, misuse.ABOUT_ONESELF),
        ),
        ALERT: Ground(
            "A saved probe with every reference enrolled after it.",
            "As a case search, by the member who saves the probe; a supervisor renews it.",
            "",
            ("alert.created", "search.requested", "search.answered"),
            "A candidate list as of a case search, when a reference reaches the threshold.",
            (misuse.TRIPWIRE,),
        ),
        VERIFICATION: Ground(
            "An examined candidate with its gallery, to find the other faces of the blind verification.",
            "Plainview itself, when an examination is recorded.",
            "",
            ("verification.assigned",),
            "The pictures alone, in random order, to one verifier.",
            (),
        ),
        PROFICIENCY: Ground(
            "The face of a pair with a known answer with its gallery, to find the other faces.",
            "A supervisor or an administrator, who adds the pair.",
            "",
            ("verification.assigned",),
            "The pictures alone, in random order, to one verifier.",
            (),
        ),
        NEAR_DUPLICATE: Ground(
            "Pictures that are being enrolled with the pictures of the gallery, by the likeness of the whole picture.",
            "The administrator who enrols.",
            "enrolment.began",
            ("enrolment.near_duplicates",),
            "To the administrator: which picture resembles which reference, a limited number a day.",
            (misuse.TRIPWIRE, misuse.NEAR_DUPLICATES),
        ),
        CANARY: Ground(
            "The known pairs of a gallery, and a random sample of its references with their own templates.",
            "The administrator who added the pairs; the schedule.",
            "",
            ("canary.checked", "canary.alarm"),
            "Whether the gallery has a fault, to administrators and auditors. No reference is named.",
            (),
        ),
        CALIBRATION: Ground(
            "The references of a gallery with each other.",
            "Plainview itself, when a gallery has grown.",
            "",
            ("gallery.calibrated",),
            "How often strangers score this high, to everyone who reads a list. No reference is named.",
            (),
        ),
        MOVE: Ground(
            "Some references of a gallery with two indexes of it.",
            "The administrator who moves the gallery to another index.",
            "",
            ("gallery.moved",),
            "The share of ranks that agree. No reference is named.",
            (),
        ),
    }
)
"""Ground -> its row. The order is that of the reference page."""
