"""Which holds keep what: asked by every eraser before it erases, and by the pages.

Owns how far a hold reaches. One on a gallery keeps its references. One on a search keeps the search, the draft and the
video that its probe came from, and the references of its candidate list, without which nobody could run it again; one
on a case keeps all of that for each of its searches, with its drafts, videos and alerts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Model, Q, QuerySet
from django.utils import timezone

from plainview.casework.models import (
    Agency,
    Alert,
    Canary,
    Candidate,
    Case,
    DisclosurePackage,
    Enrolment,
    Gallery,
    Hold,
    Member,
    Preparation,
    ProbeFrame,
    ProficiencyItem,
    Reference,
    Search,
    SharedRequest,
    Still,
    Video,
    VideoPart,
)


def _standing(agency_id: int) -> QuerySet[Hold]:
    return Hold.objects.filter(agency_id=agency_id, ended_at=None).order_by("pk")


def held(reference: Reference) -> list[Hold]:
    """The holds in force on a reference, oldest first: its own, its gallery's, those of searches that list it."""
    which = (
        Q(reference=reference)
        | Q(gallery_id=reference.gallery_id)
        | Q(search__candidate__reference=reference)
        | Q(case__search__candidate__reference=reference)
    )
    return list(_standing(reference.gallery.agency_id).filter(which).distinct())


def held_gallery(gallery: Gallery) -> list[Hold]:
    """The holds in force on a gallery as a whole."""
    return list(_standing(gallery.agency_id).filter(gallery=gallery))


def held_case(case: Case) -> list[Hold]:
    """The holds in force on a case or on any of its searches."""
    return list(_standing(case.agency_id).filter(Q(case=case) | Q(search__case=case)))


def held_search(search: Search) -> list[Hold]:
    """The holds in force on a search: its own and its case's."""
    return list(_standing(search.case.agency_id).filter(Q(search=search) | Q(case_id=search.case_id)))


def held_draft(draft: Preparation) -> list[Hold]:
    """The holds in force on a draft: its case's, and those of searches made with it."""
    which = Q(case_id=draft.case_id) | Q(search__preparation=draft)
    return list(_standing(draft.case.agency_id).filter(which).distinct())


def held_alert(alert: Alert) -> list[Hold]:
    """The holds in force on an alert: its case's, and those of searches that it raised."""
    which = Q(case_id=alert.case_id) | Q(search__alert=alert)
    return list(_standing(alert.case.agency_id).filter(which).distinct())


def held_video(video: Video) -> list[Hold]:
    """The holds in force on a video: its case's, and those of searches whose probe or further frame it gave."""
    found = []
    for hold in _standing(video.case.agency_id).filter(Q(case=video.case) | Q(search__isnull=False)):
        if hold.case_id is not None or video.public_id in _videos_of([hold.search_id or 0]):
            found.append(hold)
    return found


def _videos_of(searches: list[int]) -> set[str]:
    rows = [
        *Search.objects.filter(pk__in=searches).values_list("provenance", flat=True),
        *ProbeFrame.objects.filter(search_id__in=searches).values_list("provenance", flat=True),
    ]
    return {str(row["video"]) for row in rows if row.get("video")}


@dataclass
class InForce:
    """All holds in force in an agency, by what they reach: key -> ids of holds, for judging many things at once."""

    references: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    galleries: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    searches: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    cases: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    drafts: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    alerts: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    videos: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def reference(self, pk: int, gallery: int) -> tuple[str, ...]:
        """Of one reference."""
        return _once(self.references.get(pk, []), self.galleries.get(gallery, []))

    def search(self, pk: int, case: int) -> tuple[str, ...]:
        """Of one search."""
        return _once(self.searches.get(pk, []), self.cases.get(case, []))

    def draft(self, pk: int, case: int) -> tuple[str, ...]:
        """Of one draft."""
        return _once(self.drafts.get(pk, []), self.cases.get(case, []))

    def alert(self, pk: int, case: int) -> tuple[str, ...]:
        """Of one alert."""
        return _once(self.alerts.get(pk, []), self.cases.get(case, []))

    def video(self, public_id: str, case: int) -> tuple[str, ...]:
        """Of one video."""
        return _once(self.videos.get(public_id, []), self.cases.get(case, []))


