"""Times of a video as people read them."""

from __future__ import annotations

from datetime import datetime

from django import template

from plainview.casework.models import Still, Video
from plainview.casework.videos.read import Person, same_sentence
from plainview.casework.videos.times import times
from plainview.web.timeline import clock

register = template.Library()


@register.filter
def at(still: Still) -> str:
    """Return the time of a still in its video, from the first frame."""
    video = still.video
    return clock(float((still.pts - video.begins) * video.base))


@register.filter
def from_first(still: Still) -> str:
    """Return the seconds of a still from the first frame, for the player."""
    return f"{float((still.pts - still.video.begins) * still.video.base):.3f}"


@register.filter
def same(person: Person) -> str:
    """Return who stated that several groups of the machine are this person."""
    return same_sentence(person)


@register.filter
def long(seconds: float) -> str:
    """Return a length of time as text."""
    return clock(seconds)


@register.filter
def since(seconds: float, video: Video) -> float:
    """Return a time of the time line in seconds from the first frame."""
    return max(0.0, seconds - float(video.begins * video.base))


@register.filter
def width(still: Still) -> int:
    """Return the width of the face, in pixels."""
    return round(float(still.box[2]))


@register.filter
def true_time(still: Still) -> str:
    """Return the true time of a still by the stated clock, or nothing."""
    true = times(still).get("true", "")
    return f"True time {clock_time(true)}" if true else ""


@register.filter
def clock_time(moment: str) -> str:
    """Return an ISO moment without zone as people read it: 29 Nov 2026, 22:14:05.2."""
    read = datetime.fromisoformat(moment)
    return f"{read.day} {read:%b %Y, %H:%M:%S}.{read.microsecond // 100_000}"
