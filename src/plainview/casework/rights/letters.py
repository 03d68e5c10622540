"""Closing a person's request: write and seal the letter, and erase what is no longer needed.

Owns the text of the letter, and of the short e-mail that announces it without the answer. It must never leave out that
something was withheld or refused: the letter states the rule, the reason and the remedy.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from plainview.audit.checkpoint import parse
from plainview.audit.record import parse_line
from plainview.casework.galleries.subjects import number_of
from plainview.casework.log.explorer import proof_of
from plainview.casework.log.write import newest_checkpoint, write_entry
from plainview.casework.mail import address
from plainview.casework.mail.letters import write_letters
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
from plainview.casework.rights.read import (
    decisions_about,
    exports_of,
    filing_of,
    findings_of,
    has_photo,
    searches_listing,
)
from plainview.casework.workspace.services import services
from plainview.policy.agency import AgencyPolicy
from plainview.policy.decision import Refused
from plainview.policy.retention import What
from plainview.policy.rights import ACCESS, GROUNDS, OBJECTION, WISHES, Filing, open_cases
from plainview.policy.wording import counted, day

GRANTED, PARTLY, NOT_GRANTED, INFORMED, NOTHING = (
    "granted",
    "partly granted",
    "refused",
    "told",
    "nothing held",
)
"""The outcomes of a request."""

_SHORT = {
    GRANTED: "We have erased the pictures of you that we held.",
    PARTLY: "We have erased some of the pictures of you that we held. We keep the others, for the reasons below.",
    NOT_GRANTED: "We have not erased the pictures of you that we hold, for the reasons below.",
    INFORMED: "We hold pictures of you. They are listed below, with how each has been used.",
    NOTHING: "We found no picture of you in our galleries.",
}


_NUMBER = "The source's number of you"


def reference_facts(reference: Reference) -> list[Fact]:
    """Return what the letter says about a reference."""
    gallery = reference.gallery
    retention_rules = rules_of(gallery.agency)[1].of(What.REFERENCES, gallery=gallery.name)
    return [
        ("Gallery", f"{gallery.name}, owner: {gallery.owner}"),
        ("Legal basis", gallery.legal_basis),
        ("Source", gallery.source),
        ("Link to the picture", reference.source_link or "not recorded"),
        *([("Page that showed it", reference.page_url)] if reference.page_url else []),
        ("Taken on", reference.captured or "not recorded"),
        ("Enrolled on", day(reference.enrolment.started_at)),
        ("Kept until", f"{day(gallery.expires_on)}, when the legal basis ends, unless it is renewed"),
        ("Retention rules", " ".join(rule.says for rule in retention_rules)),
        ("Data", f"the picture, the position and quality of the face, and a template made by {reference.pack}"),
        *([(_NUMBER, number_of(reference.subject))] if reference.subject else []),
    ]


def seal_facts(finding: SubjectFinding, facts: Sequence[Fact]) -> bytes:
    """Seal the facts for the letter, because an erasure empties the reference before the letter is written."""
    return services().rights.seal(json.dumps(facts).encode(), f"finding:{finding.reference_id}".encode())


def _facts_of(finding: SubjectFinding) -> list[Fact]:
    if not finding.sealed:
        return []
    opened = services().rights.open(bytes(finding.sealed), f"finding:{finding.reference_id}".encode())
    return [(str(name), str(value)) for name, value in json.loads(opened)]


def close(request: SubjectRequest, member: Member) -> None:
    """Write the letter in the running transaction, then erase photograph and the faces of other people."""
    request.closed_by, request.closed_at, request.tell = member, timezone.now(), "answered"
    pdf = to_pdf(_letter(request))
    answer = SubjectAnswer(request=request, sha256=hashlib.sha256(pdf).hexdigest(), made_at=request.closed_at)
    answer.sealed = services().rights.seal(pdf, f"answer:{request.public_id}".encode())
    answer.save()
    request.answer = answer
    request.save()
    findings = SubjectFinding.objects.filter(request=request)
    (findings if request.state == REFUSED else findings.exclude(is_person=True)).delete()
    # Erase the openings of the decisions too: they say which other people resemble this one.
    LogOpening.objects.filter(entry_id__in=decisions_about(request)).delete()
    SubjectFinding.objects.filter(request=request).update(sealed=b"")
    erase_photo(request)


def erase_photo(request: SubjectRequest) -> None:
    """Erase the photograph and the opening of the log's commitment to it."""
    SubjectPhoto.objects.filter(request=request).delete()
    LogOpening.objects.filter(entry_id=request.entry, name="photo_sha256").delete()