def _once(*lists: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for some in lists for one in some))


def in_force(agency: Agency) -> InForce:
    """Every hold of the agency that stands now, spread out over what it keeps."""
    found = InForce()
    for hold in _standing(agency.pk):
        if hold.gallery_id is not None:
            found.galleries[hold.gallery_id].append(hold.public_id)
        elif hold.reference_id is not None:
            found.references[hold.reference_id].append(hold.public_id)
        else:
            if hold.case_id is not None:
                found.cases[hold.case_id].append(hold.public_id)
            _spread(hold, found)
    return found


def _spread(hold: Hold, found: InForce) -> None:
    which = Q(case_id=hold.case_id) if hold.case_id is not None else Q(pk=hold.search_id)
    rows = list(Search.objects.filter(which).values_list("pk", "preparation_id", "alert_id"))
    keys = [pk for pk, _, _ in rows]
    for pk, draft, alert in rows:
        found.searches[pk].append(hold.public_id)
        for key, held in ((draft, found.drafts), (alert, found.alerts)):
            if key is not None and hold.public_id not in held[key]:
                held[key].append(hold.public_id)
    for video in _videos_of(keys):
        found.videos[video].append(hold.public_id)
    listed = Candidate.objects.filter(search_id__in=keys).values_list("reference_id", flat=True)
    for reference in set(listed):
        found.references[reference].append(hold.public_id)


def holds(member: Member, *, ended: bool = True) -> list[Hold]:
    """The holds of the member's agency: those in force, then with `ended` the others; newest first."""
    rows = Hold.objects.filter(agency=member.agency).select_related(
        "case", "search", "reference", "gallery", "placed_by", "ended_by"
    )
    if not ended:
        rows = rows.filter(ended_at=None)
    return sorted(rows.order_by("-pk"), key=lambda row: row.ended_at is not None)


def reviews_due(member: Member) -> list[Hold]:
    """Holds of the member's agency whose day of review has come; they stand until somebody ends them."""
    rows = _standing(member.agency_id).filter(review_on__lte=timezone.now().date())
    return list(rows.select_related("case", "search", "reference", "gallery"))


_KEEPERS: tuple[tuple[type[Model], str, Q], ...] = (
    (Reference, "blob", Q()),
    (Search, "probe_blob", Q()),
    (SharedRequest, "probe_blob", Q()),
    (Alert, "probe_blob", Q()),
    (Canary, "probe_blob", Q()),
    (ProficiencyItem, "probe_blob", Q()),
    (Preparation, "blob", Q(discarded_at=None)),
    (DisclosurePackage, "blob", Q()),
    (ProbeFrame, "blob", Q()),
    (VideoPart, "blob", Q()),
    (Still, "thumbnail", Q()),
    (Video, "stamps_blob", Q()),
)


_AT_ONCE = 500  # digests in one question: databases bound the variables of a statement


def needed(digests: Iterable[str]) -> set[str]:
    """Of these stored files, those that some record still needs: the store does not count owners."""
    asked = sorted(set(digests))
    found: set[str] = set()
    for first in range(0, len(asked), _AT_ONCE):
        some = asked[first : first + _AT_ONCE]
        for model, column, which in _KEEPERS:
            # Not the default manager: that of references leaves the canaries out.
            rows = model._base_manager.filter(which, **{f"{column}__in": some})
            found |= set(rows.values_list(column, flat=True))
    runs = Enrolment.objects.filter(Q(finished_at=None) | Q(failures_until__isnull=False))
    for files, failed in runs.values_list("files", "failed"):
        found |= set(asked) & {row["blob"] for row in (*files, *failed) if row.get("blob")}
    return found


def picture_needed(blob: str) -> bool:
    """Say whether some record needs this stored file."""
    return bool(needed([blob]))
