"""The rules of webhooks: where an agency's own systems may be reached, and of what they are told.

Owns the addresses that are accepted and the list of events. A message names things by their ids and never says anything
about a person.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

from plainview.policy.addresses import is_open, literal
from plainview.policy.decision import Allow, Decision, Refused

MAX_ADDRESS = 500
"""Longest address of a webhook, characters: the column's."""

MAX_ROTATION_HOURS = 24 * 7
"""Longest time for which an earlier secret still signs, hours: chosen, a week."""

EVENTS: Mapping[str, str] = MappingProxyType(
    {
        "case.opened": "A case was opened.",
        "case.closed": "A case was closed.",
        "approval.requested": "A search waits for a supervisor's approval.",
        "approval.granted": "A supervisor approved a search.",
        "approval.denied": "A supervisor denied a search.",
        "search.requested": "A search was recorded.",
        "search.answered": "A search has its candidate list.",
        "search.withheld": "A rule stopped a search; it has no answer.",
        "search.authorised": "A supervisor authorised an urgent search afterwards.",
        "search.erased": "A search was erased.",
        "alert.created": "An alert was created.",
        "alert.raised": "An alert raised candidates.",
        "alert.renewed": "An alert was extended.",
        "alert.ended": "An alert ended.",
        "alert.erased": "An alert was erased.",
        "examination.recorded": "An examiner recorded a conclusion about a candidate.",
        "verification.assigned": "A verification was assigned.",
        "verification.recorded": "A verifier recorded an answer.",
        "lead.released": "A supervisor released a candidate as a lead.",
        "lead.withheld": "A supervisor decided not to release a candidate.",
        "lead.evidence_recorded": "Independent evidence of a lead was recorded.",
        "outcome.reported": "The outcome of a lead was reported.",
        "outcome.reminded": "The outcome of a lead is overdue.",
        "disclosure.made": "A disclosure package was made.",
        "disclosure.granted": "Access to a search was granted.",
        "disclosure.revoked": "Access to a search was ended.",
        "exoneration.asked": "An exoneration review was asked for.",
        "exoneration.decided": "An exoneration review was accepted or declined.",
        "exoneration.answered": "An exoneration review was answered.",
        "shared.requested": "An agency was asked to search for another.",
        "shared.authorised": "A request to another agency was authorised.",
        "shared.answered": "A request to another agency was answered.",
        "shared.closed": "A request to another agency ended.",
        "shared.erased": "An ended request to another agency was erased.",
        "video.received": "The upload of a video ended.",
        "video.processed": "A video was processed.",
        "video.failed": "A video could not be processed.",
        "video.erased": "A video was erased.",
        "enrolment.finished": "An enrolment ended.",
        "enrolment.stopped": "An enrolment was cancelled or failed.",
        "reference.erased": "A reference was erased.",
        "feed.withdrawn": "A publisher withdrew notices of a feed.",
        "retention.proposed": "A list of things to be erased was proposed.",
        "retention.approved": "A list of things to be erased was approved.",
        "retention.done": "A list of things to be erased was carried out.",
        "canary.alarm": "A gallery failed its check.",
        "flag.raised": "A misuse rule raised a flag for the auditors.",
        "flag.decided": "An auditor decided a flag.",
        "rights.received": "A person asked what the agency has about them.",
        "rights.answered": "A person who asked was answered.",
        "rights.refused": "A person's request was refused.",
        "job.done": "A background job ended.",
        "job.failed": "A background job failed.",
        "job.cancelled": "A background job was cancelled.",
        "webhook.test": "A member sent a test.",
    }
)
"""Type of a message -> what happened, in one sentence. Names are never changed: receivers have them in their code."""


def webhook_address(url: str, *, sample: bool, private: bool = False) -> Decision:
    """Allow an https address on the public internet; in a sample workspace also this machine's own http address.

    Args:
        url: the address.
        sample: the workspace's agency is made up.
        private: the operator allows addresses that are not public.
    """
    try:
        parts = urlsplit(url.strip())
        host, _ = parts.hostname, parts.port
    except ValueError:  # e.g. half of an IPv6 address
        parts, host = None, None
    if parts is None or not host or parts.fragment or len(url.strip()) > MAX_ADDRESS or not url.strip().isprintable():
        return _refused("The address does not begin with https://, or cannot be read.")
    local = sample and parts.scheme == "http" and host in ("127.0.0.1", "localhost", "::1")
    if parts.scheme != "https" and not local:
        return _refused("The address does not begin with https://.")
    written = literal(host) or ("127.0.0.1" if host == "localhost" or host.endswith(".localhost") else None)
    if written is not None and not local and not is_open(written, private=private):
        return Refused(
            "webhook.network",
            "Webhook refused",
            f"The address leads to {written}, which is not on the public internet.",
            "Give an address on the public internet, or ask the operator to allow your own network.",
        )
    return Allow()


def webhook_events(events: Collection[str]) -> Decision:
    """Allow a choice of known events."""
    unknown = sorted(set(events) - set(EVENTS))
    if unknown:
        return Refused(
            "webhook.events",
            "Webhook refused",
            f"There is no event {unknown[0]!r}.",
            "Choose events from the list in the documentation of webhooks.",
        )
    return Allow()


def webhook_rotation(hours: int) -> Decision:
    """Allow an earlier secret to sign for up to a week."""
    if not 0 <= hours <= MAX_ROTATION_HOURS:
        return Refused(
            "webhook.rotation",
            "Secret not changed",
            f"The hours for which the earlier secret still signs are not between 0 and {MAX_ROTATION_HOURS}.",
            "Choose hours in this range, such as 24.",
        )
    return Allow()


def _refused(why: str) -> Refused:
    return Refused(
        "webhook.address",
        "Webhook refused",
        why,
        "Give an https:// address, so that nobody in between can read or change what is sent.",
    )
