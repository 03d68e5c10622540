"""Closing a person's request: the letter is made and sealed, and what is no longer needed is erased with it.

Owns what the letter says, and the short mail that it is ready: the mail holds no answer. What was withheld or refused is
always said, with its rule, the reason and the remedy.
"""

from __future__ import annotations

import hashlib
import json
import smtplib
from collections.abc import Iterator, Sequence
from typing import Any

from django.core.mail import send_mail
from django.db import transaction
from django.utils import timezone

from plainview.audit.checkpoint import parse
from plainview.audit.record import parse_line
from plainview.casework.log.explorer import proof_of
from plainview.casework.log.write import newest_checkpoint, write_entry
from plainview.casework.mail import address
from plainview.casework.models import (
    LogEntry,
    LogOpening,
    Member,
    Reference,
    SubjectAnswer,
    SubjectFinding,
    SubjectPhoto,
    SubjectRequest,
)
from plainview.casework.models.subjects import REFUSED
from plainview.casework.people.read import binding
from plainview.casework.retention.read import rules_of
from plainview.casework.rights.letter_pdf import Fact, Letter, Section, to_pdf
from plainview.casework.rights.read import decisions_about, exports_of, filing_of, findings_of, has_photo, searches_told
from plainview.casework.workspace.services import services
from plainview.policy.agency import AgencyPolicy
from plainview.policy.decision import Refused
from plainview.policy.retention import What
from plainview.policy.rights import ACCESS, GROUNDS, OBJECTION, WISHES, Filing, open_cases

GRANTED, PARTLY, NOT_GRANTED, TOLD, NOTHING = (
    "granted",
    "partly granted",
    "refused",
    "told",
    "nothing held",
)
"""What became of a request, in a word."""

_SHORT = {
    GRANTED: "The pictures of you that we held are erased.",
    PARTLY: "Some of the pictures of you that we held are erased. The others are not, for the reasons below.",
    NOT_GRANTED: "The pictures of you that we hold are not erased, for the reasons below.",
    TOLD: "We hold pictures of you. What they are, and what was done with them, stands below.",
    NOTHING: "We found no picture of you in our galleries.",
}


def held_facts(reference: Reference) -> list[Fact]:
    """What is held about a reference, as its person is told it."""
    gallery = reference.gallery
    kept = rules_of(gallery.agency)[1].of(What.REFERENCES, gallery=gallery.name)
    return [
        ("Gallery", f"{gallery.name}, owner: {gallery.owner}"),
        ("Legal basis", gallery.legal_basis),
        ("Where it came from", gallery.source),
        ("Link to it", reference.source_url or "none was recorded"),
        *([("On the page", reference.page_url)] if reference.page_url else []),
        ("Taken on", str(reference.captured_on or "not recorded")),
        ("Enrolled on", reference.enrolment.started_at.date().isoformat()),
        ("Kept until", f"{gallery.expires_on}, when its legal basis ends, unless that is renewed"),
        ("How long such pictures are kept", " ".join(row.says for row in kept)),
        ("What is held", f"the picture, where the face is in it, its quality, and a template made by {reference.pack}"),
    ]


def seal_facts(finding: SubjectFinding, facts: Sequence[Fact]) -> bytes:
    """Seal what is held for the letter: an erasure empties the reference before the letter is written."""
    return services().rights.seal(json.dumps(facts).encode(), f"finding:{finding.reference_id}".encode())


def _facts_of(finding: SubjectFinding) -> list[Fact]:
    if not finding.sealed:
        return []
    opened = services().rights.open(bytes(finding.sealed), f"finding:{finding.reference_id}".encode())
    return [(str(name), str(value)) for name, value in json.loads(opened)]


def close(row: SubjectRequest, member: Member) -> None:
    """In the running transaction: write the letter, then erase photograph, scores and the faces of other people."""
    row.closed_by, row.closed_at, row.tell = member, timezone.now(), "answered"
    pdf = to_pdf(_letter(row))
    answer = SubjectAnswer(request=row, sha256=hashlib.sha256(pdf).hexdigest(), made_at=row.closed_at)
    answer.sealed = services().rights.seal(pdf, f"answer:{row.public_id}".encode())
    answer.save()
    row.answer = answer
    row.save()
    found = SubjectFinding.objects.filter(request=row)
    (found if row.state == REFUSED else found.exclude(is_person=True)).delete()
    # What opens the decisions goes too: they tell of other people whom they resemble.
    LogOpening.objects.filter(entry_id__in=decisions_about(row)).delete()
    SubjectFinding.objects.filter(request=row).update(score=None, rank=None, sealed=b"")
    erase_photo(row)


def erase_photo(row: SubjectRequest) -> None:
    """Erase the photograph and what opens the log's commitment to it."""
    SubjectPhoto.objects.filter(request=row).delete()
    LogOpening.objects.filter(entry_id=row.entry, name="photo_sha256").delete()