def tell(request: SubjectRequest) -> None:
    """Write the e-mail that is owed, if any, and record it; without an address the administrator prints the answer."""
    if not request.tell:
        return
    kind, email = request.tell, filing_of(request).email
    with transaction.atomic():
        request.tell = ""
        request.save(update_fields=["tell"])
        if email:
            write_letters(f"rights.{kind}", [email], _SUBJECT[kind], _mail(request, kind), about=request.public_id)
            write_entry(
                "rights.told",
                {"request": request.public_id, "agency": request.agency.public_id, "what": kind},
                acting_member=None,
            )


_SUBJECT = {
    "answered": "The answer to your request is ready",
    "extended": "Your request will take longer",
}


def _mail(request: SubjectRequest, kind: str) -> str:
    begin = (
        f"{request.agency.name} has answered your request {request.public_id}."
        if kind == "answered"
        else f"{request.agency.name} needs until {day(request.due_on)} to answer your request {request.public_id}. The reason is "
        "on the page."
    )
    return (
        f"{begin}\n\nOpen it with the code on your receipt:\n\n{address()}/rights/{request.public_id}/\n\n"
        "This message gives no details, because other people may read your e-mail.\n"
    )


def _letter(request: SubjectRequest) -> Letter:
    filing, (_, policy) = filing_of(request), binding(request.agency)
    findings = findings_of(request, of_person=True)
    note = newest_checkpoint()
    return Letter(
        title=f"Answer to your request {request.public_id}",
        sample="Sample: the agency and its people are made up." if request.agency.is_sample else "",
        head=list(_head(request, filing)),
        short=_short(request),
        sections=list(_sections(request, findings, policy, parse(note).size)),
        receipt=_receipt(request, note),
        checkpoint=note,
    )


def _short(request: SubjectRequest) -> str:
    return "Your request is refused." if request.state == REFUSED else _SHORT[request.outcome]


def _head(request: SubjectRequest, filing: Filing) -> Iterator[Fact]:
    yield "From", request.agency.name + (f", {request.agency.jurisdiction}" if request.agency.jurisdiction else "")
    yield "To", "\n".join(filter(None, (filing.name, filing.post, filing.email)))
    yield "You asked", "\n".join(WISHES[wish] for wish in request.wishes)
    yield "Received", f"{day(request.received_at)}; answer due by {day(request.due_on)}"
    if request.extended_at is not None:
        yield "Extended", f"on {day(request.extended_at)}: {request.extended_why}"
    yield "Answered", day(timezone.now())
    if request.confirmed_at is not None:
        yield "Identity", f"confirmed on {day(request.confirmed_at)}: {request.confirmed_how}"


def _sections(
    request: SubjectRequest, findings: list[SubjectFinding], policy: AgencyPolicy, size: int
) -> Iterator[Section]:
    if request.state == REFUSED:
        why, remedy = GROUNDS[request.ground]
        yield Section("Why we refuse it", [why, f"The agency's explanation: {request.reason}"])
        yield Section("What you can do", [remedy, *_remedies(request, policy)])
        return
    yield Section("How we looked", list(_how(request)))
    if findings:
        yield Section(
            "What we hold",
            [_held_in_words(findings)],
            [(f"Reference {finding.reference.public_id}", _reference_facts(finding)) for finding in findings],
        )
        yield from _used(findings, policy)
    if set(request.wishes) - {ACCESS}:
        yield from _erased(request, findings, size)
    yield Section("What this answer does not cover", _NOT_COVERED)
    yield Section("If you disagree", _remedies(request, policy))


def _held_in_words(findings: list[SubjectFinding]) -> str:
    """Return how many pictures there are of the person, and how many of them the source itself has under one number."""
    numbers = Counter(value for finding in findings for name, value in _facts_of(finding) if name == _NUMBER)
    together = [count for count in numbers.values() if count > 1]
    says = f"{counted(len(findings), 'picture')} with a face that one of our staff recognised as yours."
    if not together:
        return says
    return f"{says} The source gives {' and '.join(map(str, together))} of them one number, and searches compare their mean."


_NOT_COVERED = [
    (
        "Pictures and videos of unknown people in investigations were not compared with yours: they are in no gallery, and "
        "may be compared only for their own case. We do not search by name: a gallery is searched by faces."
    ),
    "A model compares and a person decides. Both can miss a picture, most easily a poor or old one.",
]


def _how(request: SubjectRequest) -> Iterator[str]:
    for gallery_search in request.searched:
        yield (
            f"Gallery {gallery_search['gallery']}: your photograph was compared with the whole gallery "
            f"({counted(gallery_search['compared'], 'reference')}), and one of our staff examined "
            f"{counted(gallery_search['listed'], 'face')} that may be yours (entry {gallery_search['entry']} of the log)."
        )
    if not request.searched:
        yield "We have no gallery." if has_photo(request) else "You sent no photograph, so no face was compared."
    if filing_of(request).named:
        yield "We looked up the references and links that you named."
    yield (
        "Your photograph is erased with this answer. Its template was never stored: it existed only during the comparison. "
        "Neither can be used for another search."
    )


