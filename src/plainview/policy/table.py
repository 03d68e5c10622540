"""The rulebook in plain words, with an agency's own values: what `plainview policy show` and the page print.

Owns one row for every rule id with which anything is refused by rule; a test compares them with the code.
"""

from __future__ import annotations

from dataclasses import dataclass

from plainview.policy.agency import MAX_URGENT_HOURS, MIN_LIST, STOP, AgencyPolicy
from plainview.policy.alerts import MAX_ONE_IN, MIN_ONE_IN
from plainview.policy.disclosure import EXONERATION, disclosed_pictures
from plainview.policy.grounds import REFUSED_GROUNDS
from plainview.policy.joining import INVITATION_DAYS, MAX_OUTSIDER_DAYS
from plainview.policy.retention import LEAST_WORDS, MAX_DAYS
from plainview.policy.rights import COUNT, FILED, MAX_EXTENSION, NAMED, UNCONFIRMED
from plainview.policy.roles import Role
from plainview.policy.search import NOT_PHOTOGRAPHED, ORIGINS
from plainview.policy.sharing import GIVES, MAX_AGREEMENT_DAYS, MAX_ANSWER_DAYS
from plainview.policy.video import SIZE_RULES


@dataclass(frozen=True, slots=True)
class Row:
    """One rule: its id, what it is about, and what it says in this agency."""

    rule_id: str
    of: str
    says: str


def table(policy: AgencyPolicy) -> list[Row]:
    """Every rule, in the order in which a search meets them, then those of joining and of galleries."""
    rows = (
        *_search(policy),
        *_joining(policy),
        *_alerts(policy),
        *_galleries(),
        *_sharing(),
        *_rights(policy),
        *_disclosure(policy),
        *_retention(),
        *SIZE_RULES,
    )
    return [Row(*row) for row in rows]


def _search(policy: AgencyPolicy) -> list[tuple[str, str, str]]:
    needed = policy.training[Role.EXAMINER]
    offences, purposes = "; ".join(policy.offences), "; ".join(policy.purposes)
    grounds = "; ".join(ground.name for ground in REFUSED_GROUNDS)
    beforehand = "every offence" if "all" in policy.preapproval else "; ".join(policy.preapproval) or "no offence"
    urgent = (
        f"When life is at risk a search may be run without approval; a supervisor authorises it within "
        f"{policy.urgent_hours} hours (never more than {MAX_URGENT_HOURS}), or it and its data are erased."
        if policy.urgent
        else "There is no urgent path."
    )
    canary = "nothing is searched in it." if policy.canary_alarm == STOP else "every search of it carries a caution."
    return [
        ("member.inactive", "every act", "Only an active account acts."),
        ("member.ended", "every act", "An outsider's account ends with its last day."),
        ("member.no_permission", "every act", "A member does only what one of their roles grants."),
        ("agency.not_open", "every act", "The agency's head has accepted the terms and the operator has opened it."),
        ("trial.not_approved", "search", "A member on trial searches only after a supervisor approved the trial."),
        ("trial.ended", "search", "A trial ends with its last day."),
        ("trial.used_up", "search", "A trial ends with its last search."),
        ("member.training", "search", f"Whoever searches has {needed.hours} hours of {needed.course}, not expired."),
        ("case.missing", "search", "A search names a case."),
        ("search.purpose_missing", "search", "A search states a purpose."),
        ("search.purpose_reserved", "search", "The purpose of data subjects' requests serves no other search."),
        ("search.review_missing", "search", f"The purpose {EXONERATION!r} needs a request for such a review."),
        ("search.review_purpose", "search", "A review that was requested is searched for that purpose only."),
        ("search.list_length", "search", f"A candidate list has {MIN_LIST} to {policy.list_max} rows."),
        ("search.ground", "search, case", f"Nobody is searched for: {grounds}."),
        (
            "search.purpose_unlisted",
            "search",
            f"Purposes: {purposes}" + (", or another that is stated." if policy.unlisted_purposes else "."),
        ),
        ("probe.not_photographed", "search", f"A probe is never a {', '.join(NOT_PHOTOGRAPHED)} picture."),
        (
            "probe.origin_missing",
            "search",
            "Where the probe comes from " + ("must" if policy.origin_required else "may") + " be declared.",
        ),
        ("probe.origin_unknown", "search", f"Origins: {'; '.join(ORIGINS)}."),
        ("case.unknown", "search", "The case is one of the member's own agency."),
        ("case.closed", "search", "Nothing is searched under a closed case."),
        (
            "case.offence_unlisted",
            "search, case",
            f"Offences: {offences}" + (", or another that is stated." if policy.unlisted_offences else "."),
        ),
        ("gallery.unknown", "search", "The gallery is one of the member's own agency."),
        ("gallery.expired", "search", "Nobody uses a gallery whose legal basis has ended."),
        ("gallery.pack", "search, enrolment", "A gallery is used once all its templates are of the loaded model pack."),
        ("gallery.offence", "search", "A gallery is used only for the offences that its passport names, if any."),
        (
            "gallery.canary_alarm",
            "search",
            f"While a canary alarm of the gallery is open, {canary} Canaries check it every {policy.canary_hours} hours.",
        ),
        ("search.urgent_closed", "search", urgent),
        ("search.approval_needed", "search", f"A supervisor approves beforehand for: {beforehand}."),
        ("search.one_approval", "search", "An approval is of one search: each gallery needs its own."),
        (
            "probe.quality_floor",
            "search",
            f"A probe of quality below {policy.quality_floor} (of 100) needs a supervisor's approval.",
        ),
    ]


