"""One thing of one's own agency, or a refusal.

Owns every look-up by an id that a person typed or followed. It must never answer a row of another agency.
"""

from __future__ import annotations

from django.utils import timezone

from plainview.casework.models import (
    Agency,
    Alert,
    Candidate,
    Case,
    Enrolment,
    Gallery,
    Hold,
    Lead,
    Member,
    Preparation,
    Reference,
    Search,
    Still,
    Video,
)
from plainview.policy import rules
from plainview.policy.decision import Refused


def case_numbered(number: str, member: Member) -> Case:
    """Return a case of the member's agency.

    Raises:
        Refused: case.unknown.
    """
    case = Case.objects.filter(agency=member.agency, number=number.strip()).first()
    rules.require(rules.case_found(number, case is not None))
    assert case is not None  # noqa: S101  require() has raised otherwise
    return case


def case_keyed(key: int, member: Member) -> Case:
    """Return a case of the member's agency by its key, as addresses of pages carry it.

    Raises:
        Refused: case.unknown.
    """
    case = Case.objects.filter(agency=member.agency, pk=key).select_related("opened_by").first()
    rules.require(rules.case_found(str(key), case is not None))
    assert case is not None  # noqa: S101  require() has raised otherwise
    return case


def search_numbered(public_id: str, member: Member) -> Search:
    """Return a search of the member's agency.

    Raises:
        Refused: search.unknown.
    """
    rows = Search.objects.select_related("case", "member", "gallery")
    search = rows.filter(public_id=public_id.strip(), case__agency=member.agency).first()
    if search is None:
        raise Refused("search.unknown", "Refused", f"Your agency has no search {public_id!r}.", "Check its id.")
    return search


def require_open_to_view(search: Search) -> Search:
    """Return the search, unless its time to be authorised is over and it is there only because a hold keeps it.

    Raises:
        Refused: search.sealed.
    """
    late = search.authorise_by is not None and search.authorised_at is None and search.erased_at is None
    if late and (search.sealed_at is not None or search.authorise_by <= timezone.now()):  # type: ignore[operator]
        raise Refused(
            "search.sealed",
            "Nothing shown",
            "Nobody authorised this urgent search in time. If it is still there, a hold keeps it from being erased.",
            "It cannot be looked at or worked with; a supervisor can disclose it to the court that needs it.",
        )
    return search


def candidate_numbered(search_id: str, rank: int, member: Member) -> Candidate:
    """Return a candidate of a search of the member's agency, with its search and reference.

    Raises:
        Refused: search.unknown, search.sealed, candidate.unknown, or reference.expunged.
    """
    search = require_open_to_view(search_numbered(search_id, member))
    row = Candidate.objects.select_related("reference").filter(search=search, rank=rank).first()
    if row is None:
        raise Refused(
            "candidate.unknown",
            "Refused",
            f"The list has no rank {rank}.",
            "See the search's candidate list (`plainview candidates SEARCH`).",
        )
    if not row.reference.template:
        raise Refused(
            "reference.expunged",
            "Nothing shown",
            "This reference was erased from its gallery.",
            "Its picture is gone; the candidate list still names its rank.",
        )
    row.search = search
    return row


def lead_numbered(public_id: str, member: Member) -> Lead:
    """Return a lead of the member's agency.

    Raises:
        Refused: lead.unknown.
    """
    lead = Lead.objects.filter(public_id=public_id.strip(), released_by__agency=member.agency).first()
    if lead is None:
        raise Refused(
            "lead.unknown", "Refused", f"Your agency has no lead {public_id!r}.", "See `plainview lead list`."
        )
    return lead


def member_by_email(email: str) -> Member:
    """Return the member with this address.

    Raises:
        Refused: member.unknown.
    """
    member = Member.objects.select_related("agency").filter(email=email.strip().lower()).first()
    if member is None:
        raise _unknown(email, "Check --as EMAIL, or ask your agency administrator.")
    return member


def colleague(email: str, member: Member) -> Member:
    """Return a member of the same agency; another agency's is as unknown as nobody.

    Raises:
        Refused: member.unknown.
    """
    found = Member.objects.select_related("agency").filter(agency=member.agency, email=email.strip().lower())
    other = found.first()
    if other is None:
        raise _unknown(email, "See `plainview member list` for the members of your agency.")
    return other


def _unknown(email: str, next_step: str) -> Refused:
    return Refused("member.unknown", "Refused", f"Nobody with the address {email!r} is a member here.", next_step)


def member_numbered(public_id: str, member: Member) -> Member:
    """Return a member of the acting member's agency by id.

    Raises:
        Refused: member.unknown.
    """
    rows = Member.objects.select_related("agency").filter(agency=member.agency, public_id=public_id.strip())
    found = rows.first()
    if found is None:
        raise _unknown(public_id, "Look at the list of members.")
    return found


