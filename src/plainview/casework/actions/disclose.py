"""Making a disclosure package of one search: all that the defence needs to examine it and to run it again.

Owns what goes in. The entry `disclosure.made` names the package by its manifest's hash.
"""

from __future__ import annotations

import io
import json
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from plainview import __version__
from plainview.audit.merkle import Frontier, inclusion_proof
from plainview.casework.actions.guard import acting
from plainview.casework.actions.log import write_entry
from plainview.casework.models import (
    Approval,
    Candidate,
    Examination,
    GalleryChange,
    LogEntry,
    LogOpening,
    Member,
    Search,
)
from plainview.casework.package import write_package
from plainview.casework.queries.cases import search_numbered
from plainview.casework.queries.examination import verdicts
from plainview.casework.queries.galleries import open_template
from plainview.casework.queries.log import entries_about
from plainview.casework.queries.pictures import png
from plainview.casework.queries.sharing import both
from plainview.casework.services import services
from plainview.evaluation.scoring import COSINE
from plainview.policy.agency import parse
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.table import table
from plainview.recognition.edits import apply, read
from plainview.recognition.packs import card
from plainview.recognition.types import Picture, Vector
from plainview.recognition.video.fuse import fused

_TOOLS = ("numpy", "onnxruntime", "opencv-python-headless", "pillow", "cryptography", "django")


@dataclass(frozen=True, slots=True)
class Disclosed:
    """A package that was made: its search, the hash of its manifest, and its number of items."""

    search: Search
    manifest_sha256: str
    items: int


def disclose(search_id: str, out: Path, *, pictures: bool = True, acting_member: Member) -> Disclosed:
    """Write the disclosure package of a search.

    Args:
        search_id: a search of the member's agency.
        out: a file that does not exist yet.
        pictures: enclose the candidates' pictures; without them the package says that they were withheld.
        acting_member: a supervisor.

    Raises:
        Refused: no permission, unknown, not answered or erased, or the file exists.
    """
    with acting("disclosure.make", Permission.DISCLOSURE_MAKE, acting_member):
        search = search_numbered(search_id, acting_member)
        if search.answered_at is None or search.erased_at is not None:
            raise Refused(
                "disclosure.nothing", "Nothing disclosed", "This search was not answered, or was erased.",
                "The log still holds its entries: `plainview audit export`.",
            )  # fmt: skip
        signer = services().signer
        items = list(_items(search, pictures=pictures))
        about = {
            "search": search.public_id, "log": services().origin, "vkey": signer.verifier.text,
            "made_by": acting_member.agency.name, "pictures": pictures, "plainview": __version__,
        }  # fmt: skip
        digest = write_package(out, items, about, signer.sign_note)
        try:
            write_entry(
                "disclosure.made",
                {
                    "agency": acting_member.agency.public_id, "search": search.public_id,
                    "manifest_sha256": digest, "items": len(items), "pictures": pictures,
                },
                acting_member=acting_member,
            )  # fmt: skip
        except BaseException:
            out.unlink(missing_ok=True)
            raise
    return Disclosed(search, digest, len(items))


