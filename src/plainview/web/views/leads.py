"""The fifth step: examinations waiting for a supervisor's decision, the decision, and leads with their outcome."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainview.casework import find
from plainview.casework.examination import read as looked
from plainview.casework.leads import decide as acts
from plainview.casework.leads import read
from plainview.casework.leads.sheet import make_sheet
from plainview.casework.models import Candidate, Lead, Member
from plainview.casework.pictures import EXAMINED, PAIR
from plainview.policy import examination as looking
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.roles import holds
from plainview.recognition.errors import BadMedia
from plainview.storage.base import StorageError
from plainview.web.views.common import beside, member_of, picture, require_shown, say, shown

_EXPLAIN = {"rows": 3}


class ReleaseForm(forms.Form):
    """The checks, an answer (c0, c1, …) and words (w0, w1, …) for each, existing evidence, and the reason for an override."""

    evidence = forms.CharField(
        required=False,
        label="Independent evidence, if any",
        help_text="Evidence that does not depend on the candidate list. Without it the lead is locked: no line-up, no photograph shown to a witness.",
        widget=forms.Textarea(attrs=_EXPLAIN),
    )
    override = forms.CharField(
        required=False,
        label="Reason",
        help_text="Why it is released although a check contradicts. Printed on the lead sheet and disclosed to the defence.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *arguments: Any, divided: bool, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for i, name in enumerate(looking.CONTRADICTIONS):
            self.fields[f"c{i}"] = forms.ChoiceField(
                label=name.capitalize(),
                help_text=_ASKS[name],
                choices=[(word, word.capitalize()) for word in looking.CHECKS],
                widget=forms.RadioSelect,
            )
            self.fields[f"w{i}"] = forms.CharField(label=f"{name.capitalize()}: details", widget=forms.TextInput())
        if divided:
            self.fields["override"].required = True
            self.fields[
                "override"
            ].help_text = "Why it is released although the verifiers disagreed. Printed on the lead sheet and disclosed to the defence."

    def contradictions(self) -> dict[str, str]:
        """Return the answers, by the words of the rule: "checked: …"."""
        return {
            name: f"{self.cleaned_data[f'c{i}']}: {self.cleaned_data[f'w{i}']}"
            for i, name in enumerate(looking.CONTRADICTIONS)
        }

    def asked(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """Return (answer, words) of each check."""
        return [(self[f"c{i}"], self[f"w{i}"]) for i, _ in enumerate(looking.CONTRADICTIONS)]

    def clean_evidence(self) -> str:
        """Refuse evidence that explains nothing; it may be left out."""
        text = str(self.cleaned_data["evidence"]).strip()
        answer = looking.explained(text, "The evidence") if text else None
        if isinstance(answer, Refused):
            raise forms.ValidationError(f"{answer.why} {answer.next_step}", code=answer.rule_id)
        return text


_ASKS = {
    "alibi": "Where was the person at the time, and who confirms it?",
    "marks and tattoos": "Does the person have marks that the probe does not show, or the reverse?",
    "height and build": "Do they fit what is known about the person sought: pregnancy, injury, build?",
    "age": "How old was each person when the pictures were taken?",
    "place and time": "Could the person have been there: in prison, abroad, in another state?",
}


class ReasonForm(forms.Form):
    """The reason for not releasing."""

    reason = forms.CharField(label="Reason", widget=forms.Textarea(attrs=_EXPLAIN))


class EvidenceForm(forms.Form):
    """Independent evidence."""

    evidence = forms.CharField(
        label="Independent evidence",
        help_text="What links the person to the case without the candidate list.",
        widget=forms.Textarea(attrs=_EXPLAIN),
    )


class OutcomeForm(forms.Form):
    """The outcome of a lead."""

    outcome = forms.ChoiceField(
        label="Outcome",
        choices=[(word, word.capitalize()) for word in looking.OUTCOMES],
        widget=forms.RadioSelect,
    )
    note = forms.CharField(required=False, label="Details", widget=forms.Textarea(attrs=_EXPLAIN))


@require_GET
def leads(request: HttpRequest) -> HttpResponse:
    """Show examinations waiting for a decision, released leads, and leads without an outcome."""
    member = member_of(request)
    decides = holds(member.roles, Permission.LEAD_RELEASE)
    rows = looked.leads(member)
    for lead in rows:
        lead.newest = max(lead.outcomes.all(), key=lambda outcome: outcome.pk, default=None)  # type: ignore[attr-defined]
    return render(
        request,
        "leads/list.html",
        {
            "decides": decides,
            "decisions": _by_state(read.decisions(member)) if decides else [],
            "leads": rows,
            "withheld": read.withheld(member) if decides else [],
            "due": read.outcomes_due(member),
        },
    )


def _by_state(decisions: list[read.Due]) -> list[tuple[str, list[read.Due]]]:
    """Return what the supervisor can decide now, and what still waits for a verifier, each with its heading."""
    ready = [due for due in decisions if due.state != "waiting"]
    early = [due for due in decisions if due.state == "waiting"]
    return [("For your decision", ready), *([("Waiting for verification", early)] if early else [])]


@require_http_methods(["GET", "POST"])
def release(request: HttpRequest, public_id: str) -> HttpResponse:
    """Decide on an examined and verified candidate."""
    member = member_of(request)
    due = read.due(find.examination(public_id, member))
    form = ReleaseForm(request.POST or None, divided=due.state == "divided")
    if request.method == "POST" and form.is_valid():
        lead = _released(public_id, form, member)
        if lead is not None:
            messages.success(request, f"Lead {lead.public_id} released.")
            return redirect("lead", lead.public_id)
    return _release_page(request, public_id, form, ReasonForm())


def _released(public_id: str, form: ReleaseForm, member: Member) -> Lead | None:
    try:
        lead = acts.release(
            public_id,
            contradictions=form.contradictions(),
            override=form.cleaned_data.get("override", ""),
            acting_member=member,
        )
        if form.cleaned_data["evidence"]:
            acts.record_evidence(lead.public_id, form.cleaned_data["evidence"], acting_member=member)
    except Refused as refused:
        say(form, refused)
        return None
    return lead


@require_POST
def withhold(request: HttpRequest, public_id: str) -> HttpResponse:
    """Decline to release a candidate, with the reason."""
    member, form = member_of(request), ReasonForm(request.POST)
    if form.is_valid():
        with beside(form, "reason"):
            acts.withhold(public_id, form.cleaned_data["reason"], acting_member=member)
            messages.success(request, "Not released. The reason is on record.")
            return redirect("leads")
    due = read.due(find.examination(public_id, member))
    return _release_page(request, public_id, ReleaseForm(divided=due.state == "divided"), form)


def _release_page(request: HttpRequest, public_id: str, form: ReleaseForm, reason: ReasonForm) -> HttpResponse:
    member = member_of(request)
    examination = acts.view_decision(public_id, acting_member=member)
    shown(request, examination.public_id)
    due = read.due(examination)
    worked = {
        examination.member_id,
        examination.candidate.search.member_id,
        *(verdict.verifier.pk for verdict in due.verdicts),
    }
    decided = getattr(examination, "lead", None) or getattr(examination, "withheld", None)
    return render(
        request,
        "leads/release.html",
        {
            "examination": examination,
            "due": due,
            "facts": read.facts_about(examination),
            "form": form,
            "reason_form": reason,
            "statement": looking.STATEMENT,
            "own": member.pk in worked,
            "decided": decided,
            "may_decide": decided is None and member.pk not in worked,
        },
    )


@require_GET
def release_picture(request: HttpRequest, public_id: str, which: str) -> HttpResponse:
    """Return the probe or candidate of an examination waiting for a decision."""
    examination = find.examination(public_id, member_of(request))
    require_shown(request, examination.public_id)
    return _face(examination.candidate, which, request)


@require_GET
def lead(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show one lead."""
    return _lead_page(request, public_id, EvidenceForm(), OutcomeForm())


