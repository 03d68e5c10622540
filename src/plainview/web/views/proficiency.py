"""Proficiency: one's own figures, everybody's for a supervisor, and the items with known answers."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainview.casework.proficiency.items import add_item, retire_item
from plainview.casework.proficiency.read import everybodys_figures, item_picture, items, own_figures
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.roles import holds
from plainview.recognition.errors import BadMedia
from plainview.web.views.common import member_of, picture, say


@require_GET
def proficiency(request: HttpRequest) -> HttpResponse:
    """Show the member's own figures, everybody's to those who receive them, and a link to the items."""
    member = member_of(request)
    context: dict[str, object] = {}
    if holds(member.roles, Permission.VERIFICATION_RECORD):
        context["own"] = own_figures(member)
    if holds(member.roles, Permission.PROFICIENCY_REPORT):
        context["everybody"] = everybodys_figures(member)
    context["manages"] = holds(member.roles, Permission.PROFICIENCY_MANAGE)
    return render(request, "proficiency/figures.html", context)


class ItemForm(forms.Form):
    """A probe and a face for which the answer is known."""

    reference = forms.CharField(
        label="Face: reference id",
        max_length=16,
        help_text="Shown as one of the faces; the others come from the same gallery.",
    )
    probe_reference = forms.CharField(
        label="Probe: id of another reference",
        max_length=16,
        required=False,
        help_text="Or choose a picture below. A picture like your usual probes makes the best test.",
    )
    probe_picture = forms.FileField(
        label="Probe: a picture",
        required=False,
        help_text="For example, a still of a colleague who has consented.",
    )
    same = forms.ChoiceField(
        label="Known answer (from records, never from a score)",
        choices=(("yes", "One person"), ("no", "Two different people")),
        widget=forms.RadioSelect,
    )
    basis = forms.CharField(
        label="Legal basis for using these pictures",
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=2000,
        help_text="The consent or the law.",
    )

    def clean(self) -> dict[str, object]:
        """Require one probe, given in one of the two ways."""
        fields = super().clean() or {}
        if bool(fields.get("probe_reference")) == bool(fields.get("probe_picture")):
            self.add_error("probe_reference", "Enter a reference id or choose a picture, but not both.")
        return fields


@require_http_methods(["GET", "POST"])
def proficiency_items(request: HttpRequest) -> HttpResponse:
    """List the items, and add another."""
    member = member_of(request)
    form = ItemForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        fields = form.cleaned_data
        upload = fields["probe_picture"]
        try:
            item = add_item(
                upload.read() if upload else fields["probe_reference"],
                fields["reference"],
                is_mated=fields["same"] == "yes",
                basis=fields["basis"],
                acting_member=member,
            )
        except Refused as refused:
            say(form, refused)
        except BadMedia as bad:
            form.add_error("probe_picture", f"{bad.why} {bad.next_step}")
        else:
            messages.success(
                request, f"Item {item.public_id} added. Members receive it among their ordinary tasks; you never do."
            )
            return redirect("proficiency-items")
    status = 422 if form.is_bound else 200
    return render(request, "proficiency/items.html", {"form": form, "items": items(member)}, status=status)


@require_POST
def retire(request: HttpRequest, public_id: str) -> HttpResponse:
    """Retire an item."""
    try:
        retire_item(public_id, reason=request.POST.get("why", ""), acting_member=member_of(request))
    except Refused as refused:
        if refused.rule_id.endswith((".unknown", ".no_permission")):
            raise
        messages.warning(request, f"{refused.why} {refused.next_step}")
    else:
        messages.success(request, "Item retired. Nobody will receive it again.")
    return redirect("proficiency-items")


@require_GET
def proficiency_picture(request: HttpRequest, public_id: str, which: str) -> HttpResponse:
    """Return a picture of an item, for those who manage the items."""
    if which not in ("probe", "face"):
        raise Http404
    return picture(item_picture(public_id, which, member_of(request)))