def _items(search: Search, *, pictures: bool) -> Iterator[tuple[str, bytes, str]]:
    candidates = list(Candidate.objects.filter(search=search).select_related("reference").order_by("rank"))
    erased = [row.reference.public_id for row in candidates if not row.reference.template]
    yield "README.txt", _README.encode(), "what this is and how to check it"
    yield (
        "search.json",
        _dump(_search(search, candidates, erased)),
        "the search, its settings and the whole list",
    )
    original = services().blobs.get(search.probe_blob)
    yield "probe/original", original, "the probe as it was given"
    if search.edits:
        edited = apply(services().decoder.decode(original), read(search.edits)).pixels
        yield (
            "probe/edited.png",
            png(edited),
            "the probe after the edits that search.json lists, as it was searched",
        )
    for frame in search.frames.order_by("number"):
        data = services().blobs.get(frame.blob)
        yield (
            f"probe/frame-{frame.number}.png",
            data,
            "a further frame of the same person that was searched with",
        )
    if pictures:
        for row in candidates:
            if row.reference.template:
                picture = services().blobs.get(row.reference.blob)
                yield f"candidates/{row.rank:02}", picture, f"picture of candidate {row.rank}"
    yield "people.json", _dump(_people(search, candidates)), "who searched, examined, verified and released"
    yield "examinations.json", _dump(_examinations(candidates)), "every examination, verification and lead"
    yield "case.json", _dump(_case(search)), "the case with its other searches, those without a candidate too"
    yield "policy.toml", search.policy.text.encode(), "the agency's policy at the time"
    rules = [
        {"rule": row.rule_id, "of": row.of, "says": row.says} for row in table(parse(search.policy.text))
    ]
    yield "rules.json", _dump(rules), "the rulebook at the time, in plain words"
    yield (
        "model.json",
        _dump(_model()),
        "the software, its versions and the model's card with its error rates",
    )
    yield from _rerun(search)
    yield from _log(search)


def _search(search: Search, candidates: list[Candidate], erased: list[str]) -> dict[str, Any]:
    gallery = search.gallery
    return {
        "search": search.public_id, "agency": search.case.agency.public_id, "case_number": search.case.number,
        "offence": search.case.offence, "purpose": search.purpose, "origin": search.origin, "top": search.top,
        "urgent": bool(search.urgent_reason), "policy": search.policy.number,
        "approval": search.approval.public_id if search.approval else None,
        "requested_at": search.requested_at.isoformat(), "answered_at": f"{search.answered_at:%Y-%m-%dT%H:%M:%S.%fZ}",
        "request_entry": search.request_entry, "answer_entry": search.answer_entry,
        "pack": search.pack, "pack_sha256": search.pack_sha256,
        "probe_sha256": search.probe_blob, "probe_name": search.probe_name, "probe_edits": search.edits,
        "face_number": search.face_number, "box": search.box, "quality": search.quality,
        "quality_detail": search.quality_detail, "probe_still": search.provenance,
        "probe_frames": [
            {
                "number": frame.number, "sha256": frame.blob, "face_number": frame.face_number,
                "quality": frame.quality, "still": frame.provenance,
            }
            for frame in search.frames.order_by("number")
        ],
        "gallery": {
            "name": gallery.name, "legal_basis": gallery.legal_basis, "source": gallery.source,
            "owner": gallery.owner, "expires_on": gallery.expires_on.isoformat(), "offences": gallery.offences,
        },
        "gallery_size": search.gallery_size, "gallery_seq": search.gallery_seq, "erased_since": erased,
        "scorer": search.scorer, **both(search),
        "candidates": [
            {
                "rank": row.rank, "reference": row.reference.public_id, "score": str(row.score),
                "adjusted": str(row.adjusted), "source_url": row.reference.source_url, "page_url": row.reference.page_url,
                "captured_on": row.reference.captured_on and row.reference.captured_on.isoformat(),
                "quality": row.reference.quality,
            }
            for row in candidates
        ],
    }  # fmt: skip


def _people(search: Search, candidates: list[Candidate]) -> list[dict[str, Any]]:
    people: dict[int, tuple[Member, set[str]]] = {}

    def did(member: Member | None, what: str) -> None:
        if member is not None:
            people.setdefault(member.pk, (member, set()))[1].add(what)

    did(search.member, "searched")
    did(search.authorised_by, "authorised the urgent search")
    did(search.approval.decided_by if search.approval else None, "approved the search beforehand")
    for row in _looked_at(candidates):
        did(row.member, "examined")
        for task in row.verifications.all():
            did(task.verifier, "verified")
        did(row.lead.released_by if hasattr(row, "lead") else None, "released the lead")
    return [
        {
            "member": member.public_id, "name": member.name, "roles": member.roles, "did": sorted(what),
            "training": [
                {
                    "course": done.course, "hours": done.hours, "completed_on": done.completed_on.isoformat(),
                    "expires_on": done.expires_on.isoformat(),
                }
                for done in member.trainings.order_by("pk")
            ],
        }
        for member, what in people.values()
    ]  # fmt: skip


