"""Alerts: saved probes, the candidates that they raised, and notifications."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainview.casework import find
from plainview.casework.alerts import ends as alert_ends
from plainview.casework.alerts.open import alert_from_search, set_preference
from plainview.casework.alerts.read import Raised, alerts, preference_of, raised_count, raised_for, state_of
from plainview.casework.galleries.read import galleries
from plainview.casework.models import Alert, Member
from plainview.casework.people.read import binding
from plainview.policy.alerts import DEFAULT_ONE_IN, UNSOLVED_DAYS
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.roles import holds
from plainview.web.times import zone_of
from plainview.web.views.common import member_of, say, shown

_SHOWN = 12  # candidates of an alert on the list; the others are in their searches


@dataclass(frozen=True, slots=True)
class ShownAlert:
    """One alert as the page shows it."""

    alert: Alert
    state: str
    raised: list[Raised]
    more: int
    own: bool

    @property
    def is_over(self) -> bool:
        """True once the alert has expired or was ended."""
        return self.state in ("expired", "closed")


def _shown(member: Member) -> list[ShownAlert]:
    rows = []
    for alert in alerts(member):
        raised = raised_for(alert, member)
        rows.append(
            ShownAlert(
                alert,
                state_of(alert),
                raised[:_SHOWN],
                max(0, raised_count(alert) - len(raised[:_SHOWN])),
                alert.member_id == member.pk,
            )
        )
    # Alerts with candidates nobody has looked at come first, then open ones, then the rest; newest first in each group.
    return sorted(rows, key=lambda item: (all(raised.seen for raised in item.raised), item.is_over))


@require_GET
def alert_list(request: HttpRequest) -> HttpResponse:
    """Show the agency's alerts; for htmx the list alone, which reloads itself."""
    member = member_of(request)
    shown(request, reverse("alerts"))
    part = request.headers.get("HX-Request") == "true"
    return render(
        request,
        "alerts/_list.html" if part else "alerts/list.html",
        {
            "rows": _shown(member),
            "may_close": holds(member.roles, Permission.ALERT_CLOSE),
            "may_renew": holds(member.roles, Permission.ALERT_RENEW),
            "preference": preference_of(member),
        },
    )


class ReasonForm(forms.Form):
    """The reason for an act."""

    reason = forms.CharField(label="Reason", max_length=500, widget=forms.Textarea(attrs={"rows": 3}))


class RenewForm(ReasonForm):
    """The new length of an alert, and the reason."""

    days = forms.IntegerField(label="Days from now", min_value=1, max_value=UNSOLVED_DAYS, initial=30)
    field_order = ("days", "reason")


@require_http_methods(["GET", "POST"])
def alert_close(request: HttpRequest, public_id: str) -> HttpResponse:
    """End an alert, with the reason."""
    effect = "From then on, no new reference is compared with its probe."
    return _acted(request, public_id, "End this alert", "Alert ended.", effect, ReasonForm, alert_ends.close_alert)


@require_http_methods(["GET", "POST"])
def alert_mute(request: HttpRequest, public_id: str) -> HttpResponse:
    """Mute the member's own alert, with the reason."""
    effect = "The alert continues. New candidates appear on the page of alerts, without a message."
    return _acted(request, public_id, "Mute this alert", "Alert muted.", effect, ReasonForm, alert_ends.mute_alert)


@require_http_methods(["GET", "POST"])
def alert_renew(request: HttpRequest, public_id: str) -> HttpResponse:
    """Renew a colleague's alert, with the reason."""
    effect = "A supervisor can renew a colleague's alert, but not their own."
    return _acted(request, public_id, "Renew this alert", "Alert renewed.", effect, RenewForm, alert_ends.renew_alert)


def _acted(
    request: HttpRequest,
    public_id: str,
    title: str,
    success: str,
    effect: str,
    kind: type[ReasonForm],
    act: Callable[..., object],
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
            messages.success(request, f"{success} This is in the log.")
            return redirect("alerts")
    return render(request, "alerts/act.html", {"form": form, "title": title, "effect": effect, "alert": alert})


@require_POST
def alert_unmute(request: HttpRequest, public_id: str) -> HttpResponse:
    """Unmute the member's own alert."""
    alert_ends.mute_alert(public_id, reason="", acting_member=member_of(request))
    return redirect("alerts")


class PreferenceForm(forms.Form):
    """When letters about alerts and tasks are sent."""

    digest_hours = forms.IntegerField(
        label="Hours between letters", min_value=0, max_value=24, help_text="0: immediately."
    )
    quiet_from = forms.IntegerField(
        label="Quiet from (hour)",
        min_value=0,
        max_value=23,
        required=False,
        help_text="No letter is sent between these hours of your day. Leave both empty to have no quiet hours.",
    )
    quiet_until = forms.IntegerField(label="Quiet until (hour)", min_value=0, max_value=23, required=False)


@require_http_methods(["GET", "POST"])
def alert_preference(request: HttpRequest) -> HttpResponse:
    """Change when e-mails are sent."""
    member = member_of(request)
    preference = preference_of(member)
    initial = {name: getattr(preference, name) for name in ("digest_hours", "quiet_from", "quiet_until")}
    form = PreferenceForm(request.POST or None, initial=initial)
    here = zone_of(request)
    zone = here.key if isinstance(here, ZoneInfo) else preference.time_zone
    if request.method == "POST" and form.is_valid():
        try:
            set_preference(acting_member=member, time_zone=zone, **form.cleaned_data)
        except Refused as refused:
            say(form, refused)
        else:
            messages.success(request, "Notifications saved.")
            return redirect("alerts")
    return render(request, "alerts/preference.html", {"form": form, "zone": zone or "UTC"})


class AlertForm(forms.Form):
    """A new alert; its probe is that of the search."""

    galleries = forms.MultipleChoiceField(
        label="Galleries",
        widget=forms.CheckboxSelectMultiple,
        help_text="New references of these galleries are compared with the probe.",
    )
    days = forms.IntegerField(label="Days until it expires", min_value=1, initial=30)
    one_in = forms.TypedChoiceField(
        label="False alerts",
        coerce=int,
        initial=DEFAULT_ONE_IN,
        choices=[
            (count, f"At most 1 in {count:,} new references")
            for count in (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
        ],
        help_text="From the gallery's own figures. With fewer false alerts, more pictures of the person go unnoticed.",
    )
    since = forms.DateField(
        label="Also compare references enrolled since",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Leave it empty to compare new references only.",
    )


@require_http_methods(["GET", "POST"])
def alert_new(request: HttpRequest, public_id: str) -> HttpResponse:
    """Save the probe of a search as an alert."""
    member = member_of(request)
    search = find.viewable_search(public_id, member)
    _, policy = binding(member.agency)
    initial = {"galleries": [search.gallery.name], "days": min(30, policy.alert_days)}
    form = AlertForm(request.POST or None, initial=initial)
    form.fields["galleries"].choices = [(gallery.name, gallery.name) for gallery in galleries(member)]  # type: ignore[attr-defined]
    if request.method == "POST" and form.is_valid():
        values = dict(form.cleaned_data)
        try:
            alert_from_search(public_id, values.pop("galleries"), acting_member=member, **values)
        except Refused as refused:
            say(form, refused)
        else:
            messages.success(request, "Alert saved. This is in the log.")
            return redirect("alerts")
    return render(request, "alerts/new.html", {"form": form, "search": search})