def _joining(policy: AgencyPolicy) -> list[tuple[str, str, str]]:
    return [
        ("agency.terms", "joining", "An agency is opened only after its head accepted the terms."),
        ("member.address", "joining", "An invitation goes to one address."),
        ("member.role_unknown", "joining", "Only the roles of the rulebook exist."),
        ("member.roles_conflict", "joining", "Administrators and auditors hold no other role."),
        (
            "member.last_day",
            "joining",
            f"An outsider (defence, outside auditor) is invited until a day within {MAX_OUTSIDER_DAYS} days; nobody else is.",
        ),
        ("member.defence", "joining", "The defence is invited to the disclosure of a named search only."),
        ("member.outsider", "joining", "Nobody becomes or ceases to be an outsider by a change of roles."),
        ("member.own_act", "joining", "Nobody decides about themself: roles, training, trial, approval."),
        ("invitation.invalid", "joining", f"An invitation is used once, within {INVITATION_DAYS} days."),
        ("trial.length", "joining", f"A trial lasts at most {policy.trial_days} days."),
        ("trial.searches", "joining", f"A trial allows at most {policy.trial_searches} searches."),
    ]


def _alerts(policy: AgencyPolicy) -> list[tuple[str, str, str]]:
    return [
        (
            "alert.days",
            "alert",
            f"An alert ends after at most {policy.alert_days} days, unless a supervisor renews it; with its case too"
            + (", or is kept for a case closed unsolved and reviewed every year." if policy.unsolved_alerts else "."),
        ),
        (
            "alert.one_in",
            "alert",
            f"It says how rare a false alert is: one in {MIN_ONE_IN:,} to {MAX_ONE_IN:,} new references.",
        ),
        ("alert.not_measured", "alert", "It promises no rarer false alerts than the gallery's own figures reach."),
        ("webhook.address", "alert", "A webhook is an https address."),
        ("alert.hours", "alert", "Quiet hours and digests are hours that exist."),
    ]


def _galleries() -> list[tuple[str, str, str]]:
    return [
        ("feed.passport", "feed", "A published feed names its publisher and its legal basis."),
        ("feed.address", "feed", "A feed is one list on one https host."),
        ("feed.rate", "feed", "A feed pauses between two requests."),
        (
            "feed.host",
            "feed",
            "Only links of the list, on the host of the list, are fetched; no page ever is.",
        ),
        ("feed.stopped", "feed", "A feed that was stopped fetches nothing any more."),
        ("gallery.passport", "gallery", "A gallery states its legal basis, its source and its owner."),
    ]


