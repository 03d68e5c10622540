"""Making a disclosure package of one search: everything the defence needs to examine it and to run it again.

Owns the content of a package: templates, pictures and proofs of the log, and the facts from `disclosure.contents` and
`disclosure.context`. It must never make a package without the entry `disclosure.made`, which has its manifest's hash.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from plainview import __version__
from plainview.audit.merkle import Frontier, inclusion_proof
from plainview.audit.record import parse_line
from plainview.casework import find
from plainview.casework.disclosure import contents as disclosed
from plainview.casework.disclosure import context as disclosed_context
from plainview.casework.disclosure.probe import probe_items
from plainview.casework.galleries.read import additions, open_template
from plainview.casework.log.guard import acting
from plainview.casework.log.read import entries_about
from plainview.casework.log.write import Receipt, write_entry
from plainview.casework.models import Candidate, GalleryChange, LogEntry, LogOpening, Member, Search
from plainview.casework.people.read import binding
from plainview.casework.pictures import coarse_png
from plainview.casework.probes.probe import template_again
from plainview.casework.search.candidates import candidates_of
from plainview.casework.triage.read import reviews
from plainview.casework.workspace.services import services
from plainview.index.parts import lacking
from plainview.policy import rules
from plainview.policy.agency import parse
from plainview.policy.decision import OperatorAct, Refused
from plainview.policy.disclosure import COARSE, WHOLE, disclosed_pictures, pictures_chosen
from plainview.policy.permissions import Permission
from plainview.policy.table import table
from plainview.recheck.package import pack_items
from plainview.recheck.rerun import saved
from plainview.recognition.errors import PackError
from plainview.scores.scoring import COSINE
from plainview.storage.output import output, settle

if TYPE_CHECKING:
    pass

_OF_THE_CHANNEL = (
    "address",
    "user_agent",
    "os_user",
)  # what `log.channel` seals: facts about computers, not about the search

Items = Iterator[tuple[str, bytes, str]]


@dataclass(frozen=True, slots=True)
class Disclosed:
    """A finished package: its search, the hash of its manifest, its number of items and its entry."""

    search: Search
    manifest_sha256: str
    items: int
    entry: int


@dataclass(frozen=True, slots=True)
class Pictures:
    """Whose pictures a package shows, a word of policy.agency.PICTURES; the word of the policy; the reason for fewer."""

    shown: str
    policy: str
    reason: str = ""


def disclose(search_id: str, out: Path, *, pictures: str = "", reason: str = "", acting_member: Member) -> Disclosed:
    """Write the disclosure package of a search.

    Args:
        search_id: a search of the member's agency.
        out: a file that does not exist yet.
        pictures: whose pictures it shows, a word of policy.agency.PICTURES; "" for the agency's policy.
        reason: why fewer pictures than the policy shows; the package states it.
        acting_member: a supervisor.

    Raises:
        Refused: no permission, unknown, not answered or erased, or fewer pictures without a reason.
        OutputError: the file exists or cannot be written; nothing of it is left.
    """
    with output(out) as file, acting("disclosure.make", Permission.DISCLOSURE_MAKE, acting_member):
        search = disclosable(search_id, acting_member)
        chosen = choose(pictures, reason, acting_member)
        return make(search, chosen, partial(_packed, file), acting_member=acting_member)


def _packed(file: BinaryIO, items: Iterable[tuple[str, bytes, str]], about: dict[str, Any]) -> str:
    digest = pack_items(file, items, about, services().signer.sign_note)
    settle(file)  # before the entry: a full disk shows here
    return digest


def disclosable(search_id: str, member: Member) -> Search:
    """Return a search of the member's agency that was answered and not erased.

    Raises:
        Refused: search.unknown or disclosure.nothing.
    """
    search = find.search(search_id, member)
    if search.answered_at is None or search.erased_at is not None:
        raise Refused(
            "disclosure.nothing",
            "Nothing disclosed",
            "This search was not answered, or was erased.",
            "Export the log: it still contains the entries of the search.",
            act=OperatorAct.AUDIT_EXPORT,
        )
    return search


def choose(pictures: str, reason: str, member: Member) -> Pictures:
    """Return the chosen pictures, checked against the policy of the member's agency.

    Raises:
        Refused: disclosure.pictures or disclosure.reason.
    """
    _, policy = binding(member.agency)
    chosen = Pictures(pictures or policy.disclosure_pictures, policy.disclosure_pictures, " ".join(reason.split()))
    rules.require(pictures_chosen(chosen.shown, chosen.policy, chosen.reason))
    return chosen


def make(
    search: Search,
    chosen: Pictures,
    write: Callable[[Iterable[tuple[str, bytes, str]], dict[str, Any]], str],
    *,
    acting_member: Member,
) -> Disclosed:
    """Put a package together in the running transaction and write its entry.

    Args:
        search: the search to disclose.
        chosen: whose pictures are shown.
        write: takes the items and the manifest's other fields, and returns the manifest's SHA-256.
        acting_member: who makes it.
    """
    shown = disclosed.candidates_shown(search, chosen.shown)
    items = list(_items(search, shown))
    about = {
        "search": search.public_id,
        "log": services().origin,
        "vkey": services().signer.verifier.text,
        "made_by": search.case.agency.name,
        "plainview": __version__,
        "pictures": {
            "shown": chosen.shown,
            "policy": chosen.policy,
            "reason": chosen.reason,
            "says": disclosed_pictures(chosen.shown),
            "coarse": [candidate.rank for candidate, how in shown if how == COARSE],
            "erased": [candidate.rank for candidate, _ in shown if not candidate.reference.template],
        },
    }
    digest = write(items, about)
    receipt: Receipt = write_entry(
        "disclosure.made",
        {
            "agency": search.case.agency.public_id,
            "search": search.public_id,
            "manifest_sha256": digest,
            "items": len(items),
            "pictures": chosen.shown,
            "policy": chosen.policy,
        },
        {"reason": chosen.reason} if chosen.reason else {},
        acting_member=acting_member,
    )
    return Disclosed(search, digest, len(items), receipt.entry)


def _items(search: Search, shown: list[tuple[Candidate, str]]) -> Items:
    yield "README.txt", _README.encode(), "what this package is and how to check it"
    yield (
        "search.json",
        _dump(disclosed.search_facts(search, shown)),
        "the search, its settings and the whole list",
    )
    yield from probe_items(search)
    for candidate, how in shown:
        if how == WHOLE:
            data = services().blobs.get(candidate.reference.blob)
            yield f"candidates/{candidate.rank:02}", data, f"picture of candidate {candidate.rank}"
        elif how == COARSE:
            data = coarse_png(candidate.reference.blob, candidate.reference.box)
            yield (
                f"candidates/{candidate.rank:02}-coarse.png",
                data,
                f"candidate {candidate.rank}, a third party, shown coarsely",
            )
    entries = disclosed_context.about(search)
    yield from _files(search, disclosed_context.looks(entries))
    yield "history.json", _dump(disclosed_context.history(search, entries)), "the log's entries in short"
    yield "policy.toml", search.policy.text.encode(), "the agency's policy at the time"
    rows = [{"rule": rule.rule_id, "of": rule.of, "says": rule.says} for rule in table(parse(search.policy.text))]
    yield "rules.json", _dump(rows), "the rulebook at the time, in plain words"
    yield from _rerun(search)
    yield from _log(search)


def _files(search: Search, looked: dict[str, list[str]]) -> Items:
    context, whole = disclosed_context, candidates_of(search)
    for name, value, says in (
        (
            "people.json",
            disclosed.people(search, looked),
            "who searched, viewed, examined, verified and released; training and proficiency",
        ),
        ("examinations.json", disclosed.examinations(search), "every examination, verification, lead and outcome"),
        (
            "triage.json",
            reviews(search),
            "candidates set aside, and conclusions about the whole list: reviews, not examinations",
        ),
        ("case.json", disclosed.case_facts(search), "the case with its other searches, including null results"),
        ("alerts.json", context.alerts(search.case), "every alert of the case and the searches it raised"),
        ("scores.json", context.scores(search, whole), "what the scores mean in this gallery, with its error rates"),
        ("gallery.json", context.gallery_state(search), "checks of the gallery, and the references erased since"),
        ("videos.json", context.videos(search), "the videos that stills of the probe come from"),
        ("reviews.json", context.reviews(search), "requests for an exoneration review, and their results"),
        (
            "model.json",
            context.model(search.pack),
            "the software, its versions and the model's card with its error rates",
        ),
    ):
        yield name, _dump(value), says


def _rerun(search: Search) -> Items:
    """Yield the gallery as it was when the search was answered, without the references erased since."""
    try:
        engine = services().engine_of(search.pack)
        same = engine.pack.recogniser.sha256 == search.pack_sha256
    except PackError:
        same = False
    compared = search.gallery.reference_set.exclude(template=b"").order_by("pk")
    # A gallery that was re-embedded has the templates of the pack before too, and no older ones.
    if not same or compared.exclude(pack=search.pack).exclude(other_pack=search.pack).exists():
        raise Refused(
            "disclosure.other_model",
            "Nothing disclosed",
            f"The search was made with the model pack {search.pack}, which is not installed, or whose templates are gone.",
            "Install that model pack again: the package includes its template of the probe.",
            act=OperatorAct.MODELS_INSTALL,
        )
    template = template_again(engine, search, search.frames.order_by("number"))
    state, lead_of = _state(search)
    cohort_keys = search.calibration.cohort if search.calibration and search.scorer != COSINE else ()
    cohort = {key for key in cohort_keys if state.get(key) and lead_of.get(key, key) == key}
    rows, templates = list[dict[str, Any]](), []
    parts, missing = (search.incomplete or {}).get("parts", 1), (search.incomplete or {}).get("missing", [])
    columns = ("pk", "public_id", "pack", "template", "other_template")
    for key, public, made_by, template_now, template_before in compared.values_list(*columns).iterator():
        sealed = template_now if made_by == search.pack else template_before
        if state.get(key):
            rows.append({"key": key, "reference": public, "cohort": key in cohort})
            if key in lead_of:
                rows[-1]["lead"] = lead_of[key]
            if missing and lacking(np.array([lead_of.get(key, key)]), parts, missing)[0]:
                rows[-1]["apart"] = True
            cohort.discard(key)
            templates.append(open_template(public, sealed))
    left = {entry["key"] for entry in rows}
    lost = {lead for key, lead in lead_of.items() if key not in left}
    first: dict[int, int] = {}  # a lead that was erased leaves its person to the next picture
    for entry in rows:
        if "lead" in entry:
            entry["lead"] = first.setdefault(entry["lead"], entry["key"])
    remade = sorted(first[lead] for lead in lost if lead in first)  # such a person has another mean now
    cohort |= {entry["key"] for entry in rows if entry["cohort"] and entry["key"] in remade}
    yield (
        "rerun/references.json",
        _dump(rows),
        "the compared references, in the order of the templates; those marked `apart` were in a part that did not answer",
    )
    order = {"scorer": search.scorer, "probe_nearness": str(search.nearness), "cohort_erased": len(cohort)}
    order |= {"remade": remade} if remade else {}
    yield (
        "rerun/order.json",
        _dump(order),
        "how the list was ordered, and how many of its cohort were erased since",
    )
    whole = np.stack(templates) if templates else np.empty((0, len(template)), dtype=np.float32)
    yield "rerun/templates.npy", saved(whole), "their templates, float32"
    yield "rerun/probe.npy", saved(template), "the probe's template, float32"


def _state(search: Search) -> tuple[dict[int, bool], dict[int, int]]:
    """Return the gallery as the search saw it: reference -> whether it was there, and the lead of each with a subject."""
    state, whose = dict[int, bool](), dict[int, int | None]()
    changes = GalleryChange.objects.filter(gallery=search.gallery)
    if search.alert_id is not None:  # it compares what came into the gallery, each picture by itself
        changes = additions(search.gallery_id)
    changes = changes.filter(seq__gt=search.after_seq or 0, seq__lte=search.gallery_seq).order_by("seq")
    for key, is_add, subject in changes.values_list("reference_id", "is_add", "subject_id").iterator():
        state[key] = is_add
        whose[key] = subject if search.alert_id is None else None
    leads: dict[int, int] = {}
    for key in sorted(key for key, is_add in state.items() if is_add):
        person = whose[key]
        if person is not None:
            leads.setdefault(person, key)
    return state, {key: leads[subject] for key, subject in whose.items() if subject is not None and state[key]}


def _log(search: Search) -> Items:
    """Yield the entries about the search, each with its proof, and the openings of their commitments.

    The computers that people acted from, and other disclosures of the search, stay sealed.
    """
    leaves = [bytes(leaf) for leaf in LogEntry.objects.order_by("seq").values_list("leaf", flat=True)]
    about = entries_about(search)
    rows = [
        {"entry": canonical.decode(), "proof": [step.hex() for step in inclusion_proof(leaves, seq)]}
        for seq, canonical in about
    ]
    opened = []
    openable = [seq for seq, canonical in about if not parse_line(canonical).action.startswith("disclosure.")]
    for record in LogOpening.objects.filter(entry_id__in=openable).exclude(name__in=_OF_THE_CHANNEL).order_by("pk"):
        context = f"opening:{record.entry_id}:{record.name}".encode()
        opening = services().openings.open(bytes(record.sealed), context).decode()
        opened.append({"entry": record.entry_id, "opening": opening})
    newest = LogEntry.objects.order_by("-seq")[0]
    tree = Frontier.from_bytes(bytes(newest.frontier))
    yield (
        "log/entries.json",
        _dump(rows),
        "the log's entries about the search, with inclusion proofs (RFC 9162)",
    )
    yield "log/openings.json", _dump(opened), "the openings of the commitments in these entries"
    yield (
        "log/checkpoint",
        services().signer.sign(tree.size, tree.root()).encode(),
        "the signed head of the log",
    )
    yield "log/key.pub", services().signer.verifier.text.encode() + b"\n", "the log's public key"


def _dump(value: object) -> bytes:
    return json.dumps(value, indent=1, ensure_ascii=False).encode()


_README = """\
Disclosure package of one face search, made by Plainview.

A candidate is a similar face, not an identification.

Check it on any machine with Plainview installed. You need no account and no access to the agency:

    plainview verify-package FILE --list

This checks every file against the signed manifest and every log entry against the signed checkpoint. It also runs the
search again on the enclosed templates, which must give the same candidates with the same scores; --list prints both
lists. If you have the log's public key from another source, give it with --key. manifest.json describes each file.
Third parties whose pictures are shown coarsely, and references that were erased since, are listed there and in
search.json. Their ranks and scores are unchanged; an erased reference has no template.
"""
