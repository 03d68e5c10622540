"""Members of the agency: who they are, what they may do, and what only another person may change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainview.casework import find
from plainview.casework.models import Member, Proposal
from plainview.casework.people import members as acts
from plainview.casework.people import read, trials
from plainview.casework.people.read import binding
from plainview.casework.proposals.make import propose, propose_about
from plainview.casework.proposals.read import open_proposals
from plainview.policy.agency import AgencyPolicy
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.proposals import Kind, has_power
from plainview.policy.roles import OUTSIDERS, Role, holds
from plainview.web.views.common import member_of, say
from plainview.web.views.proposals import proposed

_ROLES = [(role.value, role.value.capitalize()) for role in Role if role not in {Role.OPERATOR, *OUTSIDERS}]
_INVITED = [*_ROLES, (Role.OUTSIDE_AUDITOR.value, Role.OUTSIDE_AUDITOR.value.capitalize())]
_YEAR = timedelta(days=365)  # proposed by the form; the administrator sets the day


class InviteForm(forms.Form):
    """A person to invite, and their roles."""

    email = forms.EmailField(label="E-mail address")
    roles = forms.MultipleChoiceField(
        label="Roles",
        choices=_INVITED,
        widget=forms.CheckboxSelectMultiple,
        help_text="Administrators and auditors have no other role: those who check do not act. Invite the defence from a search.",
    )
    on_trial = forms.BooleanField(
        label="On trial: may search only after a supervisor has approved the trial", required=False
    )
    until = forms.DateField(
        label="Last day (outside auditors only)",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    why = forms.CharField(
        label="Reason (supervisors, administrators and auditors)",
        required=False,
        help_text="These invitations need a second person, who decides by it.",
    )


class RolesForm(forms.Form):
    """The roles of a member, and whether they are on trial."""

    roles = forms.MultipleChoiceField(label="Roles", choices=_ROLES, widget=forms.CheckboxSelectMultiple)
    on_trial = forms.BooleanField(label="On trial", required=False)
    why = forms.CharField(label="Reason", help_text="The second person decides by it.")


class TrainingForm(forms.Form):
    """A completed course."""

    course = forms.CharField(label="Course", max_length=200)
    hours = forms.IntegerField(label="Hours", min_value=1, max_value=1000)
    completed_on = forms.DateField(label="Completed on", widget=forms.DateInput(attrs={"type": "date"}))
    expires_on = forms.DateField(label="Valid until", widget=forms.DateInput(attrs={"type": "date"}))


class TrialForm(forms.Form):
    """Length of a trial, and its number of searches."""

    days = forms.IntegerField(label="Days", min_value=1)
    searches = forms.IntegerField(label="Searches", min_value=1)


class WhyForm(forms.Form):
    """The reason for an act."""

    why = forms.CharField(label="Reason", help_text="It is recorded in the log, sealed.")


@require_GET
def members(request: HttpRequest) -> HttpResponse:
    """List the members of the agency and its open invitations."""
    member = member_of(request)
    today = timezone.now().date()
    rows = [
        {"member": colleague, "trained": _trained(colleague, today), "trial": next(iter(colleague.trials.all()), None)}
        for colleague in read.members(member)
    ]
    return render(
        request,
        "members/list.html",
        {
            "rows": rows,
            "invites": holds(member.roles, Permission.MEMBER_INVITE),
            "today": today,
            "invitations": read.invitations(member),
        },
    )


def _trained(member: Member, today: date) -> date | None:
    return max(
        (training.expires_on for training in member.trainings.all() if training.expires_on >= today), default=None
    )


@require_http_methods(["GET", "POST"])
def member_invite(request: HttpRequest) -> HttpResponse:
    """Invite a person; the code is shown on the answering page and nowhere else."""
    form = InviteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        fields = form.cleaned_data
        try:
            if has_power(fields["roles"]):
                wanted = {name: fields[name] for name in ("email", "roles", "on_trial")}
                wanted["ends_on"] = fields["until"]
                return proposed(
                    request,
                    propose(Kind.INVITATION, wanted, reason=fields["why"], acting_member=member_of(request)),
                )
            invited = acts.invite_member(
                fields["email"],
                fields["roles"],
                on_trial=fields["on_trial"],
                ends_on=fields["until"],
                acting_member=member_of(request),
            )
        except Refused as refused:
            say(form, refused)
        else:
            link = request.build_absolute_uri(reverse("join", args=[invited.code]))
            shown = {"email": fields["email"], "link": link, "event": "invited"}
            return render(request, "members/code.html", shown)
    return render(request, "members/invite.html", {"form": form})


@require_GET
def member(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show one member, with the forms that the acting member may use."""
    return _member_page(request, public_id)