def _reference_facts(finding: SubjectFinding) -> list[Fact]:
    offered = {
        "": ("Picture", "on the page of your request, which opens with your code, for as long as we hold it"),
        "kept": ("Picture", "on the page of your request, which opens with your code, for as long as we hold it"),
        "erased": ("Picture", f"erased, see below (entry {finding.entry} of the log)"),
    }[finding.outcome]
    return [*_facts_of(finding), offered]


def _used(findings: list[SubjectFinding], policy: AgencyPolicy) -> Iterator[Section]:
    references = [finding.reference for finding in findings]
    listed, withheld = searches_listing(references)
    says = [
        (
            "Searches under closed cases that listed a picture of you. A candidate is similar, not identified. The names "
            "of other people and of cases are left out: they are other people's data."
        )
    ]
    rows = [
        (
            day(search.on),
            f"{search.offence}, gallery {search.gallery}"
            + (", raised by an alert" if search.alert else "")
            + (": your picture became a lead" if search.lead else ": your picture did not become a lead")
            + (f"; for {search.for_agency}, which received the result" if search.for_agency else "")
            + ("; disclosed to a defence" if search.disclosed else ""),
        )
        for search in listed
    ]
    answer = open_cases(withheld, policy.rights_open_cases)
    if isinstance(answer, Refused):
        says.append(f"Withheld (rule {answer.rule_id}): {answer.why} {answer.next_step}")
    yield Section(
        "Searches and alerts that listed them",
        says,
        [("", rows)] if rows else [("", [("Searches", "none")])],
    )
    exports = [
        (day(exported_on), f"gallery {gallery} was exported, entry {entry} of the log")
        for entry, exported_on, gallery in exports_of(references)
    ]
    yield Section(
        "Who received them",
        [] if exports else ["None of their galleries was exported while they were in it."],
        [("", exports)] if exports else [],
    )


def _erased(request: SubjectRequest, findings: list[SubjectFinding], size: int) -> Iterator[Section]:
    erased = [finding for finding in findings if finding.outcome == "erased"]
    retained = [finding for finding in findings if finding.outcome == "kept"]
    if erased:
        yield Section(
            "What we erased, and how to check it",
            [
                (
                    "Picture, template and source are erased: no search can find them. The log still records that a reference was "
                    "erased. The entry and the proof below show this, and so does a file on the page of your request. With a copy "
                    "of the log and its verify.py, anyone can check it without us: "
                    "python verify.py FOLDER --kept CHECKPOINT"
                ),
            ],
            [(f"Reference {finding.reference.public_id}", _proof(finding, size)) for finding in erased],
        )
    if retained:
        yield Section(
            "What we did not erase, and why",
            [],
            [
                (
                    f"Reference {finding.reference.public_id}",
                    [("Rule", finding.rule), ("Reason", finding.why), ("Remedy", finding.remedy)],
                )
                for finding in retained
            ],
        )
    if OBJECTION in request.wishes:
        yield Section(
            "Your objection",
            [
                (
                    "The files that were erased cannot be enrolled again. We could not recognise another picture of you: that "
                    "would take a template of your face, and we keep none."
                ),
            ],
        )


def _proof(finding: SubjectFinding, size: int) -> list[Fact]:
    proof = proof_of_entry(finding.entry, size)
    if proof is None:
        return [("Entry", str(finding.entry))]
    return [
        ("Entry", f"{finding.entry} of {size}"),
        ("Root of the log", str(proof["root"])),
        ("Inclusion proof", "\n".join(proof["proof"]) or "the log has this entry only"),
    ]


def proof_of_entry(number: int | None, size: int) -> dict[str, Any] | None:
    """Return the inclusion proof of an entry in the form of audit.proofs; None when there is no such entry."""
    rows = LogEntry.objects.filter(seq=-1 if number is None else number)
    canonical = rows.values_list("canonical", flat=True).first()
    return None if canonical is None else proof_of(parse_line(bytes(canonical)), size)


def _remedies(request: SubjectRequest, policy: AgencyPolicy) -> list[str]:
    return [
        f"Write to {request.agency.name} with the number of your request; the agency must look again.",
        f"Complain to: {policy.rights_complaints}. This is free, and the office can check what we may not tell you.",
        "Go to court, as your law provides.",
    ]


def _receipt(request: SubjectRequest, note: str) -> list[Fact]:
    head = parse(note)
    return [
        ("Your request", f"entry {request.entry} of the log"),
        ("Log", f"{head.origin}, {head.size} entries"),
        ("Root", head.root.hex()),
        (
            "Signed head",
            "The lines below are the log's checkpoint. Keep them: they bind us to everything in the log.",
        ),
    ]
