"""People, rules and the record: the agency's policy, and its change after a dry run, by two members."""

from __future__ import annotations

from itertools import groupby

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_http_methods

from plainview.casework.people.read import binding, history, policy_text
from plainview.casework.proposals.make import propose
from plainview.casework.search.dry_run import DRY_RUN_DAYS, DryRun, dry_run
from plainview.policy.agency import AgencyPolicy, parse
from plainview.policy.decision import Refused
from plainview.policy.permissions import MEANINGS, Permission
from plainview.policy.proposals import Kind
from plainview.policy.roles import GRANTS, Role, holds
from plainview.policy.sentences import differences
from plainview.policy.table import table
from plainview.web.rules_form import rows, text_of
from plainview.web.views.common import member_of, say
from plainview.web.views.proposals import proposed


class PolicyForm(forms.Form):
    """The whole policy as text, and the reason for the change."""

    text = forms.CharField(
        label="Policy",
        strip=False,
        widget=forms.Textarea(attrs={"class": "tall", "spellcheck": "false"}),
        help_text="TOML. Every field is required; unknown fields are refused.",
    )
    why = forms.CharField(
        label="Reason for the change", required=False, help_text="Every member of the agency can read it."
    )

    def clean_text(self) -> str:
        """Return the text with the line ends of a file, whatever the browser sent."""
        return str(self.cleaned_data["text"]).replace("\r\n", "\n")


@require_GET
def policy(request: HttpRequest) -> HttpResponse:
    """Show the rules that bind the member's agency."""
    member = member_of(request)
    version, values = binding(member.agency)
    every = table(values)
    order = {of: i for i, of in reversed(list(enumerate(rule.of for rule in every)))}
    grouped = groupby(sorted(every, key=lambda rule: order[rule.of]), key=lambda rule: rule.of)
    return render(
        request,
        "policy.html",
        {
            "agency": member.agency,
            "version": version,
            "history": history(member),
            "undecided": policy_text(member.agency)[1],
            "groups": [{"of": of, "rules": list(rules)} for of, rules in grouped],
            "roles": _roles(list(member.roles), values),
            "changes": holds(member.roles, Permission.POLICY_CHANGE),
        },
    )


def _roles(own: list[str], values: AgencyPolicy) -> list[dict[str, object]]:
    common = frozenset.intersection(*GRANTS.values())
    return [
        {
            "name": role.value,
            "own": role.value in own,
            "may": [MEANINGS[need] for need in Permission if need in GRANTS[role] - common],
            "training": f"{values.training[role].hours} hours of {values.training[role].course}"
            if role in values.training
            else "",
        }
        for role in Role
        if role is not Role.OPERATOR
    ]


@require_http_methods(["GET", "POST"])
def policy_change(request: HttpRequest) -> HttpResponse:
    """Try a policy on the last months' searches, or propose it for the agency."""
    member = member_of(request)
    stored, undecided = policy_text(member.agency)
    _, now = binding(member.agency)
    posted = request.POST.copy() if request.method == "POST" else None
    if posted is not None and "text" not in posted:  # the form of rules; the file itself is posted as it is
        posted["text"] = text_of(posted, now)
    form = PolicyForm(posted, initial={"text": stored})
    dry: DryRun | None = None
    after = now
    if posted is not None and form.is_valid():
        text, why = form.cleaned_data["text"], form.cleaned_data["why"]
        try:
            after = parse(text)
            if request.POST.get("do") == "change":
                return proposed(request, propose(Kind.POLICY, {"text": text}, reason=why, acting_member=member))
            if request.POST.get("do") == "try":
                dry = dry_run(after, member)
        except Refused as refused:
            say(form, refused, {"proposal.reason": "why"}.get(refused.rule_id))
    context = {
        "form": form,
        "rows": rows(now, after),
        "difference": differences(now, after),
        "undecided": undecided,
        "dry": dry,
        "rules": sorted(dry.by_rule.items()) if dry else [],
        "days": DRY_RUN_DAYS,
        "as_file": "file" in request.GET or (posted is not None and "text" in request.POST),
    }
    return render(request, "policy_change.html", context)
