"""Which holds apply to an item, and which stored files are still needed.

Owns how far a hold reaches. A hold on a gallery keeps its references. One on a search keeps the search, the draft and
the video that its probe came from, and the references in its candidate list, so that it can be run again. One on a case
keeps all of this for each of its searches, with its drafts, videos and alerts, and its requests to other agencies. It
must never write.
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
    LapsedSearch,
    Member,
    Preparation,
    PreparationPhotograph,
    ProbeFrame,
    ProficiencyItem,
    Reference,
    Search,
    SharedRequest,
    Still,
    Video,
    VideoPart,
)


def _active(agency_id: int) -> QuerySet[Hold]:
    return Hold.objects.filter(agency_id=agency_id, ended_at=None).order_by("pk")


def held_reference(reference: Reference) -> list[Hold]:
    """Return the holds in force on a reference, oldest first: its own, its gallery's, and those of searches that list it."""
    which = (
        Q(reference=reference)
        | Q(gallery_id=reference.gallery_id)
        | Q(search__candidate__reference=reference)
        | Q(search__candidate__pictures__reference=reference)
        | Q(case__search__candidate__reference=reference)
        | Q(case__search__candidate__pictures__reference=reference)
    )
    return list(_active(reference.gallery.agency_id).filter(which).distinct())


def held_gallery(gallery: Gallery) -> list[Hold]:
    """Return the holds in force on a gallery as a whole."""
    return list(_active(gallery.agency_id).filter(gallery=gallery))


def held_case(case: Case) -> list[Hold]:
    """Return the holds in force on a case or on any of its searches."""
    return list(_active(case.agency_id).filter(Q(case=case) | Q(search__case=case)))


def held_search(search: Search) -> list[Hold]:
    """Return the holds in force on a search: its own and its case's."""
    return list(_active(search.case.agency_id).filter(Q(search=search) | Q(case_id=search.case_id)))


def held_draft(draft: Preparation) -> list[Hold]:
    """Return the holds in force on a draft: its case's, and those of searches made with it."""
    which = Q(case_id=draft.case_id) | Q(search__preparation=draft)
    return list(_active(draft.case.agency_id).filter(which).distinct())


def held_alert(alert: Alert) -> list[Hold]:
    """Return the holds in force on an alert: its case's, and those of searches that it raised."""
    which = Q(case_id=alert.case_id) | Q(search__alert=alert)
    return list(_active(alert.case.agency_id).filter(which).distinct())


def held_request(request: SharedRequest) -> list[Hold]:
    """Return the holds in force on a request, of both agencies: its case's, its mirror's, and those of its searches."""
    cases = Q(case_id__in=[pk for pk in (request.case_id, request.mirror_id) if pk is not None])
    rows = Hold.objects.filter(cases | Q(search__shared_request=request), ended_at=None)
    return list(rows.order_by("pk").distinct())


def held_video(video: Video) -> list[Hold]:
    """Return the holds in force on a video: its case's, and those of searches with a probe or frame from it."""
    kept_by = []
    for hold in _active(video.case.agency_id).filter(Q(case=video.case) | Q(search__isnull=False)):
        if hold.case_id is not None or video.public_id in _videos_of([hold.search_id or 0]):
            kept_by.append(hold)
    return kept_by


def _videos_of(searches: list[int]) -> set[str]:
    rows = [
        *Search.objects.filter(pk__in=searches).values_list("provenance", flat=True),
        *ProbeFrame.objects.filter(search_id__in=searches).values_list("provenance", flat=True),
    ]
    return {str(still["video"]) for still in rows if still.get("video")}


@dataclass
class InForce:
    """All holds in force in an agency, by what they reach: key -> ids of holds, to judge many items at once."""

    references: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    galleries: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    searches: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    cases: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    drafts: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    alerts: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    videos: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def reference(self, pk: int, gallery: int) -> tuple[str, ...]:
        """Return the holds on one reference."""
        return _once(self.references.get(pk, []), self.galleries.get(gallery, []))

    def search(self, pk: int, case: int) -> tuple[str, ...]:
        """Return the holds on one search."""
        return _once(self.searches.get(pk, []), self.cases.get(case, []))

    def draft(self, pk: int, case: int) -> tuple[str, ...]:
        """Return the holds on one draft."""
        return _once(self.drafts.get(pk, []), self.cases.get(case, []))

    def alert(self, pk: int, case: int) -> tuple[str, ...]:
        """Return the holds on one alert."""
        return _once(self.alerts.get(pk, []), self.cases.get(case, []))

    def video(self, public_id: str, case: int) -> tuple[str, ...]:
        """Return the holds on one video."""
        return _once(self.videos.get(public_id, []), self.cases.get(case, []))


