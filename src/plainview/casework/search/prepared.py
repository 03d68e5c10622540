"""Searching with a prepared probe: one recorded search in each chosen gallery.

Owns that a second click, a reload or a second tab returns the search that the first one made. It must never search a
gallery twice with one draft.
"""

from __future__ import annotations

from dataclasses import replace

from django.db import IntegrityError

from plainview.casework import find
from plainview.casework.log.guard import refusals_recorded
from plainview.casework.models import Member, Preparation, Search
from plainview.casework.probes.approvals import usable_approvals
from plainview.casework.probes.photographs import further_photographs, require_faces
from plainview.casework.probes.probe import Probe, probe_of
from plainview.casework.probes.read import approval_wanted, further_pictures, searches_of
from plainview.casework.search.grounds import Ground, ground_of
from plainview.casework.search.run import Request, authorise, run_search
from plainview.casework.videos.stills import further_frames
from plainview.casework.workspace.services import services
from plainview.policy import rules
from plainview.policy.decision import Refused
from plainview.policy.probes import approved_alone
from plainview.policy.search import UNDECLARED, approvals_suffice


def search_prepared(public_id: str, *, acting_member: Member) -> list[Search]:
    """Search with a saved draft; every rule is checked for every gallery before the first is searched.

    Returns:
        The searches in the chosen galleries, in that order, including those of an earlier click.

    Raises:
        Refused: the draft is unknown, no face or gallery is chosen, or a rule of a search refuses; recorded.
        BadMedia: the chosen face cannot be used.
    """
    draft = find.preparation(public_id, acting_member)
    with refusals_recorded("search", acting_member):
        _complete(draft)
    searched = _searched_galleries(draft)
    wanted = [_request(draft, name) for name in draft.galleries if name not in searched]
    ground = ground_of(urgent=draft.urgent_reason, review=draft.review.public_id if draft.review else "")
    for request in wanted:
        authorise(request, ground, acting_member=acting_member)
    if wanted:
        _approved(draft, len(wanted), acting_member)
        data = services().blobs.get(draft.blob)
        origin = dict(draft.provenance)
        beside = origin.pop("with", [])
        probe = replace(
            probe_of(draft.file_name, data, draft.face, edits=draft.edits),
            provenance=origin,
            further=further_frames(beside, origin["still"], acting_member=acting_member)
            if beside
            else further_photographs(draft),
        )
        for request in wanted:
            _run_once(draft, probe, request, ground, acting_member)
    searches = {search.gallery.name: search for search in searches_of(draft)}
    return [searches[name] for name in draft.galleries]


def _searched_galleries(draft: Preparation) -> set[str]:
    return {search.gallery.name for search in searches_of(draft)}


def _run_once(draft: Preparation, probe: Probe, request: Request, ground: Ground, member: Member) -> None:
    try:
        run_search(probe, request, ground, preparation=draft, acting_member=member)
    except IntegrityError:
        # Another click has recorded the search meanwhile; any other database error is raised.
        if not Search.objects.filter(preparation=draft, gallery__name=request.gallery).exists():
            raise


def _request(draft: Preparation, gallery: str) -> Request:
    return Request(
        draft.case.number,
        draft.purpose,
        gallery,
        draft.top,
        draft.origin or UNDECLARED,
        draft.blob,
    )


def _complete(draft: Preparation) -> None:
    if draft.face is None:
        raise Refused("preparation.no_face", "Search refused", "No face was chosen.", "Choose a face first.")
    require_faces(draft)
    if not draft.galleries:
        raise Refused(
            "preparation.no_gallery", "Search refused", "No gallery was chosen.", "Choose at least one gallery."
        )


def _approved(draft: Preparation, wanted: int, member: Member) -> None:
    if draft.urgent_reason.strip() or not approval_wanted(draft):
        return
    with refusals_recorded("search", member):
        approvals = len(usable_approvals(draft.case, draft.blob, member))
        rules.require(approvals_suffice(wanted, approvals), approved_alone(1 + further_pictures(draft)))
