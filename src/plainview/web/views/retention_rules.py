"""The retention rules of an agency, and their change: as a form or as a file, after a trial, by two members."""

from __future__ import annotations

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from plainview.casework.galleries.read import galleries
from plainview.casework.proposals.make import propose
from plainview.casework.retention import read
from plainview.casework.retention.dry_run import dry_run
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.proposals import Kind
from plainview.policy.retention import BEGINNING, COUNTED, MAX_DAYS, OF_CASES, OF_REFERENCES, SUBJECTS, parse
from plainview.policy.roles import holds
from plainview.web.retention_form import approval, differences, posted_rows, rows, text_of
from plainview.web.views.common import member_of, say
from plainview.web.views.proposals import proposed

_AFTER = (
    ("References", [(after.value, COUNTED[after]) for after in COUNTED if after in OF_REFERENCES - OF_CASES]),
    ("References, or everything of a case", [(a.value, COUNTED[a]) for a in COUNTED if a in OF_REFERENCES & OF_CASES]),
    ("Everything of a case", [(after.value, COUNTED[after]) for after in COUNTED if after in OF_CASES - OF_REFERENCES]),
)
"""What a rule may count from, in the groups of a list: (rule about, [(value, words)])."""


class RulesForm(forms.Form):
    """All rules as text, and the reason for the change."""

    text = forms.CharField(
        label="Rules",
        strip=False,
        widget=forms.Textarea(attrs={"class": "tall", "spellcheck": "false"}),
        help_text="TOML. Each [[rule]] has id, what, after and days, and a gallery or a case if it applies only to that.",
    )
    why = forms.CharField(
        label="Reason for the change", required=False, help_text="One sentence. It is recorded, sealed."
    )

    def clean_text(self) -> str:
        """Return the text with the line ends of a file, whatever the browser sent."""
        return str(self.cleaned_data["text"]).replace("\r\n", "\n")


@require_http_methods(["GET", "POST"])
def retention_rules_page(request: HttpRequest) -> HttpResponse:
    """Show the rules with their versions; an administrator tries others, and proposes them."""
    member = member_of(request)
    version, now = read.rules_of(member.agency)
    posted = request.POST.copy() if request.method == "POST" else None
    as_file = "file" in request.GET or (posted is not None and "text" in posted)
    if posted is not None and not as_file:
        posted["text"] = text_of(posted)
    form = RulesForm(posted, initial={"text": version.text if version else BEGINNING})
    after, trial, typed = now, None, None
    if posted is not None and form.is_valid():
        text, why = form.cleaned_data["text"], form.cleaned_data["why"]
        typed = None if as_file else posted_rows(posted, now)
        try:
            after, typed = parse(text), None
            if posted.get("do") == "propose":
                return proposed(request, propose(Kind.RETENTION, {"text": text}, reason=why, acting_member=member))
            trial = dry_run(after, member.agency, timezone.now().date()) if posted.get("do") == "try" else None
        except Refused as refused:
            if refused.rule_id == "member.no_permission":
                raise
            say(form, refused, "why" if refused.rule_id in ("examination.explain", "proposal.reason") else None)
    may_change = holds(member.roles, Permission.RETENTION_SET)
    return render(
        request,
        "retention/rules.html",
        {
            "version": version,
            "rules": now,
            "approval": approval(now),
            "history": read.rules_history(member),
            "form": form if may_change else None,
            "rows": typed or rows(now, after),
            "automatic": after.automatic if typed is None else bool(posted and posted.get("automatic") == "yes"),
            "kinds": [(kind.value, words) for kind, words in SUBJECTS.items()],
            "events": _AFTER,
            "galleries": galleries(member) if may_change else [],
            "most_days": MAX_DAYS,
            "difference": differences(now, after),
            "trial": trial,
            "days": read.AHEAD_DAYS,
            "as_file": as_file,
        },
    )