def _once(*lists: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(hold_id for some in lists for hold_id in some))


def in_force(agency: Agency) -> InForce:
    """Return every hold in force in the agency, by the items that it keeps."""
    reach = InForce()
    for hold in _active(agency.pk):
        if hold.gallery_id is not None:
            reach.galleries[hold.gallery_id].append(hold.public_id)
        elif hold.reference_id is not None:
            reach.references[hold.reference_id].append(hold.public_id)
        else:
            if hold.case_id is not None:
                reach.cases[hold.case_id].append(hold.public_id)
            _spread(hold, reach)
    return reach


def _spread(hold: Hold, reach: InForce) -> None:
    which = Q(case_id=hold.case_id) if hold.case_id is not None else Q(pk=hold.search_id)
    rows = list(Search.objects.filter(which).values_list("pk", "preparation_id", "alert_id"))
    keys = [pk for pk, _, _ in rows]
    for pk, draft, alert in rows:
        reach.searches[pk].append(hold.public_id)
        for key, hold_ids in ((draft, reach.drafts), (alert, reach.alerts)):
            if key is not None and hold.public_id not in hold_ids[key]:
                hold_ids[key].append(hold.public_id)
    for video in _videos_of(keys):
        reach.videos[video].append(hold.public_id)
    listed = Candidate.objects.filter(search_id__in=keys)
    for reference in {
        *listed.values_list("reference_id", flat=True),
        *listed.filter(pictures__isnull=False).values_list("pictures__reference_id", flat=True),
    }:
        reach.references[reference].append(hold.public_id)


def holds(member: Member, *, ended: bool = True) -> list[Hold]:
    """Return the holds of the member's agency, newest first: those in force, then, with `ended`, the ended ones."""
    rows = Hold.objects.filter(agency=member.agency).select_related(
        "case", "search", "reference", "gallery", "placed_by", "ended_by"
    )
    if not ended:
        rows = rows.filter(ended_at=None)
    return sorted(rows.order_by("-pk"), key=lambda hold: hold.ended_at is not None)


def reviews_due(member: Member) -> list[Hold]:
    """Return the holds of the member's agency whose review is due; they stay in force until a person ends them."""
    rows = _active(member.agency_id).filter(review_on__lte=timezone.now().date())
    return list(rows.select_related("case", "search", "reference", "gallery"))


_KEEPERS: tuple[tuple[type[Model], str, Q], ...] = (
    (Reference, "blob", Q()),
    (Reference, "face_file", Q()),
    (Search, "probe_blob", Q()),
    (SharedRequest, "probe_blob", Q()),
    (Alert, "probe_blob", Q()),
    (Canary, "probe_blob", Q()),
    (ProficiencyItem, "probe_blob", Q()),
    (Preparation, "blob", Q(discarded_at=None)),
    (PreparationPhotograph, "blob", Q()),
    (DisclosurePackage, "blob", Q()),
    (ProbeFrame, "blob", Q()),
    (VideoPart, "blob", Q()),
    (Still, "thumbnail", Q()),
    (Video, "stamps_blob", Q()),
)

_KEEPERS_OF_LISTS: tuple[tuple[type[Model], str, Q], ...] = (
    (LapsedSearch, "blobs", Q(erased_at=None)),
    (Alert, "further", ~Q(further=[])),
    (SharedRequest, "further", ~Q(further=[])),
)
"""As above, where the column is a JSON list of digests, or of objects with a `blob`."""


_AT_ONCE = 500  # digests in one query: databases limit the variables of a statement


def needed(digests: Iterable[str]) -> set[str]:
    """Return those of the stored files that a record still needs: the store does not count references to a file."""
    asked = sorted(set(digests))
    needed_now: set[str] = set()
    for first in range(0, len(asked), _AT_ONCE):
        some = asked[first : first + _AT_ONCE]
        for model, column, which in _KEEPERS:
            # Not the default manager: the one of references excludes canaries.
            rows = model._base_manager.filter(which, **{f"{column}__in": some})
            needed_now |= set(rows.values_list(column, flat=True))
    for model, column, which in _KEEPERS_OF_LISTS:
        for blobs in model._base_manager.filter(which).values_list(column, flat=True):
            needed_now |= set(asked) & {entry["blob"] if isinstance(entry, dict) else entry for entry in blobs}
    runs = Enrolment.objects.filter(Q(finished_at=None) | Q(failures_until__isnull=False))
    for files, failed in runs.values_list("files", "failed"):
        needed_now |= set(asked) & {entry["blob"] for entry in (*files, *failed) if entry.get("blob")}
    return needed_now


def picture_needed(blob: str) -> bool:
    """Return True when a record needs this stored file."""
    return bool(needed([blob]))
