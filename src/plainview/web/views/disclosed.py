"""The defence's side of a disclosure: what is open to them, its contents readable, its pictures, its package. Nothing else."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from plainview.casework.disclosure import contents as told
from plainview.casework.disclosure import context
from plainview.casework.disclosure import kept_packages as packages
from plainview.casework.disclosure.grants import view_disclosure
from plainview.casework.disclosure.read import grant_of, grants_to, packages_open_to
from plainview.casework.models import Candidate, DisclosureGrant
from plainview.casework.pictures import coarse_png, face_jpeg, probe_jpeg, whole_jpeg
from plainview.casework.workspace.services import services
from plainview.policy.agency import parse
from plainview.policy.disclosure import COARSE, WHOLE, disclosed_pictures
from plainview.policy.table import table
from plainview.recognition.errors import BadMedia
from plainview.storage.base import StorageError
from plainview.web.views.common import member_of, picture, require_shown, shown
from plainview.web.views.disclosure import zip_file
from plainview.web.views.exoneration import AskForm

PLACES = (
    ("package", "Package"),
    ("search", "Search"),
    ("candidates", "Candidates"),
    ("people", "People"),
    ("examinations", "Examinations"),
    ("case", "Other searches"),
    ("alerts", "Alerts"),
    ("reviews", "Reviews"),
    ("tool", "Tool and error rates"),
    ("gallery", "Gallery"),
    ("rules", "Rules"),
    ("history", "Log"),
)
"""Places of the page and their words, in order."""


@require_GET
def disclosures(request: HttpRequest) -> HttpResponse:
    """Everything that is open to the person who asks."""
    return render(request, "disclosure/list.html", {"grants": grants_to(member_of(request))})


@require_GET
def disclosure(request: HttpRequest, public_id: str) -> HttpResponse:
    """One search, readable as a whole; the reading is an entry."""
    grant, receipt = view_disclosure(public_id, acting_member=member_of(request))
    shown(request, grant.public_id)
    form = AskForm(initial={"requester": member_of(request).name}, auto_id="ask_%s")
    return render(request, "disclosure/disclosed.html", _told(grant) | {"receipt": receipt, "ask_form": form})


def _told(grant: DisclosureGrant) -> dict[str, object]:
    search = grant.search
    rows = told.candidates_shown(search, grant.pictures)
    entries = context.about(search)
    people = told.people(search, context.looks(entries))
    facts = told.search_facts(search, rows)
    scores = context.scores(search, [row for row, _ in rows])
    candidates = [
        row | {"says": rate["says"]}
        for row, rate in zip(facts["candidates"], scores["error_rate_of_this_gallery"], strict=True)
    ]
    return {
        "grant": grant,
        "search": facts,
        "candidates": candidates,
        "scores": scores,
        "people": people,
        "names": {row["member"]: row["name"] for row in people},
        "case": told.case_facts(search),
        "examinations": told.examinations(search),
        "alerts": context.alerts(search.case),
        "gallery": context.gallery_state(search),
        "videos": context.videos(search),
        "reviews": context.reviews(search),
        "model": context.model(),
        "history": context.history(search, entries),
        "policy": search.policy,
        "rules": table(parse(search.policy.text)),
        "packages": packages_open_to(grant),
        "shown": disclosed_pictures(grant.pictures),
        "key": services().signer.verifier.text,
        "places": PLACES,
    }


@require_GET
def disclosure_picture(request: HttpRequest, public_id: str, which: str) -> HttpResponse:
    """The probe: its face, the picture as it was searched ("searched"), or as it came ("original")."""
    search = _open(request, public_id).search
    try:
        if which == "original":
            return picture(whole_jpeg(search.probe_blob))
        if which == "searched":
            return picture(whole_jpeg(search.probe_blob, search.edits))
        return picture(probe_jpeg(search, 320))
    except (BadMedia, StorageError):
        raise Http404 from None


@require_GET
def disclosure_candidate(request: HttpRequest, public_id: str, rank: int) -> HttpResponse:
    """A candidate in the form in which the grant shows it."""
    grant = _open(request, public_id)
    found = {row.rank: (row, how) for row, how in told.candidates_shown(grant.search, grant.pictures)}
    row, how = found.get(rank, (None, ""))
    try:
        if row is not None and how == WHOLE:
            return picture(face_jpeg(row.reference.blob, row.reference.box, 320))
        if row is not None and how == COARSE:
            return _coarse(row)
    except (BadMedia, StorageError):
        pass
    raise Http404


def _coarse(row: Candidate) -> HttpResponse:
    return HttpResponse(coarse_png(row.reference.blob, row.reference.box), content_type="image/png")


def _open(request: HttpRequest, public_id: str) -> DisclosureGrant:
    grant = grant_of(public_id, member_of(request))
    require_shown(request, grant.public_id)
    return grant


@require_GET
def disclosure_download(request: HttpRequest, public_id: str) -> HttpResponse:
    """The package; who took it and when is an entry."""
    return zip_file(*packages.download_disclosed(public_id, acting_member=member_of(request)))
