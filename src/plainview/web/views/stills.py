"""One still: its thumbnail, its frame, and its use as a probe; and the pieces of a video for its player."""

from __future__ import annotations

import re

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from plainview.casework import find
from plainview.casework.videos.play import media_type, play_video
from plainview.casework.videos.read import person_of, persons, still_frame
from plainview.casework.videos.stills import best_others, draft_still
from plainview.casework.videos.times import own_time, sentence, times
from plainview.casework.workspace.services import services
from plainview.policy.permissions import Permission
from plainview.policy.roles import holds
from plainview.web.views.common import member_of, picture, require_shown, shown

_RANGE = re.compile(r"bytes=(\d{1,15})-(\d{1,15})?")


@require_GET
def still(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show the still with its frame, its video, and the other stills of the person."""
    member = member_of(request)
    chosen = find.still(public_id, member)
    number = person_of(chosen)
    others = [
        other
        for person in persons(chosen.video)
        if person.number == number
        for other in sorted(person.stills, key=lambda other: other.pts)
    ]
    here = next((i for i, other in enumerate(others) if other.pk == chosen.pk), 0)
    return render(
        request,
        "videos/still.html",
        {
            "still": chosen,
            "number": number,
            "best_others": len(best_others(chosen)),
            "video": chosen.video,
            "own": own_time(chosen),
            "clock": sentence(chosen.video),
            "times": times(chosen),
            "others": others,
            "before": others[here - 1] if here > 0 else None,
            "after": others[here + 1] if here + 1 < len(others) else None,
            "may_pick": holds(member.roles, Permission.SEARCH_RUN) and chosen.video.case.closed_at is None,
        },
    )


@require_GET
def still_thumbnail(request: HttpRequest, public_id: str) -> HttpResponse:
    """Return the thumbnail."""
    return picture(services().blobs.get(find.still(public_id, member_of(request)).thumbnail), lasting=True)


@require_GET
def still_picture(request: HttpRequest, public_id: str) -> HttpResponse:
    """Return the whole frame, decoded again."""
    still = find.still(public_id, member_of(request))
    return picture(still_frame(still, marked="marked" in request.GET), lasting=True)


@require_GET
def video_file(request: HttpRequest, public_id: str) -> HttpResponse:
    """Return a piece of the video's file for the player: what the Range header asks for (RFC 9110), or the first piece.

    Raises:
        Http404: a browser does not play this file.
        Http404: a later piece, and the first was not asked for in this session: its play would not be in the log.
    """
    member = member_of(request)
    kind = media_type(find.video(public_id, member))
    asked = _RANGE.fullmatch(request.headers.get("Range", "bytes=0-"))
    if not kind:
        raise Http404
    first, last = (int(asked[1]), int(asked[2]) if asked[2] else None) if asked else (0, None)
    if first:
        require_shown(request, f"play {public_id}")
    data, size = play_video(public_id, first, last, acting_member=member)
    shown(request, f"play {public_id}")
    if not data:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    headers = {"Content-Range": f"bytes {first}-{first + len(data) - 1}/{size}", "Accept-Ranges": "bytes"}
    return HttpResponse(data, status=206, content_type=kind, headers=headers)


@require_POST
def still_pick(request: HttpRequest, public_id: str) -> HttpResponse:
    """Use the still as a probe: it becomes a draft, step 1 of a search."""
    return redirect("preparation", draft_still(public_id, acting_member=member_of(request)).public_id)
