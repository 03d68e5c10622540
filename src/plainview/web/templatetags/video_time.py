"""Times of a video as people read them."""

from __future__ import annotations

from django import template

from plainview.casework.models import Still
from plainview.web.timeline import clock

register = template.Library()


@register.filter
def at(still: Still) -> str:
    """Return the time of a still in its video, from the first frame."""
    video = still.video
    return clock(float((still.pts - video.begins) * video.base))


@register.filter
def long(seconds: float) -> str:
    """Return a length of time as text."""
    return clock(seconds)


@register.filter
def width(still: Still) -> int:
    """Return the width of the face, in pixels."""
    return round(float(still.box[2]))
