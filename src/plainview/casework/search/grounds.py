"""The grounds of a search: why it is allowed, what must still hold when it is answered, what its record says.

Owns everything in which an urgent search, the search of an exoneration review and a search for another agency differ
from an ordinary one: the steps of search.run ask the ground and have no branch of their own. A ground looks up facts and
adds rules; it must never decide a rule of the search itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from plainview.audit.record import Value
from plainview.casework.agreements.guard import locked_request, require_agreed, require_asked, withhold
from plainview.casework.agreements.read import named
from plainview.casework.models import Case, ExonerationReview, Member, Search, SharedRequest
from plainview.casework.search.reviewed import review_to_search
from plainview.policy import gate, rules
from plainview.policy import sharing as words
from plainview.policy.decision import Refused


@dataclass(frozen=True, slots=True)
class GroundFacts:
    """The present facts of a ground, for the rules, the row and the entry of the search.

    Attributes:
        urgent_reason: why life is at risk; "" if the search is not urgent.
        review: the accepted exoneration review that the search answers.
        shared: the other agency's request; in a transaction its agreement is locked.
    """

    urgent_reason: str = ""
    review: ExonerationReview | None = None
    shared: SharedRequest | None = None

    @property
    def name(self) -> str:
        """Return the ground's row in `policy.gate.GROUNDS`."""
        if self.urgent_reason:
            return gate.URGENT
        if self.shared is not None:
            return gate.SHARED
        return gate.EXONERATION if self.review is not None else gate.CASE

    def entry_fields(self) -> dict[str, Value]:
        """Return the ground's public fields in the request's entry."""
        return {
            "urgent": bool(self.urgent_reason),
            "review": self.review.public_id if self.review else None,
            **(named(self.shared) if self.shared else {}),
        }

    def sealed_fields(self) -> dict[str, Value]:
        """Return the ground's sealed fields in the request's entry."""
        return {"urgent_reason": self.urgent_reason} if self.urgent_reason else {}


class Ground:
    """The ordinary ground: a case of the member's own agency. Every other ground overrides what differs."""

    def facts(self, case: Case | None, member: Member) -> GroundFacts:
        """Look up the present facts of the ground.

        Args:
            case: the case that the search names, with the request that it mirrors (`mirrored`), if any.
            member: who searches.

        Raises:
            Refused: the ground does not exist, or does not allow this member to search under this case.
        """
        rules.require(words.mirror_only_by_request(hasattr(case, "mirrored"), False))
        return GroundFacts()

    def refusal_fields(self) -> dict[str, Value]:
        """Return the ground's fields in the entry about a refusal."""
        return {}

    def still_holds(self) -> None:
        """Check again, for a recorded search, what must hold until it is answered.

        Raises:
            Refused: the first rule that refuses.
        """

    def withhold(self, search: Search, requested_in: int, refused: Refused, acting_member: Member) -> None:
        """Record the outcome of a recorded search that a rule refuses to answer."""


ORDINARY = Ground()


@dataclass(frozen=True, slots=True)
class Review(Ground):
    """An accepted exoneration review, by its id."""

    review: str

    def facts(self, case: Case | None, member: Member) -> GroundFacts:
        """As `Ground.facts`: review.unknown, review.other_case, review.not_open, review.aware."""
        return replace(Ground.facts(self, case, member), review=review_to_search(self.review, case, member))


@dataclass(frozen=True, slots=True)
class ForAnotherAgency(Ground):
    """Another agency's request, by its id; its agreement and the rules of both agencies apply to the end."""

    request: str

    def facts(self, case: Case | None, member: Member) -> GroundFacts:
        """As `Ground.facts`: a rule of the agreement, of the request or of the requesting agency refuses."""
        request = locked_request(self.request)
        require_agreed(request)
        taker = request.taken_by.public_id if request.taken_by else ""
        rules.require(
            words.authorised(request.authorised_at is not None),
            words.taken_by(taker, member.public_id),
            rules.case_found("", case is not None and case.pk == request.mirror_id),
        )
        require_asked(request, member)
        return GroundFacts(shared=request)

    def refusal_fields(self) -> dict[str, Value]:
        """Return the request and both agencies; nothing if the request does not exist."""
        requests = SharedRequest.objects.select_related("agreement__holder", "agreement__asker")
        request = requests.filter(public_id=self.request).first()
        return named(request) if request else {}

    def still_holds(self) -> None:
        """As `Ground.still_holds`: the agreement must be in force and the request open, both locked in a transaction."""
        require_agreed(locked_request(self.request))

    def withhold(self, search: Search, requested_in: int, refused: Refused, acting_member: Member) -> None:
        """Record that the search is not answered, and by which rule; everything computed so far is dropped."""
        withhold(search, requested_in, refused, acting_member)


@dataclass(frozen=True, slots=True)
class Urgent(Ground):
    """Life is at risk: a search on another ground, authorised afterwards. The checks of that ground still apply."""

    reason: str
    ground: Ground = ORDINARY

    def facts(self, case: Case | None, member: Member) -> GroundFacts:
        """As `Ground.facts`, of the ground within."""
        return replace(self.ground.facts(case, member), urgent_reason=self.reason)

    def refusal_fields(self) -> dict[str, Value]:
        """Return those of the ground within."""
        return self.ground.refusal_fields()

    def still_holds(self) -> None:
        """As `Ground.still_holds`, of the ground within."""
        self.ground.still_holds()

    def withhold(self, search: Search, requested_in: int, refused: Refused, acting_member: Member) -> None:
        """As the ground within."""
        self.ground.withhold(search, requested_in, refused, acting_member)


def ground_of(*, urgent: str = "", review: str = "") -> Ground:
    """Return the ground that a member states for their own agency's search.

    Args:
        urgent: why life is at risk, if the search cannot wait for a supervisor; else blank.
        review: id of the exoneration review that the search answers, else "".
    """
    ground = Review(review) if review else ORDINARY
    return Urgent(urgent.strip(), ground) if urgent.strip() else ground
