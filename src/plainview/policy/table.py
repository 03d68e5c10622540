"""The rulebook in plain words, with an agency's own values: what `plainview policy show` and the page print.

Owns one row for every rule id of the rulebook; a test compares them with the code.
"""

from __future__ import annotations

from dataclasses import dataclass

from plainview.policy import purposes as stated
from plainview.policy.agency import EVIDENCE_DAYS, MAX_URGENT_HOURS, MIN_LIST, STOP, AgencyPolicy
from plainview.policy.alerts import MAX_ONE_IN, MIN_ONE_IN
from plainview.policy.disclosure import EXONERATION, disclosed_pictures
from plainview.policy.grounds import REFUSED_GROUNDS
from plainview.policy.joining import joining_rules
from plainview.policy.probes import PROBE_RULES
from plainview.policy.proposals import RULES as PROPOSAL_RULES
from plainview.policy.retention import LEAST_WORDS, MAX_DAYS
from plainview.policy.rights import COUNT, FACES, FILED, MAX_EXTENSION, NAMED, UNCONFIRMED
from plainview.policy.roles import Role
from plainview.policy.search import NOT_PHOTOGRAPHED, ORIGINS
from plainview.policy.sharing import GIVES, MAX_AGREEMENT_DAYS, MAX_ANSWER_DAYS
from plainview.policy.subjects import SUBJECT_RULES
from plainview.policy.triage import REVIEW_RULES
from plainview.policy.video import SIZE_RULES
from plainview.policy.wording import counted


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """One rule: its id, what it is about, and what it says in this agency."""

    rule_id: str
    of: str
    says: str


def table(policy: AgencyPolicy) -> list[PolicyRule]:
    """Return every rule, in the order in which a search meets them, then those of joining and of galleries."""
    rows = (
        *_search(policy),
        *PROBE_RULES,
        *joining_rules(policy),
        *PROPOSAL_RULES,
        *_alerts(policy),
        *_galleries(),
        *SUBJECT_RULES,
        *REVIEW_RULES,
        *_sharing(),
        *_rights(policy),
        *_disclosure(policy),
        *_retention(),
        *SIZE_RULES,
    )
    return [PolicyRule(*values) for values in rows]


def _search(policy: AgencyPolicy) -> list[tuple[str, str, str]]:
    needed = policy.training[Role.EXAMINER]
    offences, purposes = "; ".join(policy.offences), "; ".join(policy.purposes)
    grounds = "; ".join(ground.name for ground in REFUSED_GROUNDS)
    beforehand = "every offence" if "all" in policy.preapproval else "; ".join(policy.preapproval) or "no offence"
    urgent = (
        f"When a life is at risk a search may run without approval; a supervisor authorises it within "
        f"{counted(policy.urgent_hours, 'hour')} (at most {MAX_URGENT_HOURS}), or the list is gone for everyone. "
        f"Its evidence is sealed for the auditor for {EVIDENCE_DAYS} days, then erased."
        if policy.urgent
        else "Urgent searches are not allowed."
    )
    canary = (
        "the gallery cannot be searched." if policy.canary_alarm == STOP else "every search of it carries a caution."
    )
    return [
        ("member.inactive", "every act", "Only an active account can act."),
        ("member.ended", "every act", "An outsider's account can act up to and including its last day."),
        ("member.no_permission", "every act", "A member can do only what one of their roles permits."),
        (
            "agency.not_open",
            "every act",
            "The agency's head has accepted the terms and the operator has opened the agency.",
        ),
        (
            "trial.not_approved",
            "search",
            "A member on trial can search only after a supervisor has approved the trial.",
        ),
        ("trial.ended", "search", "A member on trial can search up to and including the last day of the trial."),
        ("trial.used_up", "search", "A member on trial can run only the approved number of searches."),
        (
            "member.training",
            "search",
            f"An examiner needs {counted(needed.hours, 'hour')} of {needed.course} training that has not expired.",
        ),
        ("case.missing", "search", "A search names a case."),
        ("search.purpose_missing", "search", "A search states a purpose."),
        (
            "search.purpose_empty",
            "search",
            (
                "A purpose that is not on the agency's list says what the search should find out: at least "
                f"{stated.LEAST_WORDS} different words that are not only a case number or words like: "
                f"{', '.join(purpose for purpose, _ in stated.REFUSED[1:7])}."
            ),
        ),
        (
            "search.purpose_copied",
            "search",
            "A purpose that is not on the agency's list is not copied from the last search of another case and face.",
        ),
        (
            "search.purpose_reserved",
            "search",
            "The purpose reserved for data subjects' requests cannot be used for another search.",
        ),
        (
            "search.review_missing",
            "search",
            f"The purpose {EXONERATION!r} needs an accepted request for such a review.",
        ),
        ("search.review_purpose", "search", "An exoneration review is searched for its own purpose only."),
        ("search.list_length", "search", f"A candidate list has {MIN_LIST} to {policy.list_max} candidates."),
        ("search.ground", "search, case", f"A search on one of these grounds is refused: {grounds}."),
        (
            "search.purpose_unlisted",
            "search",
            f"Purposes: {purposes}" + (", or any other that is stated." if policy.unlisted_purposes else "."),
        ),
        (
            "probe.not_photographed",
            "search",
            f"A probe is a photograph; these are refused: {', '.join(NOT_PHOTOGRAPHED)}.",
        ),
        (
            "probe.origin_missing",
            "search",
            "The origin of the probe " + ("must" if policy.origin_required else "may") + " be stated.",
        ),
        ("probe.origin_unknown", "search", f"Origins: {'; '.join(ORIGINS)}."),
        ("case.unknown", "search", "The case belongs to the member's own agency."),
        ("case.closed", "search", "No search runs under a closed case."),
        (
            "case.offence_unlisted",
            "search, case",
            f"Offences: {offences}" + (", or any other that is stated." if policy.unlisted_offences else "."),
        ),
        ("gallery.unknown", "search", "The gallery belongs to the member's own agency."),
        ("gallery.expired", "search", "A gallery cannot be used after its legal basis has ended."),
        (
            "gallery.pack",
            "search, enrolment",
            "A gallery can be used once all its templates were made by the loaded model pack.",
        ),
        (
            "gallery.offence",
            "search",
            "If the passport of a gallery names offences, the gallery is used only for those.",
        ),
        (
            "gallery.canary_alarm",
            "search",
            f"While a canary alarm of the gallery is open, {canary} Canaries check a gallery every {counted(policy.canary_hours, 'hour')}.",
        ),
        ("search.urgent_closed", "search", urgent),
        ("search.approval_needed", "search", f"A supervisor's approval is needed before a search for: {beforehand}."),
        (
            "log.unwitnessed",
            "search",
            "Where witnesses must cosign the log, searches stop when entries have waited too long; urgent ones may still run.",
        ),
        ("search.one_approval", "search", "An approval is for one search: each gallery needs its own."),
        (
            "probe.quality_floor",
            "search",
            f"A probe of quality below {policy.quality_floor} (of 100) needs a supervisor's approval.",
        ),
    ]


