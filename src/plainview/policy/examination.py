"""The rules of comparison by people: examination, blind verification and release, on plain values.

Owns the words in which a person answers, and what must be answered before a lead exists. It knows no score.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from plainview.policy.decision import Allow, Decision, Refused
from plainview.policy.permissions import Permission

COMPONENTS = (
    "skin",
    "face and head outline",
    "face and head composition",
    "hairline or baldness pattern",
    "forehead",
    "eyebrows",
    "eyes",
    "cheeks",
    "nose",
    "ears",
    "mouth",
    "chin and jawline",
    "neck",
    "facial hair",
    "facial lines",
    "scars",
    "facial marks",
    "alterations",
    "other",
)
"""Source: FISWG, Facial Image Comparison Feature List for Morphological Analysis; ASTM E3149."""

WHAT_TO_LOOK_AT: Mapping[str, str] = MappingProxyType(
    {
        "skin": "Overall texture and tone, marks of acne, shine; light and camera change tone most of all.",
        "face and head outline": "Shape of the skull and of the face, from the crown to the chin and cheek to cheek.",
        "face and head composition": "How the features sit to each other: their places and proportions, not in millimetres.",
        "hairline or baldness pattern": "Where the hair begins, peaks and receding parts; style and colour change.",
        "forehead": "Height and width, slope, bulges, the shape of the brow ridge.",
        "eyebrows": "Shape, thickness, where they begin and end, gaps; plucking and make-up change them.",
        "eyes": "Lids and their folds, inner and outer corners, opening, iris, how deep-set they are.",
        "cheeks": "Cheekbones, hollows, dimples, fullness.",
        "nose": "Root, bridge, tip, base, nostrils and their wings, from the front and in profile.",
        "ears": "Helix and its rim, lobe, how far they stand out, size; hardly changed by expression.",
        "mouth": "Upper and lower lip, cupid's bow, corners, philtrum, teeth; expression changes them.",
        "chin and jawline": "Outline and angle of the jaw, shape of the chin, cleft, double chin.",
        "neck": "Width and length, throat, folds.",
        "facial hair": "Where it grows and where it does not, density; it can be shaved or grown.",
        "facial lines": "Folds from nose to mouth, crow's feet, forehead and frown lines; age and expression change them.",
        "scars": "Place, shape, length; healing and light change how they look.",
        "facial marks": "Moles, freckles, birthmarks: place and pattern; a speck may come from the picture.",
        "alterations": "Piercings, tattoos, make-up, surgery, worn teeth; what is put on can be taken off.",
        "other": "Anything else: asymmetry, glasses, signs of injury. Not comparable if there is nothing.",
    }
)
"""What each component is about, in one line; source: FISWG, as above (component characteristics, descriptors)."""

ANSWERS = ("similar", "dissimilar", "not comparable")
"""The possible answers about a component; source: as above. None may stay blank, and nothing is measured."""

POTENTIAL, NOT, INCONCLUSIVE = "potential candidate", "not a candidate", "inconclusive"
CONCLUSIONS = (POTENTIAL, NOT, INCONCLUSIVE)
"""Source: INTERPOL's outcomes of a face examination."""

CONTRADICTIONS = ("alibi", "marks and tattoos", "height and build", "age", "place and time")
"""What a supervisor answers before a release; source: Oliver, Woodruff and Reid (shared notes, rules of the field)."""

CHECKED, CONTRADICTS, CANNOT = "checked", "contradicts", "cannot be checked"
CHECKS = (CHECKED, CONTRADICTS, CANNOT)
"""The possible answers to each; words follow after a colon: "checked: at work until 23:00, two colleagues confirm it"."""

OUTCOMES = (
    "led nowhere",
    "cleared",
    "wrong person",
    "exonerated",
    "person found",
    "charged on other evidence",
)
"""The possible outcomes of a lead."""

FOILS = 3
"""Other faces that a verifier sees besides the candidate: chosen; four faces are one screen, and a guess is right
one time in four."""

STATEMENT = "Investigative lead, not an identification, not grounds for arrest."
"""The statement on every lead."""

