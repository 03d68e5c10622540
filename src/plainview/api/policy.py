"""The agency's policy: its rules, a trial of another text on past searches, and its proposal to a second member."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from ninja import Body
from pydantic import Field

from plainview.api import proposals
from plainview.api.common import In, Moment, Out, Text, etag_of, member_of, require_match
from plainview.casework.people.read import binding
from plainview.casework.proposals.make import propose
from plainview.casework.search.dry_run import DRY_RUN_DAYS, dry_run
from plainview.policy.agency import parse
from plainview.policy.proposals import Kind
from plainview.policy.sentences import differences
from plainview.policy.table import table


class RuleOut(Out):
    """A rule that binds the agency."""

    id: str
    of: str
    says: str


class PolicyOut(Out):
    """The policy in force."""

    agency: str
    version: int
    changed_at: Moment
    text: str = Field(description="TOML.")
    rules: list[RuleOut]


class PolicyIn(In):
    """Another policy, whole."""

    text: str = Field(max_length=100_000, description="TOML, as the policy in force is answered.")


class PolicyProposal(PolicyIn):
    """Another policy, and why."""

    reason: Text = Field(description="Every member of the agency can read it.")


class DifferenceOut(Out):
    """A rule that would change, in words."""

    name: str
    before: str
    after: str


class TriedOut(Out):
    """What another policy would have meant for the searches of the last days."""

    days: int
    searches: int
    refused: int
    by_rule: dict[str, int] = Field(description="Rule -> searches that it would have refused.")
    differences: list[DifferenceOut]


def policy_show(request: HttpRequest, response: HttpResponse) -> PolicyOut:
    """Return the policy that binds your agency; its version is in the header ETag."""
    agency = member_of(request).agency
    version, values = binding(agency)
    response.headers["ETag"] = etag_of(version.number, version.text)
    return PolicyOut(
        agency=agency.name,
        version=version.number,
        changed_at=version.changed_at,
        text=version.text,
        rules=[RuleOut(id=rule.rule_id, of=rule.of, says=rule.says) for rule in table(values)],
    )


def policy_try(request: HttpRequest, wanted: Body[PolicyIn]) -> TriedOut:
    """Run the searches of the last days against another policy; nothing changes."""
    member = member_of(request)
    _, now = binding(member.agency)
    after = parse(wanted.text)
    dry = dry_run(after, member)
    return TriedOut(
        days=DRY_RUN_DAYS,
        searches=dry.searches,
        refused=dry.refused,
        by_rule=dict(dry.by_rule),
        differences=[DifferenceOut(name=name, before=old, after=new) for name, old, new in differences(now, after)],
    )


def policy_change(request: HttpRequest, response: HttpResponse, wanted: Body[PolicyProposal]) -> proposals.ProposalOut:
    """Propose another policy; another member approves it. With If-Match, only of that version."""
    member = member_of(request)
    version, _ = binding(member.agency)
    response.headers["ETag"] = etag_of(version.number, version.text)
    require_match(request, response.headers["ETag"])
    proposed = propose(Kind.POLICY, {"text": wanted.text}, reason=wanted.reason, acting_member=member)
    return proposals.shown(proposed)