def tell(row: SubjectRequest) -> bool:
    """Send the letter that is owed, if any; one that fails stays owed and is tried again. True when none is left.

    It goes before it is recorded: a crash in between sends it twice, never not at all.
    """
    if not row.tell:
        return True
    what, email = row.tell, filing_of(row).email
    if email:
        try:
            send_mail(_SUBJECT[what], _mail(row, what), None, [email])
        except (OSError, smtplib.SMTPException):
            return False
    with transaction.atomic():
        row.tell = ""
        row.save(update_fields=["tell"])
        if email:  # else the administrator prints it
            _told(row, what)
    return True


def _told(row: SubjectRequest, what: str) -> None:
    write_entry(
        "rights.told",
        {"request": row.public_id, "agency": row.agency.public_id, "what": what},
        acting_member=None,
    )


_SUBJECT = {
    "answered": "The answer to your request is ready",
    "extended": "Your request takes longer",
}


def _mail(row: SubjectRequest, what: str) -> str:
    begin = (
        f"{row.agency.name} has answered your request {row.public_id}."
        if what == "answered"
        else f"{row.agency.name} needs until {row.due_on} to answer your request {row.public_id}. The reason is on the page."
    )
    return (
        f"{begin}\n\nRead it with the code of your receipt:\n\n{address()}/rights/{row.public_id}/\n\n"
        "This letter says no more on purpose: mail is read by others too.\n"
    )


def _letter(row: SubjectRequest) -> Letter:
    filing, (_, policy) = filing_of(row), binding(row.agency)
    found = findings_of(row, of_person=True)
    note = newest_checkpoint()
    return Letter(
        title=f"Answer to your request {row.public_id}",
        sample="Sample: the agency and its people are made up." if row.agency.is_sample else "",
        head=list(_head(row, filing)),
        short=_short(row),
        sections=list(_sections(row, found, policy, parse(note).size)),
        receipt=_receipt(row, note),
        checkpoint=note,
    )


def _short(row: SubjectRequest) -> str:
    return "Your request is refused." if row.state == REFUSED else _SHORT[row.outcome]


def _head(row: SubjectRequest, filing: Filing) -> Iterator[Fact]:
    yield "From", row.agency.name + (f", {row.agency.jurisdiction}" if row.agency.jurisdiction else "")
    yield "To", "\n".join(filter(None, (filing.name, filing.post, filing.email)))
    yield "You asked", "\n".join(WISHES[wish] for wish in row.wishes)
    yield "Received", f"{row.received_at:%Y-%m-%d}, to be answered by {row.due_on}"
    if row.extended_at is not None:
        yield "Extended", f"on {row.extended_at:%Y-%m-%d}: {row.extended_why}"
    yield "Answered", f"{timezone.now():%Y-%m-%d}"
    if row.confirmed_at is not None:
        yield "Who asks", f"checked on {row.confirmed_at:%Y-%m-%d}: {row.confirmed_how}"


def _sections(row: SubjectRequest, found: list[SubjectFinding], policy: AgencyPolicy, size: int) -> Iterator[Section]:
    if row.state == REFUSED:
        why, remedy = GROUNDS[row.ground]
        yield Section("Why it is refused", [why, f"The agency's own words: {row.reason}"])
        yield Section("What you can do", [remedy, *_remedies(row, policy)])
        return
    yield Section("How we looked", list(_how(row)))
    if found:
        yield Section(
            "What we hold",
            [f"{len(found)} picture(s) with a face that a person of ours found to be yours."],
            [(f"Reference {one.reference.public_id}", _held(one)) for one in found],
        )
        yield from _used(found, policy)
    if set(row.wishes) - {ACCESS}:
        yield from _erased(row, found, size)
    yield Section("What this answer does not cover", _NOT_COVERED)
    yield Section("If you disagree", _remedies(row, policy))


_NOT_COVERED = [
    (
        "Pictures and videos of unknown people in investigations were not compared with yours: they are in no gallery, and "
        "nothing may be compared with them but for their case. Names are not searched: a gallery is ordered by faces."
    ),
    "A model compares, and a person decides. Both can overlook a picture: a poor or old one most easily.",
]


def _how(row: SubjectRequest) -> Iterator[str]:
    for one in row.searched:
        yield (
            f"Gallery {one['gallery']}: your photograph was compared with all {one['compared']:,} references, and a person of "
            f"ours looked at the {one['listed']} most similar ones (entry {one['entry']} of the log)."
        )
    if not row.searched:
        yield "We have no gallery." if has_photo(row) else "You sent no photograph, so no face was compared."
    if filing_of(row).named:
        yield "References and links that you named were looked up."
    yield (
        "Your photograph is erased with this answer. The template that was made of it was never stored: it existed only while "
        "the comparison ran. Nothing of it can be used for any other search."
    )