SEEN_BY: Mapping[str, str] = MappingProxyType(
    {
        "search.requested": "ran the search",
        "candidates.viewed": "opened the candidate list",
        "candidate.set_aside": "set a candidate aside",
        "candidates.none": "concluded about the candidate list",
        "candidates.list_made": "printed the candidate list",
        "examination.viewed": "opened the comparison with a candidate",
        "examination.recorded": "examined a candidate",
        "search.authorised": "authorised the search",
        "lead.decision_viewed": "opened a candidate to decide about a release",
        "lead.viewed": "opened the lead",
        "lead.released": "released a candidate",
        "lead.withheld": "decided not to release a candidate",
        "lead.sheet_made": "made the lead sheet",
        "lead.evidence_recorded": "recorded evidence about the lead",
        "shared.viewed": "opened the answer to another agency",
        "shared.answered": "answered another agency",
        "disclosure.made": "made the disclosure package",
        "disclosure.granted": "disclosed the search",
        "disclosure.viewed": "opened the disclosed search",
        "disclosure.downloaded": "downloaded the disclosure package",
        "exoneration.asked": "asked for a review of the search",
        "exoneration.decided": "decided about a review of the search",
        "exoneration.answered": "answered a review of the search",
        "exoneration.viewed": "opened the answer to a review of the search",
        "search.lapse_viewed": "opened the sealed evidence of the search",
    }
)
"""Action of a log entry -> what the member then knows. A member who has one of these about a search, or about another search
with the same probe, is not the blind second."""

REMIND_DAYS = 30
"""Days without a reported outcome after which the people of a lead are reminded, and again each time: chosen."""

_MIN_WORDS = 3  # of a note that explains


def components_answered(answers: Mapping[str, str]) -> Decision:
    """Allow answers that give every component, and nothing else, one of the three words."""
    strange = sorted(answers.keys() - set(COMPONENTS))
    blank = [name for name in COMPONENTS if answers.get(name) not in ANSWERS]
    if strange or blank:
        why = f"There is no component {strange[0]!r}." if strange else f"Not answered: {', '.join(blank)}."
        return Refused(
            "examination.components",
            "Examination refused",
            why,
            f"Answer each component with one of: {', '.join(ANSWERS)}.",
        )
    return Allow()


def conclusion_known(conclusion: str) -> Decision:
    """Allow one of the three conclusions."""
    if conclusion not in CONCLUSIONS:
        return Refused(
            "examination.conclusion",
            "Examination refused",
            f"There is no conclusion {conclusion!r}.",
            f"Choose one of: {', '.join(CONCLUSIONS)}.",
        )
    return Allow()


def conclusion_fits(conclusion: str, answers: Mapping[str, str]) -> Decision:
    """Allow a conclusion that the answers support."""
    comparable = [name for name in COMPONENTS if answers.get(name) in ("similar", "dissimilar")]
    if conclusion != INCONCLUSIVE and not comparable:
        return Refused(
            "examination.nothing_compared",
            "Examination refused",
            f"No component was comparable, but the conclusion is {conclusion!r}.",
            f"Conclude {INCONCLUSIVE!r}, or answer the components that can be compared.",
        )
    seen = set(answers.values())
    if conclusion == POTENTIAL and "similar" not in seen:
        return Refused(
            "examination.nothing_similar",
            "Examination refused",
            f"No component is similar, but the conclusion is {conclusion!r}.",
            "Change the conclusion, or correct the answers.",
        )
    if conclusion == NOT and "dissimilar" not in seen:
        return Refused(
            "examination.nothing_dissimilar",
            "Examination refused",
            f"No component is dissimilar, but the conclusion is {conclusion!r}.",
            f"Mark the component that speaks against it as dissimilar, or conclude {INCONCLUSIVE!r}.",
        )
    return Allow()


def dissimilar_explained(conclusion: str, answers: Mapping[str, str], notes: str) -> Decision:
    """Allow a potential candidate with a dissimilar component only if the notes explain the difference."""
    unlike = [name for name in COMPONENTS if answers.get(name) == "dissimilar"]
    if conclusion == POTENTIAL and unlike and len(notes.split()) < _MIN_WORDS:
        return Refused(
            "examination.dissimilar_unexplained",
            "Examination refused",
            f"The conclusion is {POTENTIAL!r}, but these components are dissimilar: {', '.join(unlike)}.",
            "Explain the difference in the notes (angle, light, age, hair), or change the conclusion.",
        )
    return Allow()


def cautions_acknowledged(shown: Mapping[str, str], acknowledged: Iterable[str]) -> Decision:
    """Allow if every caution about this pair was acknowledged; `shown` is the id of each -> its sentence."""
    missing = [name for name in shown if name not in set(acknowledged)]
    if missing:
        return Refused(
            "examination.cautions",
            "Examination refused",
            f"A caution is not acknowledged: {shown[missing[0]]}",
            f"Take it into account and acknowledge: {', '.join(missing)}.",
        )
    return Allow()


def face_answered(conclusion: str, answers: Mapping[str, str]) -> Decision:
    """Allow a complete answer about one face: a conclusion, and for a potential candidate all components."""
    needed = [conclusion_known(conclusion)]
    if conclusion == POTENTIAL:
        needed += [components_answered(answers), conclusion_fits(conclusion, answers)]
    return next((answer for answer in needed if isinstance(answer, Refused)), Allow())


