"""Presets: publishers whose lists were looked up, with what their lists mean.

Owns the descriptions; an agency still states its own legal basis. Every shape has its source beside it, and was looked
up in public client code, documentation and answers that others stored; no live page was read for it.

FBI Wanted API. One list for every kind, `https://api.fbi.gov/wanted/v1/list?pageSize=50&page=N` (50 is the most):
`{"total", "page", "items": [{"uid", "title", "url", "poster_classification", "person_classification", "subjects",
"status", "images": [{"original", "large", "thumb", "caption"}], ...}]}`. Sources: stored answers in
github.com/fferbrache/fbi-most-wanted (src/data/topten/data.js, 2020) and github.com/byMagg/TRWM
(activity-5/insertData.js, 2023); the client dart_gov_fbi 0.1.3 on pub.dev (statuses na, captured, recovered, located,
surrendered, deceased; "if you try and access their database too many times in a short time span, they will lock you
out"). Pictures are on www.fbi.gov. The kinds are told apart by `subjects` and `poster_classification` ("default",
"ten", "missing", "information", "law-enforcement-assistance").

INTERPOL notices. `https://ws-public.interpol.int/notices/v1/red?resultPerPage=160&page=N` (160 is the most):
`{"total", "query", "_embedded": {"notices": [{"entity_id", "name", "forename", "date_of_birth", "nationalities",
"_links": {"self", "images", "thumbnail"}}]}, "_links": {"self", "first", "next", "last"}}`; a notice's pictures are in
the list at `_links.images.href`: `{"_embedded": {"images": [{"picture_id", "_links": {"self": {"href"}}}]}}`. Sources:
github.com/bundesAPI/interpol-api (openapi.yaml) and a stored answer in github.com/kelsonbatista/trybe-10-react-interpol
(interpol/src/data/index.js, 2021). At most 160 notices of a query can be reached (bundesAPI/interpol-api issues 7 and
9), `page` may be ignored (issue 11), and programs are often answered 403 (issue 10): so a list is complete only for a
narrow query, and Plainview does not pretend to be a browser.

Official portraits of the US Congress. `https://unitedstates.github.io/congress-legislators/legislators-current.json`:
a list of `{"id": {"bioguide"}, "name", "bio", "terms"}`, and the portraits at
`https://unitedstates.github.io/images/congress/[original|450x550|225x275]/[bioguide].jpg`. Source:
github.com/unitedstates/images (README: "Public domain images of members of the US Congress", from the Government
Publishing Office).
"""

from __future__ import annotations

from collections.abc import Mapping as Table
from dataclasses import replace
from types import MappingProxyType
from urllib.parse import parse_qsl

from plainview.casework.feeds.add import Terms
from plainview.casework.feeds.listing import with_query
from plainview.casework.feeds.mapping import Mapping, Pages
from plainview.policy.decision import Refused

_UNIDENTIFIED = "contains(subjects || `[]`, 'ViCAP Unidentified Persons')"
_MISSING = (
    f"!({_UNIDENTIFIED}) && (poster_classification == 'missing' || contains(subjects || `[]`, 'ViCAP Missing Persons') "
    "|| contains(subjects || `[]`, 'Kidnappings and Missing Persons'))"
)
_INFORMATION = (
    f"!({_UNIDENTIFIED}) && !({_MISSING}) && (poster_classification == 'information' "
    "|| contains(subjects || `[]`, 'Seeking Information'))"
)
_WANTED = f"!({_UNIDENTIFIED}) && !({_MISSING}) && !({_INFORMATION}) && person_classification != 'Victim'"


def _fbi(where: str, purpose: str) -> Terms:
    return Terms(
        "https://api.fbi.gov/wanted/v1/list",
        "Federal Bureau of Investigation",
        Mapping(
            form="json",
            items="items",
            total="total",
            id="uid",
            image="images[].{link: original, caption: caption}",
            page="url",
            captured_on="",
            kind="poster_classification",
            where=where,
            withdrawn='contains(`["captured", "recovered", "located", "surrendered", "deceased"]`, status)',
            pages=Pages(by="page", parameter="page", start=1, size_parameter="pageSize", size=50),
        ),
        hosts=("www.fbi.gov",),
        terms="https://www.fbi.gov/wanted/api (not read for this preset: read it before you add the feed)",
        purpose=purpose,
        seconds_between=3.0,
        every_hours=24,
    )


def _interpol(colour: str, purpose: str) -> Terms:
    return Terms(
        f"https://ws-public.interpol.int/notices/v1/{colour}",
        "INTERPOL",
        Mapping(
            form="json",
            items="_embedded.notices",
            total="total",
            id="entity_id",
            image="_links.thumbnail.href",
            page="_links.self.href",
            captured_on="",
            kind=f"'{colour}'",
            details="_links.images.href",
            details_image="_embedded.images[]._links.self.href",
            pages=Pages(by="page", parameter="page", start=1, size_parameter="resultPerPage", size=160),
        ),
        terms="https://www.interpol.int/ (terms not read for this preset: read them before you add the feed)",
        purpose=purpose,
        seconds_between=3.0,
        every_hours=24,
    )


PRESETS: Table[str, Terms] = MappingProxyType(
    {
        "fbi-wanted": _fbi(_WANTED, "Locate a wanted person"),
        "fbi-missing": _fbi(_MISSING, "Find a missing person"),
        "fbi-seeking-information": _fbi(_INFORMATION, "Identify a person sought in an open case"),
        "fbi-unidentified": _fbi(_UNIDENTIFIED, "Identify an unidentified person"),
        "interpol-red": _interpol("red", "Locate a person wanted by an INTERPOL red notice"),
        "interpol-yellow": _interpol("yellow", "Find a person missing by an INTERPOL yellow notice"),
        "us-congress": Terms(
            "https://unitedstates.github.io/congress-legislators/legislators-current.json",
            "US Government Publishing Office, through the unitedstates project",
            Mapping(
                form="json",
                items="@",
                id="id.bioguide",
                image="join('', ['https://unitedstates.github.io/images/congress/450x550/', id.bioguide, '.jpg'])",
                page="join('', ['https://bioguide.congress.gov/search/bio/', id.bioguide])",
                captured_on="",
            ),
            terms="Public domain: https://github.com/unitedstates/images (README)",
            purpose="Try Plainview with portraits in the public domain",
            seconds_between=0.1,
        ),
    }
)
"""Name -> the publisher's list."""


def preset(name: str, query: str = "") -> Terms:
    """Return a preset, narrowed by more query parameters of the publisher's own, such as "nationality=DE".

    Raises:
        Refused: feed.preset.
    """
    if name not in PRESETS:
        raise Refused(
            "feed.preset",
            "Feed refused",
            f"There is no preset {name!r}.",
            f"Choose one of these: {', '.join(PRESETS)}.",
        )
    terms = replace(PRESETS[name], preset=name)
    extra = dict(parse_qsl(query))
    if query and not extra:
        raise Refused(
            "feed.preset",
            "Feed refused",
            f"The query {query!r} has no parameter.",
            "Write it as name=value, such as nationality=DE.",
        )
    return replace(terms, list_url=with_query(terms.list_url, extra)) if extra else terms
