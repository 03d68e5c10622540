"""Looking up an object of the member's own agency by its id, or refusing.

Owns every look-up by an id that a person typed or followed: one row per kind of object, with who may reach it; `kind`
has what the columns mean. It must never return a row of another agency; such a row is refused in the words for an id
that does not exist.

Elsewhere are look-ups that check more than the owner of a row: an entry of the log (`log.explorer`), a package that a
grant opens (`disclosure.read`), and a person's own request, opened with its code (`rights.filing`).
"""

from __future__ import annotations

from allauth.usersessions.models import UserSession
from django.db.models import Q
from django.utils import timezone

from plainview.casework import models
from plainview.casework.kind import Kind, Whose, agency, own
from plainview.casework.models import Agency, Candidate, Examination, Member, Search
from plainview.casework.workspace.prepared import Prepared
from plainview.policy.decision import Refused


def _granted(member: Member) -> Q:
    return Q(agency=member.agency_id, email=member.email)


def _reached(member: Member) -> Q:
    """Return the requests that the member's agency made or, once authorised, received."""
    return Q(agreement__asker=member.agency_id) | Q(agreement__holder=member.agency_id, authorised_at__isnull=False)


# Cases, and the probes, searches, videos and alerts under them.
_OR_OPEN = "in the list of cases, or open the case"
case = Kind(models.Case, agency("agency"), "case", "case.unknown", by="number", where=_OR_OPEN)
case_by_key = Kind(models.Case, agency("agency"), "case", "case.unknown", "opened_by", by="pk")
preparation = Kind(
    models.Preparation,
    own("member"),
    "prepared probe",
    "preparation.unknown",
    "case member",
    there=Q(discarded_at=None),
    gone="discarded, or it is a colleague's",
)
approval = Kind(models.Approval, agency("case__agency"), "approval", "approval.unknown", "member case")
search = Kind(
    models.Search,
    agency("case__agency"),
    "search",
    "search.unknown",
    "case member gallery",
    where="on the page of its case",
)
lapsed = Kind(
    models.LapsedSearch,
    agency("search__case__agency"),
    "urgent search that was not authorised",
    "lapsed.unknown",
    "search__case search__member search__gallery",
    by="search__public_id",
    where="on the page of its flag",
    there=Q(erased_at=None),
    gone="erased, because its time is over",
)
video = Kind(
    models.Video,
    agency("case__agency"),
    "video",
    "video.unknown",
    "case__agency member",
    there=~Q(state=models.Video.State.ERASED),
    gone="erased; the log says so",
)
still = Kind(models.Still, agency("video__case__agency"), "still", "still.unknown", "video__case__agency track")
alert = Kind(models.Alert, agency("case__agency"), "alert", "alert.unknown", "case member")
delivery = Kind(
    models.Delivery,
    agency("webhook__agency"),
    "message",
    "delivery.unknown",
    "webhook__agency",
    where="in the list of the webhook's messages",
)
webhook = Kind(models.Webhook, agency("agency"), "webhook", "webhook.unknown", there=Q(removed_at=None), gone="removed")

# People's conclusions, and released leads.
_TASK = (
    "examination__candidate__search__member examination__candidate__reference examination__member__agency proficiency"
)
_EXAMINED = (
    "member__agency candidate__reference candidate__search__case candidate__search__member candidate__search__gallery"
)
_LEAD = " ".join(["released_by__agency", *(f"examination__{path}" for path in _EXAMINED.split())])
verification = Kind(models.Verification, own("verifier"), "task", "verification.unknown", _TASK)
examination_unsealed = Kind(
    Examination,
    agency("member__agency"),
    "examination",
    "examination.unknown",
    _EXAMINED,
    there=Q(candidate__search__erased_at=None),
    gone="erased with its search",
)
lead = Kind(models.Lead, agency("released_by__agency"), "lead", "lead.unknown", _LEAD)
proficiency_item = Kind(models.ProficiencyItem, agency("agency"), "item", "proficiency.unknown", "reference")

# Galleries and their content.
_GALLERY = "on the page of its gallery"
gallery = Kind(
    models.Gallery, agency("agency"), "gallery", "gallery.unknown", by="name", where="in the list of galleries"
)
gallery_by_key = Kind(
    models.Gallery, agency("agency"), "gallery", "gallery.unknown", by="pk", where="in the list of galleries"
)
enrolment_by_key = Kind(
    models.Enrolment,
    agency("gallery__agency"),
    "enrolment",
    "enrolment.unknown",
    "gallery member",
    by="pk",
    where=_GALLERY,
    there=~Q(reference__is_canary=True),
)
reference = Kind(
    models.Reference,
    agency("gallery__agency"),
    "reference",
    "reference.unknown",
    "gallery enrolment",
    where=_GALLERY,
    there=~Q(template=b""),
    gone="erased; the log says so",
)
feed = Kind(models.Feed, agency("gallery__agency"), "feed", "feed.unknown", "gallery")
canary = Kind(
    models.Canary,
    agency("gallery__agency"),
    "canary",
    "canary.unknown",
    "gallery reference",
    where="in the list of canaries",
    there=Q(retired_at=None),
    gone="retired",
)
alarm = Kind(models.CanaryAlarm, agency("gallery__agency"), "alarm", "alarm.unknown", "gallery")

# Retention and holds.
_RUN = "agency rules proposed_by approved_by"
hold = Kind(models.Hold, agency("agency"), "hold", "hold.unknown")
retention_run = Kind(models.RetentionRun, agency("agency"), "retention run", "retention.unknown", _RUN)