def agency_named(name: str) -> Agency:
    """Return the agency of this name, for the operator.

    Raises:
        Refused: agency.unknown.
    """
    agency = Agency.objects.filter(name=name.strip()).first()
    if agency is None:
        raise Refused("agency.unknown", "Refused", f"There is no agency {name!r}.", "See `plainview agency list`.")
    return agency


def gallery_numbered(pk: int, member: Member) -> Gallery:
    """Return a gallery of the member's agency by its number.

    Raises:
        Refused: gallery.unknown.
    """
    gallery = Gallery.objects.filter(agency=member.agency, pk=pk).first()
    if gallery is None:
        raise Refused(
            "gallery.unknown", "Refused", "Your agency has no such gallery.", "Look at the list of galleries."
        )
    return gallery


def enrolment_numbered(gallery_pk: int, number: int, member: Member) -> Enrolment:
    """Return a run of enrolment into a gallery of the member's agency.

    Raises:
        Refused: enrolment.unknown.
    """
    rows = Enrolment.objects.exclude(reference__is_canary=True).select_related("gallery", "member")
    run = rows.filter(pk=number, gallery_id=gallery_pk, gallery__agency=member.agency).first()
    if run is None:
        raise Refused("enrolment.unknown", "Refused", "There is no such enrolment.", "Look at the gallery's page.")
    return run


def reference_numbered(public_id: str, member: Member) -> Reference:
    """Return a reference of the member's agency that was not erased.

    Raises:
        Refused: reference.unknown.
    """
    rows = Reference.objects.select_related("gallery").exclude(template=b"")
    row = rows.filter(public_id=public_id.strip(), gallery__agency=member.agency).first()
    if row is None:
        raise Refused(
            "reference.unknown",
            "Refused",
            f"Your agency has no reference {public_id!r}.",
            "It may have been erased already; the log knows.",
        )
    return row


def gallery_named(name: str, member: Member) -> Gallery:
    """Return a gallery of the member's agency.

    Raises:
        Refused: gallery.unknown.
    """
    gallery = Gallery.objects.filter(agency=member.agency, name=name).first()
    rules.require(rules.gallery_found(name, gallery is not None))
    assert gallery is not None  # noqa: S101  require() has raised otherwise
    return gallery


def video_numbered(public_id: str, member: Member) -> Video:
    """Return a video of the member's agency that was not erased.

    Raises:
        Refused: video.unknown.
    """
    rows = Video.objects.select_related("case__agency", "member").exclude(state=Video.State.ERASED)
    video = rows.filter(public_id=public_id.strip(), case__agency=member.agency).first()
    if video is None:
        raise Refused(
            "video.unknown",
            "Refused",
            f"Your agency has no video {public_id!r}.",
            "Check its id; it may have been erased, the log knows.",
        )
    return video


def still_numbered(public_id: str, member: Member) -> Still:
    """Return a still of a video of the member's agency.

    Raises:
        Refused: still.unknown.
    """
    rows = Still.objects.select_related("video__case__agency", "track")
    still = rows.filter(public_id=public_id.strip(), video__case__agency=member.agency).first()
    if still is None:
        raise Refused("still.unknown", "Refused", f"Your agency has no still {public_id!r}.", "Check its id.")
    return still


def alert_numbered(public_id: str, member: Member) -> Alert:
    """Return an alert of the member's agency.

    Raises:
        Refused: alert.unknown.
    """
    rows = Alert.objects.select_related("case", "member")
    alert = rows.filter(public_id=public_id.strip(), case__agency=member.agency).first()
    if alert is None:
        raise Refused(
            "alert.unknown",
            "Refused",
            f"Your agency has no alert {public_id!r}.",
            "See `plainview alert list`.",
        )
    return alert


def preparation_numbered(public_id: str, member: Member) -> Preparation:
    """Return a draft of the member's own that was not discarded.

    Raises:
        Refused: preparation.unknown.
    """
    rows = Preparation.objects.select_related("case", "member")
    found = rows.filter(public_id=public_id.strip(), member=member, discarded_at=None).first()
    if found is None:
        raise Refused(
            "preparation.unknown",
            "Refused",
            f"You have no prepared probe {public_id!r}.",
            "It may have been discarded, or it is a colleague's. Start with the photograph.",
        )
    return found


def hold_numbered(public_id: str, member: Member) -> Hold:
    """Return a hold of the member's agency.

    Raises:
        Refused: hold.unknown.
    """
    row = Hold.objects.filter(agency=member.agency, public_id=public_id.strip()).first()
    if row is None:
        raise Refused(
            "hold.unknown", "Refused", f"Your agency has no hold {public_id!r}.", "See `plainview hold list`."
        )
    return row
