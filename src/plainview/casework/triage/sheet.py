"""A candidate list as a PDF, with its review so far; the log records the hash of each.

Owns the layout. It must never show a name, nor a candidate without its rank, score and the sentence of what that means.
"""

from __future__ import annotations

import hashlib

from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import Candidate, Member, NoneOfThese, Search, SetAside
from plainview.casework.pictures import probe_jpeg, reference_jpeg
from plainview.casework.search.candidates import answered, candidates_of
from plainview.casework.search.meaning import meanings
from plainview.documents.typeset import pdf, picture, string, text
from plainview.policy.permissions import Permission
from plainview.policy.triage import REVIEW
from plainview.policy.wording import counted
from plainview.recognition.errors import BadMedia
from plainview.storage.base import StorageError

_SIDE = 320  # pixels of a face: 2.6 cm at 300 dots an inch
_STATEMENT = "Similar, not identified. A candidate is no grounds for an arrest."
_PREAMBLE = """#set text(lang: "en", size: 9pt, font: ("Noto Sans", "DejaVu Sans", "Liberation Sans", "Libertinus Serif"))
#set par(leading: 0.5em)
#show heading.where(level: 1): set text(size: 16pt)
#let card(body) = block(breakable: false, width: 100%, body)
"""


def make_list(search_id: str, *, acting_member: Member) -> bytes:
    """Return the candidate list of a search as PDF/UA-1.

    Raises:
        Refused: no permission, unknown, erased or not answered.
    """
    with acting("candidates.list", Permission.CASE_READ, acting_member):
        search = answered(search_id, acting_member)
        data = pdf(_source(search))
        write_entry(
            "candidates.list_made",
            {
                "agency": acting_member.agency.public_id,
                "search": search.public_id,
                "sha256": hashlib.sha256(data).hexdigest(),
            },
            acting_member=acting_member,
        )
    return data


def _source(search: Search) -> str:
    candidates = candidates_of(search)
    title = f"Candidates of search {search.public_id}"
    aside = dict(
        SetAside.objects.filter(candidate__search=search, undone_at=None).values_list("candidate__rank", "reason")
    )
    cells = [
        _card(candidate, meaning.text, aside.get(candidate.rank, ""))
        for candidate, meaning in zip(candidates, meanings(search, candidates), strict=True)
    ]
    concluded = NoneOfThese.objects.filter(search=search, undone_at=None).first()
    parts = [
        f"#set document(title: {string(title)})\n{_PREAMBLE}",
        (
            '#set page(paper: "a4", margin: 1.5cm, footer: context [#set text(size: 7.5pt)\n'
            f'{text(f"{title}. {_STATEMENT}")} #h(1fr) #counter(page).display("1 of 1", both: true)])'
        ),
        f"= {text(title)}",
        f"*{text(_STATEMENT)}*",
        _probe(search, len(candidates)),
    ]
    if concluded is not None:
        parts.append(f"*{text('None of these')}* {text(f'({REVIEW}): {concluded.statement}')}")
    parts.append(f"#grid(columns: (1fr, 1fr, 1fr, 1fr), column-gutter: 0.5cm, row-gutter: 0.6cm, {', '.join(cells)})")
    foot = (
        f"Log: request entry {search.request_entry}, answer entry {search.answer_entry}. Model {search.pack}. "
        "A score is the cosine of two templates, never a probability."
    )
    parts.append(f"#text(size: 7.5pt)[{text(foot)}]")
    return "\n\n".join(parts)


def _probe(search: Search, count: int) -> str:
    words = (
        f"Case {search.case.number}. Purpose: {search.purpose}. Gallery {search.gallery.name}, "
        f"{counted(search.gallery_size or 0, 'reference')} compared; {counted(count, 'candidate')}. "
        f"Probe: quality {search.quality} of 100, origin {search.origin}."
    )
    try:
        face = f"#{picture(probe_jpeg(search, _SIDE), width='3.5cm', alt='Probe')}"
    except (BadMedia, StorageError):
        face = text("The probe was erased.")
    return f"#grid(columns: (3.5cm, 1fr), column-gutter: 0.5cm, [{face}], [{text(words)}])"


def _card(candidate: Candidate, means: str, aside: str) -> str:
    reference = candidate.reference
    face = text("Erased")
    if reference.template:
        data = reference_jpeg(reference, _SIDE)
        face = f"#{picture(data, width='100%', alt=f'Candidate {candidate.rank}')}"
    adjusted = candidate.search.scorer and candidate.adjusted != candidate.score
    score = f"{candidate.adjusted if adjusted else candidate.score:.3f}"
    words = [f"{candidate.rank}. {score}" + (f" (cosine {candidate.score:.3f})" if adjusted else ""), means]
    words += [reference.captured or "no date", f"quality {reference.quality}"]
    words += [f"Set aside: {aside}"] if aside else []
    return f"card[{face} #linebreak() {' #linebreak() '.join(text(line) for line in words)}]"