def _looked_at(candidates: list[Candidate]) -> list[Examination]:
    rows = Examination.objects.filter(candidate__in=candidates).select_related("candidate", "member", "lead")
    return list(rows.prefetch_related("verifications__verifier", "lead__outcomes").order_by("pk"))


def _examinations(candidates: list[Candidate]) -> list[dict[str, Any]]:
    return [
        {
            "examination": row.public_id, "rank": row.candidate.rank, "member": row.member.public_id,
            "recorded_at": row.recorded_at.isoformat(), "components": row.components,
            "conclusion": row.conclusion, "notes": row.notes,
            "cautions_acknowledged": row.acknowledged,
            "verifications": [
                {
                    "verification": task.public_id, "verifier": task.verifier.public_id,
                    "assigned_at": task.assigned_at.isoformat(),
                    "shown_at": task.shown_at and task.shown_at.isoformat(),
                    "answered_at": task.answered_at and task.answered_at.isoformat(),
                }
                for task in row.verifications.all()
            ],
            "verdicts": [{"verifier": who, "conclusion": word} for who, word in verdicts(row)],
            "lead": _lead(row),
        }
        for row in _looked_at(candidates)
    ]  # fmt: skip


def _lead(row: Examination) -> dict[str, Any] | None:
    if not hasattr(row, "lead"):
        return None
    lead = row.lead
    return {
        "lead": lead.public_id, "released_by": lead.released_by.public_id,
        "released_at": lead.released_at.isoformat(), "contradictions": lead.contradictions,
        "override": lead.override, "evidence": lead.evidence,
        "evidence_at": lead.evidence_at and lead.evidence_at.isoformat(),
        "outcomes": [
            {"outcome": outcome.outcome, "note": outcome.note, "reported_at": outcome.reported_at.isoformat()}
            for outcome in lead.outcomes.order_by("pk")
        ],
    }  # fmt: skip


def _case(search: Search) -> dict[str, Any]:
    case = search.case
    others = Search.objects.filter(case=case).exclude(pk=search.pk).select_related("gallery", "member")
    return {
        "number": case.number, "offence": case.offence, "jurisdiction": case.jurisdiction,
        "opened_at": case.opened_at.isoformat(), "closed_at": case.closed_at and case.closed_at.isoformat(),
        "other_searches": [
            {
                "search": row.public_id, "requested_at": row.requested_at.isoformat(),
                "member": row.member.public_id, "gallery": row.gallery.name, "purpose": row.purpose,
                "probe_sha256": row.probe_blob, "candidates": Candidate.objects.filter(search=row).count(),
                "erased_at": row.erased_at and row.erased_at.isoformat(),
            }
            for row in others.order_by("pk")
        ],
        "approvals": [
            {"approval": row.public_id, "granted": row.granted, "note": row.note}
            for row in Approval.objects.filter(case=case).order_by("pk")
        ],
    }  # fmt: skip


def _model() -> dict[str, Any]:
    return {
        "tool": "Plainview", "maker": "The Plainview authors", "version": __version__,
        "python": platform.python_version(), "machine": platform.machine(),
        "libraries": {name: metadata.version(name) for name in _TOOLS}, "card": card(services().engine.pack),
    }  # fmt: skip