def _alerts(policy: AgencyPolicy) -> list[tuple[str, str, str]]:
    return [
        (
            "alert.days",
            "alert",
            f"An alert ends after at most {counted(policy.alert_days, 'day')} unless a supervisor renews it, and when its case is closed"
            + (
                ", unless it is kept for a case closed unsolved and reviewed every year."
                if policy.unsolved_alerts
                else "."
            ),
        ),
        (
            "alert.one_in",
            "alert",
            f"An alert states how rare false alerts are: one in {MIN_ONE_IN:,} to {MAX_ONE_IN:,} new references.",
        ),
        (
            "alert.not_measured",
            "alert",
            "An alert cannot promise rarer false alerts than the gallery's own figures support.",
        ),
        ("webhook.address", "webhook", "A webhook has an https address."),
        ("webhook.network", "webhook", "A webhook is on the public internet, unless the operator allows others."),
        ("webhook.events", "webhook", "A webhook receives known events."),
        ("webhook.rotation", "webhook", "An earlier secret signs for a week at most."),
        ("alert.hours", "alert", "Quiet hours and digests use valid hours of the day."),
        ("alert.time_zone", "alert", "Quiet hours are those of a time zone that exists."),
    ]


def _galleries() -> list[tuple[str, str, str]]:
    return [
        ("feed.passport", "feed", "A published feed names its publisher and its legal basis."),
        ("feed.address", "feed", "A feed has one list at an https address."),
        ("feed.rate", "feed", "A feed pauses between two requests."),
        (
            "feed.host",
            "feed",
            "Only links that the list names, on the hosts of its publisher, are fetched; pages never are.",
        ),
        ("feed.hosts", "feed", "A feed names the hosts of its publisher's pictures."),
        ("feed.times", "feed", "What a publisher withdraws is erased after the feed's days of grace."),
        ("feed.untried", "feed", "A feed with a mapping is tried before it is run."),
        ("feed.stopped", "feed", "A stopped feed fetches nothing."),
        ("gallery.passport", "gallery", "The passport of a gallery states its legal basis, its source and its owner."),
    ]