# Agreements, and the requests under them: both sides see them.
_REQUEST = "gallery case member__agency authorised_by taken_by mirror closed_by version"
_SIDES = "agreement__holder agreement__asker"
_AGREED = "holder asker withdrawn_by__agency"
agreement = Kind(models.Agreement, agency("holder", "asker"), "agreement", "agreement.unknown", _AGREED)
shared_request = Kind(models.SharedRequest, Whose(_reached), "request", "shared.unknown", f"{_SIDES} {_REQUEST}")

# For the defence, auditors, supervisors, and the people who ask about themselves.
_REVIEW = "search__case__agency search__gallery asked_by decided_by answered_by"
grant = Kind(models.DisclosureGrant, agency("agency"), "grant", "grant.unknown", "search agency")
package = Kind(
    models.DisclosurePackage,
    agency("search__case__agency"),
    "package",
    "package.unknown",
    "search",
    there=~Q(blob=""),
    gone="erased",
)
disclosure = Kind(
    models.DisclosureGrant,
    Whose(_granted, "You have access to"),
    "search",
    "disclosure.unknown",
    "search__case search__gallery",
    by="search__public_id",
    where="in the list of what was disclosed to you, or ask the agency",
    there=Q(revoked_at=None, search__erased_at=None),
)
review = Kind(models.ExonerationReview, agency("search__case__agency"), "review", "review.unknown", _REVIEW)
sample = Kind(models.AuditSample, agency("agency"), "sample", "sample.unknown", "member agency")
flag = Kind(models.Flag, agency("agency"), "flag", "flag.unknown", "member agency")
schedule = Kind(
    models.ReportSchedule, agency("agency"), "schedule", "report.unknown", there=Q(stopped_at=None), gone="stopped"
)
rights_request = Kind(models.SubjectRequest, agency("agency"), "request", "rights.unknown", "agency")
finding = Kind(models.SubjectFinding, agency("request__agency"), "face", "finding.unknown", "reference", by="pk")

# People, and what is a person's own.
member_by_id = Kind(Member, agency("agency"), "member", "member.unknown", "agency")
colleague = Kind(Member, agency("agency"), "member", "member.unknown", "agency", by="email")
proposal = Kind(
    models.Proposal, agency("agency"), "proposal", "proposal.unknown", "agency concerns proposed_by decided_by"
)
job = Kind(models.Job, own("member"), "job", "job.unknown")
token = Kind(models.Token, own("member"), "token", "token.unknown", there=Q(revoked_at=None), gone="revoked")
session = Kind(UserSession, own("user"), "session", "session.unknown", by="pk")
tripwire = Kind(models.Tripwire, own("owner"), "tripwire", "tripwire.unknown")


def viewable_search(public_id: str, member: Member) -> Search:
    """Return a search, unless it was not authorised in time and only a hold keeps it.

    Raises:
        Refused: search.unknown or search.sealed.
    """
    return require_open_to_view(search(public_id, member))


def require_open_to_view(search: Search) -> Search:
    """Return the search, unless it is sealed; see `viewable_search`.

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


def candidate(search_id: str, rank: int, member: Member) -> Candidate:
    """Return a candidate of a search in the member's agency, with its search and reference.

    Raises:
        Refused: search.unknown, search.sealed, candidate.unknown, or reference.expunged.
    """
    listed = candidate_of(viewable_search(search_id, member), rank)
    if not listed.reference.template and not listed.pictures.exclude(reference__template=b"").exists():
        raise Refused(
            "reference.expunged",
            "Nothing shown",
            "This reference was erased from its gallery.",
            "Its picture is gone; the candidate list still names its rank.",
        )
    return listed


_CANDIDATES = Prepared(
    lambda search, rank: Candidate.objects.select_related("reference").filter(search=search, rank=rank)[:1], int, int
)


def candidate_of(search: Search, rank: int) -> Candidate:
    """Return the candidate at a rank of a search.

    Raises:
        Refused: candidate.unknown.
    """
    candidate: Candidate | None = _CANDIDATES.first(search.pk, rank)
    if candidate is None:
        raise Refused("candidate.unknown", "Not found", f"The list has no rank {rank}.", "Look at the candidate list.")
    candidate.search = search
    return candidate


def enrolment(gallery_key: int, key: int, member: Member) -> models.Enrolment:
    """Return a run of enrolment into a gallery of the member's agency.

    Raises:
        Refused: enrolment.unknown.
    """
    return enrolment_by_key(key, member, among=models.Enrolment.objects.filter(gallery_id=gallery_key))


def examination(public_id: str, member: Member) -> Examination:
    """Return an examination of the member's agency whose search was not erased and is not sealed.

    Raises:
        Refused: examination.unknown or search.sealed.
    """
    stored = examination_unsealed(public_id, member)
    require_open_to_view(stored.candidate.search)
    return stored


def member_by_email(email: str) -> Member:
    """Return the member with this address, of any agency: the acting member.

    Raises:
        Refused: member.unknown.
    """
    member = Member.objects.select_related("agency").filter(email=email.strip().lower()).first()
    if member is None:
        raise Refused(
            "member.unknown",
            "Not found",
            f"Nobody with the address {email!r} is a member here.",
            "Check the address, or ask your agency administrator.",
        )
    return member


def agency_named(name: str) -> Agency:
    """Return the agency of this name, for the operator.

    Raises:
        Refused: agency.unknown.
    """
    named = Agency.objects.filter(name=name.strip()).first()
    if named is None:
        raise Refused(
            "agency.unknown", "Not found", f"There is no agency {name!r}.", "Check its name in the list of agencies."
        )
    return named