def _member_page(request: HttpRequest, public_id: str, **bound: forms.Form) -> HttpResponse:
    acting = member_of(request)
    colleague = find.member_by_id(public_id, acting)
    _, policy = binding(acting.agency)
    other = colleague.pk != acting.pk and colleague.is_active
    may = {name: other and holds(acting.roles, need) for name, need in _NEEDS.items()}
    shown = _unbound(colleague, policy) | bound
    return render(
        request,
        "members/member.html",
        {
            "colleague": colleague,
            "self": colleague.pk == acting.pk,
            "may": may,
            "forms": shown,
            "policy": policy,
            "trainings": colleague.trainings.order_by("-expires_on"),
            "today": timezone.now().date(),
            "trials": colleague.trials.select_related("approved_by").order_by("-pk"),
            "used": read.trial_facts(colleague),
            "proposals": open_proposals(acting.agency).filter(concerns=colleague),
        },
    )


_NEEDS = {
    "roles": Permission.MEMBER_ROLES,
    "training": Permission.TRAINING_RECORD,
    "trial": Permission.TRIAL_APPROVE,
    "release": Permission.MEMBER_RELEASE,
    "deactivate": Permission.MEMBER_DEACTIVATE,
}


def _unbound(colleague: Member, policy: AgencyPolicy) -> dict[str, forms.Form]:
    today = timezone.now().date()
    needed = next((need for role, need in policy.training.items() if role.value in colleague.roles), None)
    return {
        "roles": RolesForm(initial={"roles": colleague.roles, "on_trial": colleague.on_trial}),
        "training": TrainingForm(
            initial={
                "course": needed.course if needed else "",
                "hours": needed.hours if needed else None,
                "completed_on": today.isoformat(),
                "expires_on": (today + _YEAR).isoformat(),
            }
        ),
        "trial": TrialForm(initial={"days": policy.trial_days, "searches": policy.trial_searches}),
        "release": WhyForm(auto_id="id_release_%s"),
        "reset": WhyForm(auto_id="id_reset_%s"),
        "deactivate": WhyForm(),
    }


def _done(
    request: HttpRequest,
    public_id: str,
    name: str,
    form: forms.Form,
    act: Callable[[str, dict[str, Any]], object],
    done: str = "",
) -> HttpResponse:
    """Run one act on a colleague, or propose it; a refusal is shown in its form."""
    email = find.member_by_id(public_id, member_of(request)).email
    if form.is_valid():
        try:
            outcome = act(email, form.cleaned_data)
        except Refused as refused:
            if refused.rule_id == "member.own_act":
                raise  # one's own page has no form to show it in
            say(form, refused)
        else:
            if isinstance(outcome, Proposal):
                return proposed(request, outcome)
            messages.success(request, done)
            return redirect("member", public_id)
    return _member_page(request, public_id, **{name: form})


@require_POST
def member_roles(request: HttpRequest, public_id: str) -> HttpResponse:
    """Propose other roles for a colleague."""
    return _done(
        request,
        public_id,
        "roles",
        RolesForm(request.POST),
        lambda email, fields: propose_about(
            Kind.ROLES,
            email,
            roles=fields["roles"],
            on_trial=fields["on_trial"],
            reason=fields["why"],
            acting_member=member_of(request),
        ),
    )


@require_POST
def member_training(request: HttpRequest, public_id: str) -> HttpResponse:
    """Record a course."""
    return _done(
        request,
        public_id,
        "training",
        TrainingForm(request.POST),
        lambda email, fields: acts.record_training(
            email,
            fields["course"],
            fields["hours"],
            fields["completed_on"],
            fields["expires_on"],
            acting_member=member_of(request),
        ),
        "Course recorded.",
    )


@require_POST
def member_trial(request: HttpRequest, public_id: str) -> HttpResponse:
    """Approve a trial."""
    return _done(
        request,
        public_id,
        "trial",
        TrialForm(request.POST),
        lambda email, fields: trials.approve_trial(
            email, days=fields["days"], searches=fields["searches"], acting_member=member_of(request)
        ),
        "Trial approved. It starts today.",
    )


@require_POST
def member_deactivate(request: HttpRequest, public_id: str) -> HttpResponse:
    """Close an account; propose it for the only auditor's."""
    member = member_of(request)

    def close(email: str, fields: dict[str, Any]) -> object:
        if acts.is_only_auditor(find.colleague(email, member)):
            return propose_about(Kind.LAST_AUDITOR, email, reason=fields["why"], acting_member=member)
        return acts.deactivate(email, reason=fields["why"], acting_member=member)

    done = "Account closed, with its sessions and tokens. The record of what the member did stays."
    return _done(request, public_id, "deactivate", WhyForm(request.POST), close, done)


@require_POST
def member_release(request: HttpRequest, public_id: str) -> HttpResponse:
    """Propose to unlock an account."""
    return _proposal(request, public_id, Kind.RELEASE, "release")


@require_POST
def member_reset(request: HttpRequest, public_id: str) -> HttpResponse:
    """Propose to remove password and second factors."""
    return _proposal(request, public_id, Kind.RESET, "reset")


def _proposal(request: HttpRequest, public_id: str, kind: Kind, name: str) -> HttpResponse:
    form = WhyForm(request.POST, auto_id=f"id_{name}_%s")
    return _done(
        request,
        public_id,
        name,
        form,
        lambda email, fields: propose_about(kind, email, reason=fields["why"], acting_member=member_of(request)),
    )
