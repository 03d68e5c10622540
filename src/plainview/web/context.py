"""Context of every page: the sample notice, the navigation, and how many tasks the member has."""

from __future__ import annotations

import math
from functools import cache, partial

from django.http import HttpRequest

from plainview.casework.log.state import is_sample
from plainview.casework.models import Member
from plainview.casework.news.read import unseen
from plainview.serving.front import ACTED
from plainview.web.nav import everything, may_search, own_places, places
from plainview.web.sample import people
from plainview.web.tasks import count


def workspace(request: HttpRequest) -> dict[str, object]:
    """Return whether the workspace is a sample, the places that this member may open, and the counts beside them."""
    member = getattr(request, "user", None)
    context: dict[str, object] = {"is_sample": is_sample()}
    if isinstance(member, Member):
        nav = places(request)
        context |= {
            "nav": nav,
            "where": next((place["label"] for place in nav if place["here"]), ""),
            "own_nav": own_places(request),
            "everything": partial(everything, member),
            "may_search": may_search(request),
            # Called by the header only: a message or a part of a page shows neither.
            "task_count": cache(partial(count, member, acted=_acted(request))),
            "unseen": cache(partial(unseen, member)),
        }
    elif request.path.startswith("/accounts/login/"):
        context["sample_people"] = people(request)
    return context


def _acted(request: HttpRequest) -> float:
    """Return when the member last acted: now, if this is an act."""
    return float(request.META.get(ACTED, 0.0)) if request.method in ("GET", "HEAD") else math.inf