def _lead_page(request: HttpRequest, public_id: str, evidence: EvidenceForm, outcome: OutcomeForm) -> HttpResponse:
    member = member_of(request)
    lead = acts.view_lead(public_id, acting_member=member)
    shown(request, lead.public_id)
    return render(
        request,
        "leads/lead.html",
        {
            "lead": lead,
            "due": read.due(lead.examination),
            "facts": read.facts_about(lead.examination),
            "outcomes": read.outcomes_of(lead),
            "statement": looking.STATEMENT,
            "checked": [(name, lead.contradictions.get(name, "")) for name in looking.CONTRADICTIONS],
            "evidence_form": evidence,
            "outcome_form": outcome,
            "decides": holds(member.roles, Permission.LEAD_RELEASE),
            "reports": holds(member.roles, Permission.OUTCOME_REPORT),
        },
    )


@require_GET
def lead_picture(request: HttpRequest, public_id: str, which: str) -> HttpResponse:
    """Return the probe or candidate of a lead."""
    lead = read.lead_shown(public_id, member_of(request))
    require_shown(request, lead.public_id)
    return _face(lead.examination.candidate, which, request)


def _face(candidate: Candidate, which: str, request: HttpRequest) -> HttpResponse:
    """Return a face: small for a list (`side`), half as large beside the other one (`pair`), or as it was examined."""
    try:
        if "side" in request.GET:
            data = read.small_face_of(candidate, which)
        else:
            data = read.face_of(candidate, which, side=PAIR if "pair" in request.GET else EXAMINED)
    except (BadMedia, StorageError):
        data = None
    if data is None:
        raise Http404
    return picture(data)


@require_POST
def evidence(request: HttpRequest, public_id: str) -> HttpResponse:
    """Record independent evidence, which opens the lead for a line-up."""
    form = EvidenceForm(request.POST)
    if form.is_valid():
        with beside(form, "evidence"):
            acts.record_evidence(public_id, form.cleaned_data["evidence"], acting_member=member_of(request))
            messages.success(request, "Evidence recorded.")
            return redirect("lead", public_id)
    return _lead_page(request, public_id, form, OutcomeForm())


@require_POST
def outcome(request: HttpRequest, public_id: str) -> HttpResponse:
    """Report the outcome of a lead."""
    form = OutcomeForm(request.POST)
    if form.is_valid():
        form_data = form.cleaned_data
        acts.report_outcome(public_id, form_data["outcome"], reason=form_data["note"], acting_member=member_of(request))
        messages.success(request, "Outcome reported.")
        return redirect("lead", public_id)
    return _lead_page(request, public_id, EvidenceForm(), form)


@require_GET
def sheet(request: HttpRequest, public_id: str) -> HttpResponse:
    """Return the lead sheet as PDF."""
    sheet = make_sheet(public_id, acting_member=member_of(request))
    answer = HttpResponse(sheet.pdf, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="lead-{sheet.lead.public_id}.pdf"'
    return answer
