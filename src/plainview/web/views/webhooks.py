"""Webhooks of the agency: their addresses and secrets, and the messages that they were sent."""

from __future__ import annotations

from datetime import datetime

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainview.casework import find
from plainview.casework.webhooks.manage import add_webhook, remove_webhook, rotate_secret, send_again, try_webhook
from plainview.casework.webhooks.read import deliveries, shown_address, state_of
from plainview.casework.webhooks.read import webhooks as webhooks_of
from plainview.policy.webhooks import EVENTS
from plainview.web.views.common import beside, member_of

_STATES = ("arrived", "waiting", "given up")


class WebhookForm(forms.Form):
    """A new webhook."""

    url = forms.CharField(label="Address", max_length=500, help_text="An https:// address of your own system.")
    events = forms.MultipleChoiceField(
        label="Events",
        required=False,
        choices=[(name, f"{says} ({name})") for name, says in EVENTS.items()],
        widget=forms.CheckboxSelectMultiple,
        help_text="None selected: all events, also those of later versions.",
    )


@require_GET
def webhooks(request: HttpRequest) -> HttpResponse:
    """List the agency's webhooks."""
    rows = [{"state": state, "address": shown_address(state.webhook.url)} for state in webhooks_of(member_of(request))]
    return render(request, "webhooks/list.html", {"rows": rows})


@require_http_methods(["GET", "POST"])
def webhook_new(request: HttpRequest) -> HttpResponse:
    """Add a webhook and show its secret once."""
    form = WebhookForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        with beside(form, "url"):
            hook, secret = add_webhook(
                form.cleaned_data["url"], form.cleaned_data["events"], acting_member=member_of(request)
            )
            return render(request, "webhooks/secret.html", {"hook": hook, "secret": secret})
    return render(request, "webhooks/new.html", {"form": form})


@require_GET
def webhook(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show a webhook and its messages."""
    member = member_of(request)
    hook = find.webhook(public_id, member)
    state = request.GET.get("state", "")
    rows = [
        {
            "delivery": delivery,
            "state": state_of(delivery),
            "happened": datetime.fromisoformat(delivery.happened_at),
        }
        for delivery in deliveries(public_id, member, state=state if state in _STATES else "")
    ]
    context = {
        "hook": hook,
        "address": shown_address(hook.url),
        "rows": rows,
        "states": _STATES,
        "chosen": state,
        "earlier": hook.earlier.order_by("-pk"),
    }
    return render(request, "webhooks/webhook.html", context)


@require_POST
def webhook_test(request: HttpRequest, public_id: str) -> HttpResponse:
    """Send a test and show the answer."""
    delivery = try_webhook(public_id, acting_member=member_of(request))
    if delivery.sent_at is not None:
        messages.success(request, f"The test arrived: {delivery.answer}.")
    else:
        messages.error(request, f"The test did not arrive: {delivery.answer}")
    return redirect("webhook", public_id)


@require_POST
def webhook_rotate(request: HttpRequest, public_id: str) -> HttpResponse:
    """Make a new secret and show it once."""
    hook, secret = rotate_secret(public_id, acting_member=member_of(request))
    return render(request, "webhooks/secret.html", {"hook": hook, "secret": secret, "rotated": True})


@require_POST
def webhook_remove(request: HttpRequest, public_id: str) -> HttpResponse:
    """Remove a webhook."""
    remove_webhook(public_id, acting_member=member_of(request))
    messages.success(request, "Webhook removed.")
    return redirect("webhooks")


@require_POST
def delivery_again(request: HttpRequest, public_id: str) -> HttpResponse:
    """Make a message due again."""
    delivery = send_again(public_id, acting_member=member_of(request))
    messages.success(request, "The message will be sent again within a minute.")
    return redirect("webhook", delivery.webhook.public_id)
