"""Making the sheet of a lead; the log records the hash of each sheet."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from plainview.audit.checkpoint import parse
from plainview.casework.examination.drafts import places_on, words_of
from plainview.casework.leads.read import Facts, Verdict, face_of, facts_about, lead_shown, outcomes_of, verdicts_of
from plainview.casework.leads.sheet_pdf import CandidateLine, Fact, Pictured, Sheet, to_pdf
from plainview.casework.log.guard import acting
from plainview.casework.log.write import newest_checkpoint, write_entry
from plainview.casework.models import Candidate, Lead, Member, Search
from plainview.casework.pictures import reference_jpeg
from plainview.casework.search.candidates import pictures_by_rank, span_of
from plainview.casework.workspace.services import services
from plainview.policy.examination import CONTRADICTIONS, STATEMENT
from plainview.policy.permissions import Permission
from plainview.policy.wording import day
from plainview.recognition.errors import BadMedia, PackError
from plainview.recognition.quality import COMPONENTS, summarise
from plainview.storage.base import StorageError

_SIDE = 160  # pixels of a face in the list


@dataclass(frozen=True, slots=True)
class MadeSheet:
    """A sheet: its lead, the PDF, and the hash that is in the log."""

    lead: Lead
    pdf: bytes
    sha256: str


def make_sheet(lead_id: str, *, deliver: Callable[[bytes], None] = lambda _: None, acting_member: Member) -> MadeSheet:
    """Make a sheet of the current state of a lead.

    Args:
        lead_id: the lead.
        deliver: writes the PDF, before the entry says that it was made.
        acting_member: the reader.

    Raises:
        Refused: no permission or unknown.
    """
    with acting("lead.sheet", Permission.LEAD_LIST, acting_member):
        lead = lead_shown(lead_id, acting_member)
        pdf = to_pdf(_sheet(lead))
        digest = hashlib.sha256(pdf).hexdigest()
        deliver(pdf)
        write_entry(
            "lead.sheet_made",
            {"agency": acting_member.agency.public_id, "lead": lead.public_id, "sha256": digest},
            acting_member=acting_member,
        )
    return MadeSheet(lead, pdf, digest)


def _sheet(lead: Lead) -> Sheet:
    examination = lead.examination
    facts, verdicts = facts_about(examination), verdicts_of(examination)
    search, candidate, note = facts.search, facts.candidate, newest_checkpoint()
    head = parse(note)
    return Sheet(
        title=f"Lead {lead.public_id}",
        statement=STATEMENT,
        sample="Sample: the agency and its people are made up." if search.member.is_sample else "",
        head=list(_head(lead)),
        pair=(
            Pictured(
                "Probe",
                _large(candidate, "probe"),
                [
                    ("Quality", f"{search.quality} of 100"),
                    ("Taken", day(search.captured_on) if search.captured_on else "not stated"),
                    ("Origin", search.origin),
                    ("Edits", "; ".join(facts.edits) or "none"),
                    *([("Still from", facts.still)] if facts.still else []),
                ],
                places_on(examination.marks, "probe", candidate.reference.public_id),
            ),
            Pictured(
                f"Candidate, rank {candidate.rank} of {len(facts.candidates)}: similar, not identified",
                _large(candidate, "candidate"),
                [
                    ("Score", f"{candidate.score:.3f}"),
                    ("Quality", f"{candidate.reference.quality} of 100"),
                    ("Taken", candidate.reference.captured or "not stated"),
                    ("Reference", candidate.reference.public_id),
                    (
                        "Source",
                        candidate.reference.source_link or ("not stated" if candidate.reference.template else "erased"),
                    ),
                    *_several(candidate, lead.examination.pictures),
                ],
                places_on(examination.marks, "face", candidate.reference.public_id),
            ),
        ),
        meaning=facts.meaning.text,
        cautions=[caution.text for caution in facts.cautions],
        checked=[(name.capitalize(), lead.contradictions.get(name, "not answered")) for name in CONTRADICTIONS],
        decision=[
            *([("Reason for release although the verifiers disagreed", lead.override)] if lead.override else []),
            *([("Independent evidence", lead.evidence)] if lead.evidence else []),
        ],
        candidates=[
            CandidateLine(
                listed.rank,
                _small(listed),
                f"{listed.score:.3f}",
                meaning.text,
                _small_facts(listed),
                listed.pk == candidate.pk,
            )
            for listed, meaning in facts.candidates
        ],
        sections=list(_sections(lead, facts, verdicts)),
        receipt=[
            ("Entry of the release", str(lead.entry)),
            ("Entries of the search", f"{search.request_entry} and {search.answer_entry}"),
            ("Log", f"{head.origin}, {head.size} entries"),
            ("Root", head.root.hex()),
            ("SHA-256 of the probe", search.probe_blob),
            ("SHA-256 of the recogniser", search.pack_sha256),
        ],
        checkpoint=note,
        how="The lines above are the signed head of the log. Anyone with a copy of the log can check that these "
        "entries are in it unchanged: plainview audit verify, or verify.py in the copy.",
    )


def _head(lead: Lead) -> Iterator[Fact]:
    search = lead.examination.candidate.search
    yield "Agency", lead.released_by.agency.name
    if search.shared_request is not None:
        yield (
            "Requested by",
            f"{search.shared_request.agreement.asker.name}, request {search.shared_request.public_id}",
        )
    yield "Case", f"{search.case.number}, {search.case.offence}"
    yield "Purpose", search.purpose
    yield "Released", _moment(lead.released_at)
    yield (
        "Line-up",
        f"Open since {_moment(lead.evidence_at)}: independent evidence is on record."
        if lead.evidence_at
        else "Locked. No witness may be shown this person before independent evidence is on record.",
    )
    yield from (("Outcome", f"{outcome.outcome}, {day(outcome.reported_at)}") for outcome in outcomes_of(lead)[:1])
    yield "Sheet made", _moment(timezone.now())


def _moment(at: datetime) -> str:
    return f"{day(at)}, {at:%H:%M} UTC"


def _sections(lead: Lead, facts: Facts, verdicts: list[Verdict]) -> Iterator[tuple[str, list[Fact]]]:
    search, examination, gallery = facts.search, lead.examination, facts.search.gallery
    people = [
        ("Searched", _who(search.member)),
        ("Examined", f"{_who(examination.member)}: {examination.conclusion}"),
    ]
    people += [
        (
            "Verified (blind)",
            f"{_who(verdict.verifier)}: {verdict.conclusion}, after {verdict.seconds} s"
            + ("" if verdict.agrees else " (disagreed)"),
        )
        for verdict in verdicts
    ]
    yield "People", [*people, ("Released", _who(lead.released_by))]
    yield "Components, as the examiner assessed them", _by_answer(examination.components)
    if examination.marks:
        numbered, nearest = enumerate(examination.marks, start=1), examination.candidate.reference.public_id
        yield "Marks of the examiner", [(str(number), words_of(mark, nearest)) for number, mark in numbered]
    yield (
        f"Gallery {gallery.name}",
        [
            ("Compared", search.compared if search.gallery_size is not None else "not recorded"),
            ("Legal basis", gallery.legal_basis),
            ("Source", gallery.source),
            ("Owner", gallery.owner),
            ("Legal basis ends", day(gallery.expires_on)),
            ("Offences", ", ".join(gallery.offences) or "every offence of the agency"),
        ],
    )
    yield "Quality of the probe", list(_quality(search))
    yield "Model and its error rates", list(_model(search.pack))


def _quality(search: Search) -> Iterator[Fact]:
    yield "Overall", f"{search.quality} of 100"
    if search.quality_detail.keys() >= COMPONENTS.keys():
        yield "Advice", " ".join(summarise(search.quality_detail).advice) or "Nothing stands out."
        yield (
            "Measured",
            "; ".join(
                f"{name.replace('_', ' ')} {search.quality_detail[name]:.3g} {unit}"
                for name, (unit, _) in COMPONENTS.items()
            ),
        )


def _model(identity: str) -> Iterator[Fact]:
    yield "Model", identity
    try:
        pack = services().engine_of(identity).pack
    except PackError:
        yield "Error rates", "The search was made with a model pack that is no longer installed."
        return
    for figure in pack.figures:
        yield figure.quantity[:1].upper() + figure.quantity[1:], f"{figure.value} ({figure.conditions})"
    for measured_on in dict.fromkeys(f"{figure.data}; {figure.measured_by}" for figure in pack.figures):
        yield "Measured on", measured_on
    if pack.group_differences:
        yield "Differences between groups", " ".join(pack.group_differences)


def _by_answer(components: dict[str, str]) -> list[Fact]:
    answers: dict[str, list[str]] = {}
    for name, answer in components.items():
        answers.setdefault(answer, []).append(name)
    return [(answer.capitalize(), ", ".join(names)) for answer, names in sorted(answers.items())]


def _who(member: Member) -> str:
    return f"{member.name} ({member.public_id})"


def _small_facts(candidate: Candidate) -> str:
    reference = candidate.reference
    if not reference.template:
        return f"Reference {reference.public_id} has been erased since."
    taken = f"taken {reference.captured}" if reference.captured else "date not stated"
    return f"Quality {reference.quality}, {taken}, {reference.source_link}"


def _several(candidate: Candidate, examined: list[str] | None) -> list[tuple[str, str]]:
    """Return how many pictures of the candidate were compared, and which of them the examiner opened."""
    span = span_of(pictures_by_rank([candidate])[candidate.rank])
    return [("Pictures", span), ("Examined", ", ".join(examined or ()) or "not recorded")] if span else []


def _large(candidate: Candidate, which: str) -> bytes | None:
    try:
        return face_of(candidate, which)
    except (BadMedia, StorageError):
        return None


def _small(candidate: Candidate) -> bytes | None:
    try:
        return reference_jpeg(candidate.reference, _SIDE) if candidate.reference.template else None
    except (BadMedia, StorageError):
        return None