def explained(text: str, field: str) -> Decision:
    """Allow a text of at least three words."""
    if len(text.split()) < _MIN_WORDS:
        return Refused(
            "examination.explain",
            "Not recorded",
            f"{field} has fewer than {_MIN_WORDS} words.",
            "Write a sentence about what you saw or know.",
        )
    return Allow()


def verifier_independent(verifier: str, others: Iterable[str]) -> Decision:
    """Allow a verifier who has seen neither the search nor its scores, nor another examination of its probe (`SEEN_BY`)."""
    if verifier in set(others):
        return Refused(
            "verification.not_independent",
            "Verification refused",
            "You have seen the search that this task is about.",
            "Another trained member has to verify it.",
        )
    return Allow()


def comparison_blind(undecided: int) -> Decision:
    """Allow a member without an undecided verification to compare two pictures that they have; `undecided` is the number."""
    if undecided:
        return Refused(
            "verification.undecided",
            "Comparison refused",
            "You have a verification to decide first.",
            "Decide your verifications, then compare the pictures.",
            act=Permission.VERIFICATION_RECORD,
        )
    return Allow()


def check_of(answer: str) -> tuple[str, str]:
    """Return one of `CHECKS` and the words of a supervisor's answer; ("", answer) if it begins with none of them."""
    word, colon, words = answer.partition(":")
    word = word.strip().lower()
    return (word, words.strip()) if colon and word in CHECKS else ("", answer.strip())


def contradictions_answered(answers: Mapping[str, str]) -> Decision:
    """Allow if every contradiction, and nothing else, is answered: one of `CHECKS`, a colon, and at least three words."""
    missing = [name for name in CONTRADICTIONS if not answers.get(name, "").strip()]
    if missing or answers.keys() - set(CONTRADICTIONS):
        return Refused(
            "lead.contradictions",
            "Lead not released",
            f"Not answered: {', '.join(missing)}." if missing else "It answers a contradiction that was not listed.",
            "Answer each with what was checked and what it showed, what contradicts, or why it cannot be checked.",
        )
    for name in CONTRADICTIONS:
        word, words = check_of(answers[name])
        if not word or len(words.split()) < _MIN_WORDS:
            return Refused(
                "lead.contradictions",
                "Lead not released",
                f"The answer about {name} "
                + (f"has fewer than {_MIN_WORDS} words." if word else f"begins with none of: {', '.join(CHECKS)}."),
                'Write, for example, "checked: at work until 23:00, two colleagues confirm it".',
            )
    return Allow()


def contradiction_explained(answers: Mapping[str, str], reason: str) -> Decision:
    """Allow a release although a check contradicts only with a reason, in at least three words."""
    against = [name for name in CONTRADICTIONS if check_of(answers.get(name, ""))[0] == CONTRADICTS]
    if against and len(reason.split()) < _MIN_WORDS:
        return Refused(
            "lead.contradicted",
            "Lead not released",
            f"A check contradicts: {', '.join(against)}.",
            "State the reason for releasing it nevertheless, or do not release it.",
        )
    return Allow()


def verified(examined: str, verdicts: Iterable[str], decided_by_supervisor: bool) -> Decision:
    """Allow a lead that the examiner's conclusion and those of the blind verifiers support.

    One verifier who agrees is enough. After a disagreement two of three carry it, or the supervisor states
    why it is released despite the disagreement.
    """
    answers = list(verdicts)
    if examined != POTENTIAL:
        return Refused(
            "lead.not_examined",
            "Lead not released",
            "No examination concluded that this is a potential candidate.",
            "Examine the candidate first.",
            act=Permission.EXAMINATION_RECORD,
        )
    if not answers:
        return Refused(
            "lead.not_verified",
            "Lead not released",
            "No second person has verified this candidate.",
            "Wait for the verification.",
            act=Permission.VERIFICATION_RECORD,
        )
    agreed = answers.count(POTENTIAL) + 1  # the examiner is one of them
    if agreed * 2 > len(answers) + 1:
        return Allow()
    if decided_by_supervisor:
        return Allow()
    return Refused(
        "lead.disagreement",
        "Lead not released",
        "The verifiers did not agree with the examiner.",
        "Wait for the third verification, or state why the lead should be released despite the disagreement.",
    )


def outcome_known(outcome: str) -> Decision:
    """Allow one of the listed outcomes."""
    if outcome not in OUTCOMES:
        return Refused(
            "lead.outcome",
            "Outcome not recorded",
            f"There is no outcome {outcome!r}.",
            f"Choose one of: {', '.join(OUTCOMES)}.",
        )
    return Allow()
