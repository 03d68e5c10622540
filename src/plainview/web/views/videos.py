"""Videos: resumable upload in pieces, people and stills as they are found, export and erasure."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.contrib import messages
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
from plainview.casework.videos.clock import state_clock
from plainview.casework.videos.erase import erase_video
from plainview.casework.videos.export import KINDS, export_stills
from plainview.casework.videos.play import media_type
from plainview.casework.videos.read import Filter, persons, still_counts, streams_json, videos
from plainview.casework.videos.same import join_persons, part_persons
from plainview.casework.videos.streams import take_stream
from plainview.casework.videos.times import sentence
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.roles import holds
from plainview.web.timeline import timeline
from plainview.web.views.common import member_of

_TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json", "pdf": "application/pdf"}


class FilterForm(forms.Form):
    """A filter of the stills."""

    min_width = forms.IntegerField(required=False, min_value=0, label="Minimum width, pixels")
    min_quality = forms.IntegerField(required=False, min_value=0, max_value=100, label="Minimum quality")
    from_s = forms.FloatField(required=False, min_value=0, label="From, seconds")
    to_s = forms.FloatField(required=False, min_value=0, label="To, seconds")

    def wanted(self, video: Video) -> Filter:
        """Return the filter; an invalid value filters nothing. Seconds count from the first frame."""
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
    """The part of a video to process, in seconds from the first frame."""

    first_s = forms.FloatField(required=False, min_value=0)
    last_s = forms.FloatField(required=False, min_value=0)


@require_GET
def video_list(request: HttpRequest) -> HttpResponse:
    """List the agency's videos, with the upload form for those who may use it."""
    member = member_of(request)
    may = holds(member.roles, Permission.VIDEO_UPLOAD)
    open_cases = [case for case in cases(member) if case.closed_at is None] if may else []
    shown = {
        "videos": videos(member),
        "may_upload": may,
        "cases": open_cases,
        "case": request.GET.get("case"),
    }
    return render(request, "videos/list.html", shown)


@require_POST
def video_begin(request: HttpRequest) -> HttpResponse:
    """Start an upload; JSON in and out."""
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
        raise BadRequest("case, name and size are required: text, text and a whole number") from None
    except Refused as refused:
        return _refused(refused)
    return JsonResponse({"video": begun.public_id, "received": 0})


@require_POST
def video_part(request: HttpRequest, public_id: str) -> HttpResponse:
    """Receive one piece: its bytes in the body, its start in ?offset=, its digest in X-Part-SHA256."""
    try:
        offset = int(request.GET.get("offset", ""))
    except ValueError:
        raise BadRequest("offset must be a whole number") from None
    digest = request.headers.get("X-Part-SHA256", "")
    try:
        received = actions.add_part(public_id, offset, request.body, sha256=digest, acting_member=member_of(request))
    except Refused as refused:
        return _refused(refused)
    return JsonResponse({"received": received})


@require_GET
def video_received(request: HttpRequest, public_id: str) -> HttpResponse:
    """Return how much of an upload has arrived, and so where it continues."""
    video = find.video(public_id, member_of(request))
    return JsonResponse({"received": video.received, "size": video.size, "state": video.state})


@require_POST
def video_finish(request: HttpRequest, public_id: str) -> HttpResponse:
    """Finish an upload and queue its processing."""
    try:
        video, _job = actions.finish_video(public_id, acting_member=member_of(request))
    except Refused as refused:
        return _refused(refused)
    return JsonResponse({"url": reverse("video", args=[video.public_id])})


@require_POST
def video_discard(request: HttpRequest, public_id: str) -> HttpResponse:
    """Discard one's own upload."""
    actions.discard_upload(public_id, acting_member=member_of(request))
    return redirect("videos")


