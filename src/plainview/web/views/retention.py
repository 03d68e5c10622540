"""Retention: what is due, outside events, and runs from their proposal to their proof."""

from __future__ import annotations

import json

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from plainview.casework import find
from plainview.casework.erasure.read import holds
from plainview.casework.jobs import job_of
from plainview.casework.models import RetentionItem
from plainview.casework.retention import read
from plainview.casework.retention import rules as retention_rules
from plainview.casework.retention import runs as retention_runs
from plainview.casework.retention.court_orders import COLUMNS
from plainview.casework.retention.outlook import ahead
from plainview.casework.retention.proof import proof_of_run
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.retention import EVENTS, After
from plainview.policy.roles import holds as granted
from plainview.web.plot import HEIGHT, WIDTH, bars
from plainview.web.views.common import beside, member_of, say

_LINES = 100  # lines of a run's list on one page
_SINGULAR = {
    "references": "Reference",
    "searches": "Search",
    "drafts": "Draft",
    "videos": "Video",
    "alerts": "Alert",
}


def _kind(item: RetentionItem) -> str:
    """Return what a line is about; a rule about searches also reaches ended requests to another agency."""
    return "Request" if item.what == "searches" and item.subject.startswith("X") else _SINGULAR[item.what]


class EventForm(forms.Form):
    """An event outside the agency that a rule counts from."""

    kind = forms.ChoiceField(
        label="Event",
        widget=forms.RadioSelect,
        choices=[(kind.value, kind.value.capitalize()) for kind in EVENTS],
    )
    happened_on = forms.DateField(label="Date", widget=forms.DateInput(attrs={"type": "date"}))
    authority = forms.CharField(
        label="Authority", help_text="The court, file or letter. It is recorded in the log, sealed."
    )
    case = forms.CharField(
        label="Case", required=False, help_text="Case number, if a whole case was acquitted or dismissed."
    )
    references = forms.CharField(
        label="References",
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Reference ids of pictures that show the person, one per line.",
    )


class OrderForm(forms.Form):
    """A list from a court."""

    file = forms.FileField(
        label="List (CSV, Excel)",
        help_text=f"Columns: {', '.join(COLUMNS)}. Either the whole list is recorded or nothing.",
    )
    order_authority = forms.CharField(
        label="Court and order", required=False, help_text="For rows that do not name one."
    )


class NoteForm(forms.Form):
    """The reason for an approval."""

    note = forms.CharField(label="What you checked", widget=forms.Textarea(attrs={"rows": 2}))


class WithdrawForm(forms.Form):
    """The reason for withdrawing a list."""

    reason = forms.CharField(label="Reason", widget=forms.Textarea(attrs={"rows": 2}))


@require_GET
def retention(request: HttpRequest) -> HttpResponse:
    """Show what is due now and in the next 90 days, the runs, the rules and the holds."""
    member = member_of(request)
    outlook = ahead(member.agency, timezone.now().date())
    version, rules = read.rules_of(member.agency)
    runs = read.runs(member)
    return render(
        request,
        "retention/overview.html",
        {
            "ahead": outlook,
            "days": read.AHEAD_DAYS,
            "weeks": bars([(f"{day:%-d %b}", count) for day, count in outlook.weeks]),
            "width": WIDTH,
            "height": HEIGHT,
            "coming": sum(count for _, count in outlook.weeks),
            "version": version,
            "rules": rules,
            "runs": runs,
            "open_run": next((run for run in runs if run.state in ("proposed", "approved")), None),
            "holds": holds(member, ended=False),
            "proposes": granted(member.roles, Permission.RETENTION_PROPOSE),
            "tells": granted(member.roles, Permission.RETENTION_EVENT),
        },
    )


@require_GET
def retention_events(request: HttpRequest) -> HttpResponse:
    """List the recorded events, with the forms to record more."""
    return _events_page(request)


def _events_page(request: HttpRequest, form: EventForm | None = None, order: OrderForm | None = None) -> HttpResponse:
    return render(
        request,
        "retention/events.html",
        {"events": read.events(member_of(request)), "form": form or EventForm(), "order": order or OrderForm()},
    )


@require_POST
def retention_event(request: HttpRequest) -> HttpResponse:
    """Record one event."""
    form = EventForm(request.POST)
    if form.is_valid():
        fields = form.cleaned_data
        try:
            new = retention_rules.record_event(
                After(fields["kind"]),
                happened_on=fields["happened_on"],
                authority=fields["authority"],
                case=fields["case"],
                references=fields["references"].split(),
                acting_member=member_of(request),
            )
        except Refused as refused:
            fields = {
                "reference.unknown": "references",
                "case.unknown": "case",
                "retention.event_day": "happened_on",
            }
            say(form, refused, fields.get(refused.rule_id))
        else:
            messages.success(request, "Recorded." if new else "This event was already recorded.")
            return redirect("retention-events")
    return _events_page(request, form)


