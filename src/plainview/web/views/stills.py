"""One still: its thumbnail, its frame, and its use as a probe."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from plainview.casework import find
from plainview.casework.videos.read import persons, still_frame
from plainview.casework.videos.stills import best_others, draft_still
from plainview.casework.videos.times import own_time, sentence, times
from plainview.casework.workspace.services import services
from plainview.policy.permissions import Permission
from plainview.policy.roles import holds
from plainview.web.views.common import member_of, picture


@require_GET
def still(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show the still with its frame, its video, and the other stills of the person."""
    member = member_of(request)
    chosen = find.still(public_id, member)
    others = [
        other
        for person in persons(chosen.video)
        if person.number == chosen.track.person
        for other in sorted(person.stills, key=lambda other: other.pts)
    ]
    here = next((i for i, other in enumerate(others) if other.pk == chosen.pk), 0)
    return render(
        request,
        "videos/still.html",
        {
            "still": chosen,
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
    return picture(still_frame(find.still(public_id, member_of(request))), lasting=True)


@require_POST
def still_pick(request: HttpRequest, public_id: str) -> HttpResponse:
    """Use the still as a probe: it becomes a draft, step 1 of a search."""
    return redirect("preparation", draft_still(public_id, acting_member=member_of(request)).public_id)