@require_GET
def video(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show a video, its progress and its people."""
    member = member_of(request)
    return render(request, "videos/video.html", _shown(request, find.video(public_id, member), member))


@require_GET
def video_faces(request: HttpRequest, public_id: str) -> HttpResponse:
    """Return the people found so far, for htmx; 204 if the page already shows them."""
    member = member_of(request)
    video = find.video(public_id, member)
    if request.GET.get("seen") == _seen(video):
        return HttpResponse(status=204)
    return render(request, "videos/_faces.html", _shown(request, video, member))


@require_POST
def video_again(request: HttpRequest, public_id: str) -> HttpResponse:
    """Continue a video whose processing failed or was cancelled."""
    form = RangeForm(request.POST)
    part = form.cleaned_data if form.is_valid() else {}
    video, _job = actions.process_again(
        public_id, first_s=part.get("first_s"), last_s=part.get("last_s"), acting_member=member_of(request)
    )
    return redirect("video", video.public_id)


class ClockForm(forms.Form):
    """What an examiner states about the recorder's clock."""

    offset_s = forms.FloatField()
    starts = forms.CharField(required=False, max_length=40)


@require_POST
def video_stream(request: HttpRequest, public_id: str, number: int) -> HttpResponse:
    """Have another stream of the same file processed, as of a second camera."""
    video, _ = take_stream(public_id, number, acting_member=member_of(request))
    return redirect("video", video.public_id)


@require_POST
def video_clock(request: HttpRequest, public_id: str) -> HttpResponse:
    """State the recorder's clock."""
    form = ClockForm(request.POST)
    if not form.is_valid():
        raise BadRequest("offset_s must be a number")
    values = form.cleaned_data
    state_clock(public_id, offset_s=values["offset_s"], starts=values["starts"], acting_member=member_of(request))
    return redirect("video", public_id)


@require_POST
def video_persons(request: HttpRequest, public_id: str) -> HttpResponse:
    """State that the two ticked people are one, or take back what was stated about one."""
    member, posted = member_of(request), request.POST
    numbers = [int(number) for number in posted.getlist("person") if number.isascii() and number.isdigit()]
    try:
        if posted.get("part", "").isdecimal():
            part_persons(public_id, int(posted["part"]), acting_member=member)
        else:
            join_persons(public_id, numbers, acting_member=member)
    except Refused as refused:
        if refused.rule_id not in ("video.same_person", "video.nothing_to_undo"):
            raise
        messages.warning(request, f"{refused.why} {refused.next_step}")
    return redirect("video", public_id)


@require_GET
def video_stills(request: HttpRequest, public_id: str, kind: str) -> HttpResponse:
    """Return the stills as a file."""
    data = export_stills(public_id, kind, acting_member=member_of(request))
    name = f'attachment; filename="{public_id}-stills.{kind}"'
    return HttpResponse(data, content_type=_TYPES[kind], headers={"Content-Disposition": name})


@require_POST
def video_erase(request: HttpRequest, public_id: str) -> HttpResponse:
    """Erase a video with its stills."""
    erase_video(public_id, reason=request.POST.get("reason", ""), acting_member=member_of(request))
    return redirect("videos")


def _shown(request: HttpRequest, video: Video, member: Member) -> dict[str, Any]:
    form = FilterForm(request.GET)
    people = persons(video, form.wanted(video))
    job = job_of(actions.KIND, video.pk)
    return {
        "video": video,
        "people": people,
        "timeline": timeline(video, people),
        "streams": streams_json(video) if len(video.streams) > 1 else [],
        "clock": sentence(video),
        "form": form,
        "job": job if job is not None and job.member_id == member.pk else None,
        "is_over": video.state not in (Video.State.RECEIVED, Video.State.PROCESSING)
        or (job is not None and job.is_over),
        "media_type": media_type(video),
        "any_same": any(person.same for person in people),
        "may_join": video.state == Video.State.DONE
        and video.case.closed_at is None
        and holds(member.roles, Permission.VIDEO_UPLOAD),
        "seen": _seen(video),
        "query": request.GET.urlencode(),
        "kinds": KINDS,
        "may_upload": holds(member.roles, Permission.VIDEO_UPLOAD),
        "may_pick": holds(member.roles, Permission.SEARCH_RUN),
        "may_erase": holds(member.roles, Permission.VIDEO_ERASE),
    }


def _seen(video: Video) -> str:
    """Return a text that changes when new stills are found."""
    return f"{video.state}-{still_counts(video)}"


def _json(request: HttpRequest) -> dict[str, Any]:
    try:
        asked = json.loads(request.body)
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        raise BadRequest("the body must be one JSON object")
    return asked


def _refused(refused: Refused) -> HttpResponse:
    """Return a refusal for the page's script, in the words of the refusal."""
    status = 404 if refused.rule_id.endswith(".unknown") else 403
    return JsonResponse({"rule": refused.rule_id, "why": refused.why, "next": refused.next_step}, status=status)