@require_POST
def retention_order(request: HttpRequest) -> HttpResponse:
    """Import a court's list, whole or not at all."""
    form = OrderForm(request.POST, request.FILES)
    if form.is_valid():
        upload: UploadedFile[bytes] = form.cleaned_data["file"]
        try:
            done = retention_rules.import_order(
                upload.read(),
                str(upload.name),
                authority=form.cleaned_data["order_authority"],
                acting_member=member_of(request),
            )
        except Refused as refused:
            say(form, refused, "file")
        else:
            messages.success(
                request,
                f"List recorded. References newly under an order: {done.new}; recorded earlier: {done.known}; "
                f"already erased: {done.erased}. Nothing was erased now. {' '.join(done.how)}".strip(),
            )
            return redirect("retention-events")
    return _events_page(request, order=form)


@require_POST
def retention_propose(request: HttpRequest) -> HttpResponse:
    """Propose a list of what is due, for another person's approval."""
    try:
        run = retention_runs.propose_run(acting_member=member_of(request))
    except Refused as refused:
        if refused.rule_id not in ("retention.nothing_due", "retention.open_run"):
            raise
        messages.warning(request, f"{refused.why} {refused.next_step}")
        return redirect("retention")
    return redirect("retention-run", run.public_id)


@require_GET
def retention_run(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show one run with its list."""
    return _run_page(request, public_id)


def _run_page(
    request: HttpRequest, public_id: str, note: NoteForm | None = None, withdraw: WithdrawForm | None = None
) -> HttpResponse:
    member = member_of(request)
    run = find.retention_run(public_id, member)
    says = read.rules_of_run(run)
    items = read.items_of(run)
    page = Paginator(items, _LINES).get_page(request.GET.get("page"))
    job = job_of(retention_runs.KIND, run.pk)
    decides = granted(member.roles, Permission.RETENTION_APPROVE)
    return render(
        request,
        "retention/run.html",
        {
            "run": run,
            "page": page,
            "rows": [(item, _kind(item), says[item.rule].says if item.rule in says else item.rule) for item in page],
            "planned": sum(item.planned for item in items),
            "total": len(items),
            "counts": [
                (label, sum(item.state == state for item in items))
                for state, label in (
                    (RetentionItem.State.ERASED, "erased"),
                    (RetentionItem.State.HELD, "kept by a hold"),
                    (RetentionItem.State.GONE, "already erased"),
                    (RetentionItem.State.KEPT, "no longer due, kept"),
                )
            ],
            "job": job,
            "own_job": job is not None and job.member_id == member.pk,
            "own": run.proposed_by_id == member.pk,
            "decides": decides,
            "note": note or NoteForm(),
            "withdraw": withdraw or WithdrawForm(),
            "proposes": granted(member.roles, Permission.RETENTION_PROPOSE),
            "again": decides and run.state == "approved" and job is not None and job.is_over,
        },
    )


@require_POST
def retention_approve(request: HttpRequest, public_id: str) -> HttpResponse:
    """Approve a colleague's list unchanged; the worker erases what it names."""
    form = NoteForm(request.POST)
    if form.is_valid():
        with beside(form, "note"):
            run, _job = retention_runs.approve_run(
                public_id, reason=form.cleaned_data["note"], acting_member=member_of(request)
            )
            messages.success(request, "Approved. Everything on the list is being erased.")
            return redirect("retention-run", run.public_id)
    return _run_page(request, public_id, note=form)


@require_POST
def retention_again(request: HttpRequest, public_id: str) -> HttpResponse:
    """Let the worker continue an approved run whose job was cancelled or failed."""
    run, _job = retention_runs.ask_run_again(public_id, acting_member=member_of(request))
    return redirect("retention-run", run.public_id)


@require_POST
def retention_withdraw(request: HttpRequest, public_id: str) -> HttpResponse:
    """Withdraw a list."""
    form = WithdrawForm(request.POST)
    if form.is_valid():
        with beside(form, "reason"):
            retention_runs.withdraw_run(public_id, reason=form.cleaned_data["reason"], acting_member=member_of(request))
            messages.success(request, "List withdrawn. Nothing was erased.")
            return redirect("retention")
    return _run_page(request, public_id, withdraw=form)


@require_GET
def retention_list(request: HttpRequest, public_id: str) -> HttpResponse:
    """Return a run's list as CSV."""
    run = find.retention_run(public_id, member_of(request))
    answer = HttpResponse(read.csv_of(run), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{run.public_id}.csv"'
    return answer


@require_GET
def retention_proof(request: HttpRequest, public_id: str) -> HttpResponse:
    """Return the proof of a completed run."""
    proof = proof_of_run(public_id, acting_member=member_of(request))
    answer = HttpResponse(json.dumps(proof, indent=1) + "\n", content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="{proof["run"]}-proof.json"'
    return answer