def _held(one: SubjectFinding) -> list[Fact]:
    offered = {
        "": ("The picture itself", "is shown with your code on the page of your request, while it is held"),
        "kept": (
            "The picture itself",
            "is shown with your code on the page of your request, while it is held",
        ),
        "erased": ("The picture itself", f"erased, see below (entry {one.entry} of the log)"),
    }[one.outcome]
    return [*_facts_of(one), offered]


def _used(found: list[SubjectFinding], policy: AgencyPolicy) -> Iterator[Section]:
    references = [one.reference for one in found]
    told, withheld = searches_told(references)
    says = [
        (
            "Searches under closed cases in whose candidate list a picture of you stood. A candidate is similar, not identified. "
            "Names of others, and of cases, are left out: they are other people's data."
        )
    ]
    rows = [
        (
            f"{one.on}",
            f"{one.offence}, gallery {one.gallery}"
            + (", raised by an alert" if one.alert else "")
            + (": a lead came of your picture" if one.lead else ": no lead came of your picture")
            + (f"; for {one.for_agency}, which was told" if one.for_agency else "")
            + ("; disclosed to a defence" if one.disclosed else ""),
        )
        for one in told
    ]
    answer = open_cases(withheld, policy.rights_open_cases)
    if isinstance(answer, Refused):
        says.append(f"Withheld (rule {answer.rule_id}): {answer.why} {answer.next_step}")
    yield Section(
        "Searches and alerts that touched them",
        says,
        [("", rows)] if rows else [("", [("Told here", "none")])],
    )
    exports = [
        (f"{day}", f"gallery {gallery} was exported, entry {entry} of the log")
        for entry, day, gallery in exports_of(references)
    ]
    yield Section(
        "To whom they were given",
        [] if exports else ["No gallery that holds them was exported while they were in it."],
        [("", exports)] if exports else [],
    )


def _erased(row: SubjectRequest, found: list[SubjectFinding], size: int) -> Iterator[Section]:
    erased = [one for one in found if one.outcome == "erased"]
    kept = [one for one in found if one.outcome == "kept"]
    if erased:
        yield Section(
            "What is erased, and how you check it",
            [
                (
                    "Picture, template and source are gone, no search can find them. What stays in the log is that a reference was "
                    "erased. The entry and the proof below show that it stands there; a file on the page of your request "
                    "holds the same. With a copy of the log and verify.py, which lies in it, anybody can check it without us: "
                    "python verify.py FOLDER --kept CHECKPOINT"
                ),
            ],
            [(f"Reference {one.reference.public_id}", _proof(one, size)) for one in erased],
        )
    if kept:
        yield Section(
            "What is not erased, and why",
            [],
            [
                (
                    f"Reference {one.reference.public_id}",
                    [("Rule", one.rule), ("Reason", one.why), ("Remedy", one.remedy)],
                )
                for one in kept
            ],
        )
    if OBJECTION in row.wishes:
        yield Section(
            "Your objection",
            [
                (
                    "The very files that were erased cannot be enrolled again. Another picture of you could not be recognised: that "
                    "would take a template of your face, and we keep none."
                ),
            ],
        )


def _proof(one: SubjectFinding, size: int) -> list[Fact]:
    proof = proof_of_entry(one.entry, size)
    if proof is None:
        return [("Entry", str(one.entry))]
    return [
        ("Entry", f"{one.entry} of {size}"),
        ("Root of the log", str(proof["root"])),
        ("Inclusion proof", "\n".join(proof["proof"]) or "the log has this entry only"),
    ]


def proof_of_entry(number: int | None, size: int) -> dict[str, Any] | None:
    """The inclusion proof of an entry, as audit.proofs has it; None when there is none."""
    rows = LogEntry.objects.filter(seq=-1 if number is None else number)
    canonical = rows.values_list("canonical", flat=True).first()
    return None if canonical is None else proof_of(parse_line(bytes(canonical)), size)


def _remedies(row: SubjectRequest, policy: AgencyPolicy) -> list[str]:
    return [
        f"Write to {row.agency.name} and name the number of your request; it must look again.",
        f"Complain to: {policy.rights_complaints}. It costs nothing, and it can check what we may not tell you.",
        "Go to court, as the law of the place has it.",
    ]


def _receipt(row: SubjectRequest, note: str) -> list[Fact]:
    head = parse(note)
    return [
        ("Your request", f"entry {row.entry} of the log"),
        ("Log", f"{head.origin}, {head.size} entries"),
        ("Root", head.root.hex()),
        ("The signed head", "The lines below are the log's checkpoint: keep them, they bind us to all that it holds."),
    ]