def _sharing() -> list[tuple[str, str, str]]:
    searched = "shared search"
    return [
        ("agreement.galleries", "agreement", "An agreement names galleries of the agency that searches."),
        ("agreement.days", "agreement", f"It has a first and a last day, at most {MAX_AGREEMENT_DAYS} days apart."),
        ("agreement.gives", "agreement", f"It says what the agency that asks gets: {' or '.join(GIVES)}."),
        ("agreement.answer_days", "agreement", f"A request expires after the days it names, 1 to {MAX_ANSWER_DAYS}."),
        ("agreement.not_accepted", searched, "One agency proposes an agreement, the other accepts it."),
        ("agreement.withdrawn", searched, "Once either agency withdraws, nothing runs: neither new nor under way."),
        ("agreement.not_begun", searched, "Nothing runs before the first day of an agreement."),
        ("agreement.ended", searched, "Nothing runs after its last day; a search under way is not answered."),
        ("shared.closed", searched, "What was answered, declined or taken back is over."),
        ("shared.expired", searched, "A request that is not answered in time is over."),
        ("shared.agency", searched, "Both agencies are open."),
        ("shared.member", searched, "Whoever asked may still ask."),
        ("shared.case", searched, "The case of the agency that asks is open."),
        ("shared.gallery", searched, "The gallery is one that the agreement names."),
        ("shared.asker", searched, "The member who asks is one that the agreement names, if any."),
        ("shared.offence", searched, "The offence is one that the agreement names, if any."),
        ("shared.purpose", searched, "The purpose is one that the agreement names, if any."),
        ("shared.authority", searched, "A request says by what authority it is made."),
        ("shared.not_authorised", searched, "A supervisor of the agency that asks authorises each request."),
        ("shared.not_taken", searched, "Who took a request searches and answers it."),
        ("shared.mirror", "search, alert", "A case that stands for another agency's is searched by its request only."),
        ("shared.not_searched", searched, "Only what was searched is answered; else it is declined with a reason."),
        ("shared.not_examined", searched, "Nothing found is said only by who has looked at the candidates."),
        ("shared.undecided", searched, "Nothing found is not said while a candidate waits for a decision."),
    ]


def _retention() -> list[tuple[str, str, str]]:
    return [
        (
            "hold.in_force",
            "retention",
            "Nothing is erased that a hold keeps, whatever else says so; each hold is ended on its own.",
        ),
        (
            "hold.incomplete",
            "retention",
            f"A hold says why, in {LEAST_WORDS} words at least, and on whose authority.",
        ),
        ("hold.review", "retention", "The review of a hold lies ahead; a hold never ends by itself."),
        (
            "retention.invalid",
            "retention",
            f"A rule erases one kind of thing, 0 to {MAX_DAYS:,} days after one beginning.",
        ),
        ("retention.event_day", "retention", "What a rule counts from has happened."),
        (
            "retention.changed",
            "retention",
            "What is due is erased from a list that one member proposed and another approved, unchanged.",
        ),
    ]


def _rights(policy: AgencyPolicy) -> list[tuple[str, str, str]]:
    about = "request of a person about themself"
    return [
        ("rights.wish", about, "It says what is asked for: access, objection or erasure."),
        ("rights.whose", about, "It says whose pictures they are."),
        ("rights.another_person", about, "A person asks about themself, not about somebody else."),
        ("rights.name", about, "It has a name."),
        ("rights.contact", about, "It says how to reach the person."),
        ("rights.text", about, "Its texts have a bounded length."),
        ("rights.named", about, f"It names at most {NAMED} references or links."),
        ("rights.full", about, f"At most {UNCONFIRMED} requests of an agency wait for the check of identity."),
        ("rights.often", about, f"At most {FILED} requests come from one network within an hour."),
        ("rights.not_confirmed", about, "Nothing is compared or told before somebody has checked who asks."),
        ("rights.document_number", about, "How identity was checked is kept in words; no number, no copy."),
        (
            "rights.extension",
            about,
            f"It is answered within {policy.rights_days} days of receipt, which are extended once, by {MAX_EXTENSION} days at most, with a reason.",
        ),
        ("rights.not_searched", about, "What the person gave is looked for before anything is answered."),
        ("rights.undecided", about, "A person decides face by face which references show whoever asks."),
        ("rights.closed", about, "An answer is final; the person can complain or ask anew."),
        (
            "rights.open_cases",
            about,
            "Of searches under open cases the answer tells "
            + ("their number." if policy.rights_open_cases == COUNT else "nothing, not even whether there are any."),
        ),
    ]


def _disclosure(policy: AgencyPolicy) -> list[tuple[str, str, str]]:
    shown = disclosed_pictures(policy.disclosure_pictures)
    whole = "The list with its scores and templates is always whole."
    return [
        (
            "disclosure.pictures",
            "disclosure",
            "A disclosure shows the pictures of all candidates, of examined ones, or none.",
        ),
        (
            "disclosure.reason",
            "disclosure",
            f"{shown}. More may be shown at any time, fewer only for a reason that stands in the package. {whole}",
        ),
        ("disclosure.large", "disclosure", "A page makes packages of up to a gibibyte; the command makes any."),
    ]
