"""The defence's side of a disclosure: the searches open to them, with contents, pictures and packages. Nothing else."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from plainview.casework.disclosure import contents, context
from plainview.casework.disclosure import kept_packages as packages
from plainview.casework.disclosure.grants import view_disclosure
from plainview.casework.disclosure.read import grant_of, grants_to, packages_open_to
from plainview.casework.models import Candidate, DisclosureGrant
from plainview.casework.pictures import coarse_png, probe_jpeg, reference_jpeg, whole_jpeg
from plainview.casework.triage.read import reviews
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
"""Anchors of the page and their labels, in order."""


@require_GET
def disclosures(request: HttpRequest) -> HttpResponse:
    """Show every search that is open to the person who asks."""
    return render(request, "disclosure/list.html", {"grants": grants_to(member_of(request))})


@require_GET
def disclosure(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show one search as a whole; the view is logged."""
    grant, receipt = view_disclosure(public_id, acting_member=member_of(request))
    shown(request, grant.public_id)
    form = AskForm(initial={"requester": member_of(request).name}, auto_id="ask_%s")
    return render(request, "disclosure/disclosed.html", _contents(grant) | {"receipt": receipt, "ask_form": form})


def _contents(grant: DisclosureGrant) -> dict[str, object]:
    search = grant.search
    listed = contents.candidates_shown(search, grant.pictures)
    entries = context.about(search)
    people = contents.people(search, context.looks(entries))
    facts = contents.search_facts(search, listed)
    scores = context.scores(search, [candidate for candidate, _ in listed])
    candidates = [
        candidate | {"says": rate["says"]}
        for candidate, rate in zip(facts["candidates"], scores["error_rate_of_this_gallery"], strict=True)
    ]
    return {
        "grant": grant,
        "search": facts,
        "candidates": candidates,
        "scores": scores,
        "people": people,
        "names": {person["member"]: person["name"] for person in people},
        "case": contents.case_facts(search),
        "examinations": contents.examinations(search),
        "triage": reviews(search),
        "alerts": context.alerts(search.case),
        "gallery": context.gallery_state(search),
        "videos": context.videos(search),
        "reviews": context.reviews(search),
        "model": context.model(search.pack),
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
    """Return the probe: its face, the picture as searched ("searched"), or as it came ("original")."""
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
    """Return a candidate in the form that the grant allows."""
    grant = _open(request, public_id)
    shown_by_rank = {
        candidate.rank: (candidate, how) for candidate, how in contents.candidates_shown(grant.search, grant.pictures)
    }
    candidate, how = shown_by_rank.get(rank, (None, ""))
    try:
        if candidate is not None and how == WHOLE:
            return picture(reference_jpeg(candidate.reference, 208))
        if candidate is not None and how == COARSE:
            return _coarse(candidate)
    except (BadMedia, StorageError):
        pass
    raise Http404


def _coarse(candidate: Candidate) -> HttpResponse:
    return HttpResponse(coarse_png(candidate.reference.blob, candidate.reference.box), content_type="image/png")


def _open(request: HttpRequest, public_id: str) -> DisclosureGrant:
    grant = grant_of(public_id, member_of(request))
    require_shown(request, grant.public_id)
    return grant


@require_GET
def disclosure_download(request: HttpRequest, public_id: str) -> HttpResponse:
    """Return the package; the download is logged."""
    return zip_file(*packages.download_disclosed(public_id, acting_member=member_of(request)))
