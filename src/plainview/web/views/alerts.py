"""Alerts: saved probes, what they raised, how their member is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainview.casework import find
from plainview.casework.alerts import ends as alert_ends
from plainview.casework.alerts.open import alert_from_search, set_preference
from plainview.casework.alerts.read import Raised, alerts, preference_of, raised_by, state_of
from plainview.casework.galleries.read import galleries
from plainview.casework.models import Alert, Member
from plainview.casework.people.read import binding
from plainview.policy.alerts import DEFAULT_ONE_IN, UNSOLVED_DAYS
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.roles import holds
from plainview.web.views.common import member_of, say

_SHOWN = 12  # candidates of an alert on the list; the rest is behind their searches


@dataclass(frozen=True, slots=True)
class Row:
    """One alert as the page shows it."""

    alert: Alert
    state: str
    raised: list[Raised]
    more: int
    own: bool

    @property
    def is_over(self) -> bool:
        """True once nothing can be done with it."""
        return self.state in ("expired", "closed")


def _rows(member: Member) -> list[Row]:
    rows = []
    for alert in alerts(member):
        raised = raised_by(alert)
        rows.append(
            Row(
                alert,
                state_of(alert),
                raised[:_SHOWN],
                max(0, len(raised) - _SHOWN),
                alert.member_id == member.pk,
            )
        )
    # What waits to be looked at comes first, then what is open, then the rest; newest first among each.
    return sorted(rows, key=lambda row: (all(one.seen for one in row.raised), row.is_over))


@require_GET
def alert_list(request: HttpRequest) -> HttpResponse:
    """The agency's alerts; for htmx the list alone, which asks for itself again."""
    member = member_of(request)
    part = request.headers.get("HX-Request") == "true"
    return render(
        request,
        "alerts/_list.html" if part else "alerts/list.html",
        {
            "rows": _rows(member),
            "may_close": holds(member.roles, Permission.ALERT_CLOSE),
            "may_renew": holds(member.roles, Permission.ALERT_RENEW),
            "preference": preference_of(member),
        },
    )


class ReasonForm(forms.Form):
    """Why, in words."""

    reason = forms.CharField(label="Reason", max_length=500, widget=forms.Textarea(attrs={"rows": 3}))


class RenewForm(ReasonForm):
    """How long, and why."""

    days = forms.IntegerField(label="Days from now", min_value=1, max_value=UNSOLVED_DAYS, initial=30)
    field_order = ("days", "reason")


@require_http_methods(["GET", "POST"])
def alert_close(request: HttpRequest, public_id: str) -> HttpResponse:
    """End an alert, with the reason."""
    effect = "Nothing new is compared with its probe from then on."
    return _acted(request, public_id, "End this alert", effect, ReasonForm, alert_ends.close_alert)


@require_http_methods(["GET", "POST"])
def alert_mute(request: HttpRequest, public_id: str) -> HttpResponse:
    """Send no messages about one's own alert, with the reason."""
    effect = "The alert goes on; this page shows what it raises."
    return _acted(request, public_id, "Send no more messages", effect, ReasonForm, alert_ends.mute_alert)


@require_http_methods(["GET", "POST"])
def alert_renew(request: HttpRequest, public_id: str) -> HttpResponse:
    """Let a colleague's alert go on, with the reason."""
    effect = "A supervisor renews a colleague's alert, never their own."
    return _acted(request, public_id, "Let this alert go on", effect, RenewForm, alert_ends.renew_alert)


def _acted(
    request: HttpRequest, public_id: str, title: str, effect: str, kind: type[ReasonForm], act: Callable[..., object]
) -> HttpResponse:
    member = member_of(request)
    alert = find.alert(public_id, member)
    form = kind(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            act(public_id, acting_member=member, **form.cleaned_data)
        except Refused as refused:
            say(form, refused)
        else:
            messages.success(request, f"Done: {title.lower()}. It is in the log.")
            return redirect("alerts")
    return render(request, "alerts/act.html", {"form": form, "title": title, "what": effect, "alert": alert})


@require_POST
def alert_unmute(request: HttpRequest, public_id: str) -> HttpResponse:
    """Send messages about one's own alert again."""
    alert_ends.mute_alert(public_id, reason="", acting_member=member_of(request))
    return redirect("alerts")


class PreferenceForm(forms.Form):
    """How one is told."""

    digest_hours = forms.IntegerField(
        label="Hours between letters", min_value=0, max_value=24, help_text="0: at once, a letter each."
    )
    quiet_from = forms.IntegerField(
        label="Quiet from (hour, UTC)",
        min_value=0,
        max_value=23,
        required=False,
        help_text="Nothing is sent between these hours. Leave both empty for none.",
    )
    quiet_until = forms.IntegerField(label="Quiet until (hour, UTC)", min_value=0, max_value=23, required=False)


@require_http_methods(["GET", "POST"])
def alert_preference(request: HttpRequest) -> HttpResponse:
    """Change how one is told."""
    member = member_of(request)
    held = preference_of(member)
    initial = {name: getattr(held, name) for name in ("digest_hours", "quiet_from", "quiet_until")}
    form = PreferenceForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            set_preference(acting_member=member, **form.cleaned_data)
        except Refused as refused:
            say(form, refused)
        else:
            messages.success(request, "Saved.")
            return redirect("alerts")
    return render(request, "alerts/preference.html", {"form": form})


class AlertForm(forms.Form):
    """What a new alert needs beside the probe of its search."""

    galleries = forms.MultipleChoiceField(
        label="Galleries", widget=forms.CheckboxSelectMultiple, help_text="Whose new references are compared."
    )
    days = forms.IntegerField(label="Days until it expires", min_value=1, initial=30)
    one_in = forms.TypedChoiceField(
        label="How rare a false alert is to be",
        coerce=int,
        initial=DEFAULT_ONE_IN,
        choices=[
            (count, f"At most one in {count:,} new references")
            for count in (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
        ],
        help_text="By the gallery's own figures. Rarer means that some pictures of the person stay unnoticed.",
    )
    since = forms.DateField(
        label="Compare also what was enrolled since",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Leave it empty to compare new references only.",
    )


@require_http_methods(["GET", "POST"])
def alert_new(request: HttpRequest, public_id: str) -> HttpResponse:
    """Save the probe of a search."""
    member = member_of(request)
    search = find.viewable_search(public_id, member)
    _, policy = binding(member.agency)
    initial = {"galleries": [search.gallery.name], "days": min(30, policy.alert_days)}
    form = AlertForm(request.POST or None, initial=initial)
    form.fields["galleries"].choices = [(row.name, row.name) for row in galleries(member)]  # type: ignore[attr-defined]
    if request.method == "POST" and form.is_valid():
        values = dict(form.cleaned_data)
        try:
            alert_from_search(public_id, values.pop("galleries"), acting_member=member, **values)
        except Refused as refused:
            say(form, refused)
        else:
            messages.success(request, "The alert is saved. Its entry is in the log.")
            return redirect("alerts")
    return render(request, "alerts/new.html", {"form": form, "search": search})
