"""Videos: uploading in pieces that can be resumed, people and stills as they are found, picking one."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from plainview.casework import find
from plainview.casework.cases.read import cases
from plainview.casework.jobs import job_of
from plainview.casework.models import Member, Video
from plainview.casework.videos import upload as actions
from plainview.casework.videos.erase import erase_video
from plainview.casework.videos.export import KINDS, export_stills
from plainview.casework.videos.read import Filter, persons, still_counts, videos
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.roles import holds
from plainview.web.timeline import timeline
from plainview.web.views.common import member_of
from plainview.worker.queue import enqueue_again

_TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json", "pdf": "application/pdf"}


class FilterForm(forms.Form):
    """Which stills to show."""

    min_width = forms.IntegerField(required=False, min_value=0, label="Width from, pixels")
    min_quality = forms.IntegerField(required=False, min_value=0, max_value=100, label="Quality from")
    from_s = forms.FloatField(required=False, min_value=0, label="From, seconds")
    to_s = forms.FloatField(required=False, min_value=0, label="To, seconds")

    def wanted(self, video: Video) -> Filter:
        """The filter; what cannot be read filters nothing. Seconds count from the first frame."""
        values = self.cleaned_data if self.is_valid() else {}
        begins = float(video.begins * video.base)
        to_s = values.get("to_s")
        return Filter(
            values.get("min_width") or 0,
            values.get("min_quality") or 0,
            begins + (values.get("from_s") or 0) if values.get("from_s") else float("-inf"),
            None if to_s is None else begins + to_s,
        )


class RangeForm(forms.Form):
    """Which part of a video to look through, seconds from the first frame."""

    first_s = forms.FloatField(required=False, min_value=0)
    last_s = forms.FloatField(required=False, min_value=0)


@require_GET
def video_list(request: HttpRequest) -> HttpResponse:
    """The agency's videos, and for whom may upload the form."""
    member = member_of(request)
    may = holds(member.roles, Permission.VIDEO_UPLOAD)
    open_cases = [row for row in cases(member) if row.closed_at is None] if may else []
    shown = {
        "videos": videos(member),
        "may_upload": may,
        "cases": open_cases,
        "case": request.GET.get("case"),
    }
    return render(request, "videos/list.html", shown)


@require_POST
def video_begin(request: HttpRequest) -> HttpResponse:
    """Begin an upload; JSON in and out."""
    asked = _json(request)
    try:
        begun = actions.begin_video(
            str(asked["case"]),
            str(asked["name"]),
            int(asked["size"]),
            first_s=float(asked.get("from") or 0),
            last_s=float(asked["to"]) if asked.get("to") else None,
            acting_member=member_of(request),
        )
    except (KeyError, TypeError, ValueError):
        raise BadRequest("case, name and size are missing or of another kind") from None
    except Refused as refused:
        return _refused(refused)
    return JsonResponse({"video": begun.public_id, "received": 0})


@require_POST
def video_part(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take one piece: the body is its bytes, ?offset= where it begins, X-Part-SHA256 its digest."""
    try:
        offset = int(request.GET.get("offset", ""))
    except ValueError:
        raise BadRequest("offset is a whole number") from None
    digest = request.headers.get("X-Part-SHA256", "")
    try:
        received = actions.add_part(public_id, offset, request.body, sha256=digest, acting_member=member_of(request))
    except Refused as refused:
        return _refused(refused)
    return JsonResponse({"received": received})


@require_GET
def video_received(request: HttpRequest, public_id: str) -> HttpResponse:
    """How much of an upload is here: where it goes on."""
    found = find.video(public_id, member_of(request))
    return JsonResponse({"received": found.received, "size": found.size, "state": found.state})


@require_POST
def video_finish(request: HttpRequest, public_id: str) -> HttpResponse:
    """Close an upload and hand it to the worker."""
    try:
        found, job = actions.finish_video(public_id, acting_member=member_of(request))
    except Refused as refused:
        return _refused(refused)
    enqueue_again(job.pk)
    return JsonResponse({"url": reverse("video", args=[found.public_id])})


@require_POST
def video_discard(request: HttpRequest, public_id: str) -> HttpResponse:
    """Give up an upload of one's own."""
    actions.discard_upload(public_id, acting_member=member_of(request))
    return redirect("videos")


@require_GET
def video(request: HttpRequest, public_id: str) -> HttpResponse:
    """A video: what it is, how far it is, the people found."""
    member = member_of(request)
    return render(request, "videos/video.html", _shown(request, find.video(public_id, member), member))


@require_GET
def video_faces(request: HttpRequest, public_id: str) -> HttpResponse:
    """The people found so far, for htmx; 204 when the page has them already."""
    member = member_of(request)
    found = find.video(public_id, member)
    if request.GET.get("seen") == _seen(found):
        return HttpResponse(status=204)
    return render(request, "videos/_faces.html", _shown(request, found, member))


@require_POST
def video_again(request: HttpRequest, public_id: str) -> HttpResponse:
    """Go on with a video whose work failed or was cancelled."""
    form = RangeForm(request.POST)
    part = form.cleaned_data if form.is_valid() else {}
    found, job = actions.process_again(
        public_id, first_s=part.get("first_s"), last_s=part.get("last_s"), acting_member=member_of(request)
    )
    enqueue_again(job.pk)
    return redirect("video", found.public_id)


@require_GET
def video_stills(request: HttpRequest, public_id: str, kind: str) -> HttpResponse:
    """The stills as a file."""
    data = export_stills(public_id, kind, acting_member=member_of(request))
    name = f'attachment; filename="{public_id}-stills.{kind}"'
    return HttpResponse(data, content_type=_TYPES[kind], headers={"Content-Disposition": name})


@require_POST
def video_erase(request: HttpRequest, public_id: str) -> HttpResponse:
    """Erase a video with its stills."""
    erase_video(public_id, reason=request.POST.get("reason", ""), acting_member=member_of(request))
    return redirect("videos")


def _shown(request: HttpRequest, found: Video, member: Member) -> dict[str, Any]:
    form = FilterForm(request.GET)
    people = persons(found, form.wanted(found))
    job = job_of(actions.KIND, found.pk)
    return {
        "video": found,
        "people": people,
        "timeline": timeline(found, people),
        "form": form,
        "job": job if job is not None and job.member_id == member.pk else None,
        "is_over": found.state not in (Video.State.RECEIVED, Video.State.PROCESSING)
        or (job is not None and job.is_over),
        "seen": _seen(found),
        "query": request.GET.urlencode(),
        "kinds": KINDS,
        "may_upload": holds(member.roles, Permission.VIDEO_UPLOAD),
        "may_pick": holds(member.roles, Permission.SEARCH_RUN),
        "may_erase": holds(member.roles, Permission.VIDEO_ERASE),
    }


def _seen(found: Video) -> str:
    """What a page has when nothing new was found since."""
    return f"{found.state}-{still_counts(found)}"


def _json(request: HttpRequest) -> dict[str, Any]:
    try:
        asked = json.loads(request.body)
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        raise BadRequest("one JSON object is expected")
    return asked


def _refused(refused: Refused) -> HttpResponse:
    """A refusal for the page's script: the same words as everywhere."""
    status = 404 if refused.rule_id.endswith(".unknown") else 403
    return JsonResponse({"rule": refused.rule_id, "why": refused.why, "next": refused.next_step}, status=status)