def _sharing() -> list[tuple[str, str, str]]:
    searched = "shared search"
    return [
        ("agreement.galleries", "agreement", "An agreement names galleries of the agency that searches."),
        (
            "agreement.days",
            "agreement",
            f"An agreement has a first and a last day, at most {MAX_AGREEMENT_DAYS} days apart.",
        ),
        ("agreement.gives", "agreement", f"An agreement says what the requesting agency gets: {' or '.join(GIVES)}."),
        (
            "agreement.answer_days",
            "agreement",
            f"A request expires after the days that the agreement sets, 1 to {MAX_ANSWER_DAYS}.",
        ),
        ("agreement.not_accepted", searched, "One agency proposes an agreement, the other accepts it."),
        ("agreement.withdrawn", searched, "Once either agency withdraws, no search runs or continues."),
        ("agreement.not_begun", searched, "No search runs before the first day of an agreement."),
        (
            "agreement.ended",
            searched,
            "No search runs after the last day of an agreement, and a search under way is not answered.",
        ),
        ("shared.closed", searched, "A request that was answered, declined or taken back is closed."),
        ("shared.expired", searched, "A request that is not answered in time expires."),
        ("shared.agency", searched, "Both agencies must be open."),
        ("shared.member", searched, "The member who made the request may still make requests."),
        ("shared.case", searched, "The case of the requesting agency is open."),
        ("shared.gallery", searched, "The agreement names the gallery."),
        ("shared.asker", searched, "If the agreement names members, one of them makes the request."),
        ("shared.offence", searched, "If the agreement names offences, the search is for one of them."),
        ("shared.purpose", searched, "If the agreement names purposes, the search has one of them."),
        ("shared.authority", searched, "A request states its authority."),
        ("shared.not_authorised", searched, "A supervisor of the requesting agency authorises each request."),
        ("shared.not_taken", searched, "Only the member who took a request searches and answers it."),
        (
            "shared.mirror",
            "search, alert",
            "A case that represents another agency's request is searched only from that request.",
        ),
        ("shared.not_searched", searched, "A request is answered after its search, or declined with a reason."),
        (
            "shared.not_examined",
            searched,
            'A request is answered "nothing found" only after an examination of its candidates.',
        ),
        (
            "shared.undecided",
            searched,
            'A request is not answered "nothing found" while a candidate waits for a decision.',
        ),
    ]


def _retention() -> list[tuple[str, str, str]]:
    return [
        (
            "hold.in_force",
            "retention",
            "Nothing that a hold keeps is erased, whatever other rules say; each hold is ended separately.",
        ),
        (
            "hold.incomplete",
            "retention",
            f"A hold states its reason, in at least {LEAST_WORDS} words, and its authority.",
        ),
        ("hold.review", "retention", "The review day of a hold is in the future; a hold never ends by itself."),
        (
            "retention.invalid",
            "retention",
            f"A retention rule erases one kind of thing, 0 to {MAX_DAYS:,} days after one event.",
        ),
        ("retention.event_day", "retention", "An event is recorded only once it has happened."),
        (
            "retention.changed",
            "retention",
            "Due items are erased from a list that one member proposed and another approved, unchanged.",
        ),
    ]


def _rights(policy: AgencyPolicy) -> list[tuple[str, str, str]]:
    about = "request of a person about themselves"
    return [
        ("rights.wish", about, "The request is for access, objection or erasure."),
        ("rights.whose", about, "The request says whose pictures it is about."),
        ("rights.another_person", about, "A person asks about themselves, not about someone else."),
        ("rights.name", about, "The request has a name."),
        ("rights.contact", about, "The request says how to reach the person."),
        ("rights.text", about, "The texts of a request have a maximum length."),
        ("rights.named", about, f"A request names at most {NAMED} references or links."),
        ("rights.full", about, f"At most {UNCONFIRMED} photographs of an agency wait for confirmation of identity."),
        ("rights.often", about, f"At most {FILED} requests are accepted from one network within an hour."),
        ("rights.not_confirmed", about, "Nothing is compared or answered before the person's identity is confirmed."),
        (
            "rights.alone",
            about,
            (
                "One member confirms the identity, another searches; neither has sent the request. Only faces that may "
                f"be the person's are listed, {FACES} at first, without score, rank, source or order."
            ),
        ),
        (
            "rights.document_number",
            about,
            "How identity was confirmed is recorded in words, without a document's number or copy.",
        ),
        (
            "rights.extension",
            about,
            (
                f"A request is answered within {counted(policy.rights_days, 'day')} of receipt. "
                f"The deadline can be extended once, by at most {MAX_EXTENSION} days, with a reason."
            ),
        ),
        (
            "rights.not_searched",
            about,
            "The photograph and references that the person gave are searched for before the answer.",
        ),
        ("rights.undecided", about, "A person decides for each face whether it shows the person who asks."),
        ("rights.closed", about, "An answer is final; the person can complain or make a new request."),
        (
            "rights.open_cases",
            about,
            "The answer gives, for searches under open cases, "
            + ("their number." if policy.rights_open_cases == COUNT else "nothing, not even whether there are any."),
        ),
    ]


def _disclosure(policy: AgencyPolicy) -> list[tuple[str, str, str]]:
    shown = disclosed_pictures(policy.disclosure_pictures)
    whole = "The list with its scores and templates is always complete."
    return [
        (
            "disclosure.pictures",
            "disclosure",
            "A disclosure shows the pictures of all candidates, of examined candidates, or of none.",
        ),
        (
            "disclosure.reason",
            "disclosure",
            f"{shown}. More may be shown at any time, fewer only for a reason that is stated in the package. {whole}",
        ),
        (
            "disclosure.large",
            "disclosure",
            "A package made on a page has at most 1 GiB; the platform operator can make larger ones.",
        ),
    ]