def _rerun(search: Search) -> Iterator[tuple[str, bytes, str]]:
    """The gallery as it was when the search was answered, but for references that were erased since."""
    engine = services().engine
    if engine.pack.identity != search.pack or engine.pack.recogniser.sha256 != search.pack_sha256:
        raise Refused(
            "disclosure.other_model", "Nothing disclosed", f"The search was made with {search.pack}.",
            "Install that model pack again; its template of the probe is part of the package.",
        )  # fmt: skip
    picture = services().decoder.decode(services().blobs.get(search.probe_blob))
    picture = apply(picture, read(search.edits))
    template = _probe_template(search, picture)
    state: dict[int, bool] = {}
    changes = GalleryChange.objects.filter(
        gallery=search.gallery, seq__gt=search.after_seq or 0, seq__lte=search.gallery_seq
    ).order_by("seq")
    for reference, is_add in changes.values_list("reference_id", "is_add").iterator():
        state[reference] = is_add
    held = search.calibration.cohort if search.calibration and search.scorer != COSINE else ()
    cohort = {key for key in held if state.get(key)}
    rows, templates = [], []
    compared = search.gallery.reference_set.exclude(template=b"").order_by("pk")
    for key, public, sealed in compared.values_list("pk", "public_id", "template").iterator():
        if state.get(key):
            rows.append({"key": key, "reference": public, "cohort": key in cohort})
            cohort.discard(key)
            templates.append(open_template(public, sealed))
    yield (
        "rerun/references.json",
        _dump(rows),
        "the references that were compared, in the order of the templates",
    )
    order = {"scorer": search.scorer, "probe_nearness": str(search.nearness), "cohort_erased": len(cohort)}
    yield (
        "rerun/order.json",
        _dump(order),
        "what ordered the list, and how many of its cohort were erased since",
    )
    yield "rerun/templates.npy", _array(np.stack(templates)), "their templates, float32"
    yield "rerun/probe.npy", _array(template), "the probe's template, float32"


def _probe_template(search: Search, picture: Picture) -> Vector:
    """As the search made it: of its probe alone, or together with its further frames."""
    engine = services().engine
    _, face = engine.probe_face(picture, search.face_number)
    templates, qualities = [engine.template(picture, face.detection)], [search.quality]
    for row in search.frames.order_by("number"):
        frame = services().decoder.decode(services().blobs.get(row.blob))
        _, face = engine.probe_face(frame, row.face_number)
        templates.append(engine.template(frame, face.detection))
        qualities.append(row.quality)
    return fused(templates, qualities)


def _log(search: Search) -> Iterator[tuple[str, bytes, str]]:
    """The entries about the search, each with its proof, and what opens their commitments."""
    leaves = [bytes(leaf) for leaf in LogEntry.objects.order_by("seq").values_list("leaf", flat=True)]
    about = entries_about(search)
    rows = [
        {"entry": canonical.decode(), "proof": [step.hex() for step in inclusion_proof(leaves, seq)]}
        for seq, canonical in about
    ]
    opened = []
    for row in LogOpening.objects.filter(entry_id__in=[seq for seq, _ in about]).order_by("pk"):
        context = f"opening:{row.entry_id}:{row.name}".encode()
        opening = services().openings.open(bytes(row.sealed), context).decode()
        opened.append({"entry": row.entry_id, "opening": opening})
    newest = LogEntry.objects.order_by("-seq")[0]
    tree = Frontier.from_bytes(bytes(newest.frontier))
    yield (
        "log/entries.json",
        _dump(rows),
        "the log's entries about the search, with inclusion proofs (RFC 9162)",
    )
    yield "log/openings.json", _dump(opened), "what opens the commitments of these entries"
    yield (
        "log/checkpoint",
        services().signer.sign(tree.size, tree.root()).encode(),
        "the signed head of the log",
    )
    yield "log/key.pub", services().signer.verifier.text.encode() + b"\n", "the log's public key"


def _array(values: np.ndarray) -> bytes:
    held = io.BytesIO()
    np.save(held, values, allow_pickle=False)
    return held.getvalue()


def _dump(value: object) -> bytes:
    return json.dumps(value, indent=1, ensure_ascii=False).encode()


_README = """\
Disclosure package of one face search, made by Plainview.

A candidate is a similar face, not an identification.

Check it on any machine with Plainview installed; no account and no access to the agency is needed:

    plainview verify-package FILE

It checks every file against the signed manifest, every log entry against the signed checkpoint, and runs the search
again on the enclosed templates: the same candidates with the same scores must come out. Give the log's public key that
you learnt elsewhere with --key. What each file is stands in manifest.json. Pictures of candidates that were withheld,
and references that were erased since, are named there and in search.json.
"""
