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
from plainview.policy.roles import Role
from plainview.policy.search import NOT_PHOTOGRAPHED, ORIGINS
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
        *_disclosure(policy),
        *SIZE_RULES,
    )
    return [Row(*row) for row in rows]


def _search(policy: AgencyPolicy) -> list[tuple[str, str, str]]:
    needed = policy.training[Role.EXAMINER]
    offences, purposes = "; ".join(policy.offences), "; ".join(policy.purposes)
    grounds = "; ".join(ground.name for ground in REFUSED_GROUNDS)
    beforehand = (
        "every offence" if "all" in policy.preapproval else "; ".join(policy.preapproval) or "no offence"
    )
    urgent = (
        f"When life is at risk a search may be run without approval; a supervisor authorises it within "
        f"{policy.urgent_hours} hours (never more than {MAX_URGENT_HOURS}), or it and its data are erased."
        if policy.urgent
        else "There is no urgent path."
    )
    canary = (
        "nothing is searched in it."
        if policy.canary_alarm == STOP
        else "every search of it carries a caution."
    )
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
        ("search.review_missing", "search", f"The purpose {EXONERATION!r} needs a request for such a review."),
        ("search.review_purpose", "search", "A review that was requested is searched for that purpose only."),
        ("search.list_length", "search", f"A candidate list has {MIN_LIST} to {policy.list_max} rows."),
        ("search.ground", "search, case", f"Nobody is searched for: {grounds}."),
        (
            "search.purpose_unlisted", "search",
            f"Purposes: {purposes}" + (", or another that is stated." if policy.unlisted_purposes else "."),
        ),
        ("probe.not_photographed", "search", f"A probe is never a {', '.join(NOT_PHOTOGRAPHED)} picture."),
        (
            "probe.origin_missing", "search",
            "Where the probe comes from " + ("must" if policy.origin_required else "may") + " be declared.",
        ),
        ("probe.origin_unknown", "search", f"Origins: {'; '.join(ORIGINS)}."),
        ("case.unknown", "search", "The case is one of the member's own agency."),
        ("case.closed", "search", "Nothing is searched under a closed case."),
        (
            "case.offence_unlisted", "search, case",
            f"Offences: {offences}" + (", or another that is stated." if policy.unlisted_offences else "."),
        ),
        ("gallery.unknown", "search", "The gallery is one of the member's own agency."),
        ("gallery.expired", "search", "Nobody uses a gallery whose legal basis has ended."),
        ("gallery.pack", "search, enrolment", "A gallery is used once all its templates are of the loaded model pack."),
        ("gallery.offence", "search", "A gallery is used only for the offences that its passport names, if any."),
        (
            "gallery.canary_alarm", "search",
            f"While a canary alarm of the gallery is open, {canary} Canaries check it every {policy.canary_hours} hours.",
        ),
        ("search.urgent_closed", "search", urgent),
        ("search.approval_needed", "search", f"A supervisor approves beforehand for: {beforehand}."),
        ("search.one_approval", "search", "An approval is of one search: each gallery needs its own."),
        (
            "probe.quality_floor", "search",
            f"A probe of quality below {policy.quality_floor} (of 100) needs a supervisor's approval.",
        ),
    ]  # fmt: skip


def _joining(policy: AgencyPolicy) -> list[tuple[str, str, str]]:
    return [
        ("agency.terms", "joining", "An agency is opened only after its head accepted the terms."),
        ("member.address", "joining", "An invitation goes to one address."),
        ("member.role_unknown", "joining", "Only the roles of the rulebook exist."),
        ("member.roles_conflict", "joining", "Administrators and auditors hold no other role."),
        (
            "member.last_day", "joining",
            f"An outsider (defence, outside auditor) is invited until a day within {MAX_OUTSIDER_DAYS} days; nobody else is.",
        ),
        ("member.defence", "joining", "The defence is invited to the disclosure of a named search only."),
        ("member.outsider", "joining", "Nobody becomes or ceases to be an outsider by a change of roles."),
        ("member.own_act", "joining", "Nobody decides about themself: roles, training, trial, approval."),
        ("invitation.invalid", "joining", f"An invitation is used once, within {INVITATION_DAYS} days."),
        ("trial.length", "joining", f"A trial lasts at most {policy.trial_days} days."),
        ("trial.searches", "joining", f"A trial allows at most {policy.trial_searches} searches."),
    ]  # fmt: skip


def _alerts(policy: AgencyPolicy) -> list[tuple[str, str, str]]:
    return [
        ("alert.days", "alert", f"An alert ends after at most {policy.alert_days} days, unless a supervisor renews it; with its case too"
         + (", or is kept for a case closed unsolved and reviewed every year." if policy.unsolved_alerts else ".")),
        (
            "alert.one_in", "alert",
            f"It says how rare a false alert is: one in {MIN_ONE_IN:,} to {MAX_ONE_IN:,} new references.",
        ),
        ("alert.not_measured", "alert", "It promises no rarer false alerts than the gallery's own figures reach."),
        ("webhook.address", "alert", "A webhook is an https address."),
        ("alert.hours", "alert", "Quiet hours and digests are hours that exist."),
    ]  # fmt: skip


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


def _disclosure(policy: AgencyPolicy) -> list[tuple[str, str, str]]:
    shown = disclosed_pictures(policy.disclosure_pictures)
    whole = "The list with its scores and templates is always whole."
    return [
        ("disclosure.pictures", "disclosure", "A disclosure shows the pictures of all candidates, of examined ones, or none."),
        (
            "disclosure.reason", "disclosure",
            f"{shown}. More may be shown at any time, fewer only for a reason that stands in the package. {whole}",
        ),
        ("disclosure.large", "disclosure", "A page makes packages of up to a gibibyte; the command makes any."),
    ]  # fmt: skip
