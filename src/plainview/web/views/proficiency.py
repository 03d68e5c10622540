"""How people compare: one's own figures, a supervisor's view of everybody's, and the items with known answers."""

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
    """The member's own figures; everybody's for whom they are reported to; the way to the items."""
    member = member_of(request)
    context: dict[str, object] = {}
    if holds(member.roles, Permission.VERIFICATION_RECORD):
        context["own"] = own_figures(member)
    if holds(member.roles, Permission.PROFICIENCY_REPORT):
        context["everybody"] = everybodys_figures(member)
    context["manages"] = holds(member.roles, Permission.PROFICIENCY_MANAGE)
    return render(request, "proficiency/figures.html", context)


class ItemForm(forms.Form):
    """A probe and a face whose answer is known."""

    reference = forms.CharField(
        label="Face: id of a reference",
        max_length=16,
        help_text="It is shown as one of the faces; the others come from its gallery.",
    )
    probe_reference = forms.CharField(
        label="Probe: id of another reference",
        max_length=16,
        required=False,
        help_text="Or choose a picture below instead. One that looks like your usual probes tests best.",
    )
    probe_picture = forms.FileField(
        label="Probe: a picture",
        required=False,
        help_text="For instance a still of a colleague who consented.",
    )
    same = forms.ChoiceField(
        label="Known from records, never from a score",
        choices=(("yes", "One person"), ("no", "Two different people")),
        widget=forms.RadioSelect,
    )
    basis = forms.CharField(
        label="Why these pictures may be used for this",
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=2000,
        help_text="The consent, or the law.",
    )

    def clean(self) -> dict[str, object]:
        """One probe, by one of the two ways."""
        given = super().clean() or {}
        if bool(given.get("probe_reference")) == bool(given.get("probe_picture")):
            self.add_error("probe_reference", "Name a reference or choose a picture, one of the two.")
        return given


@require_http_methods(["GET", "POST"])
def proficiency_items(request: HttpRequest) -> HttpResponse:
    """The items, and the form that adds one."""
    member = member_of(request)
    form = ItemForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        upload = given["probe_picture"]
        try:
            item = add_item(
                upload.read() if upload else given["probe_reference"],
                given["reference"],
                is_mated=given["same"] == "yes",
                basis=given["basis"],
                acting_member=member,
            )
        except Refused as refused:
            say(form, refused)
        except BadMedia as bad:
            form.add_error("probe_picture", f"{bad.why} {bad.next_step}")
        else:
            messages.success(
                request, f"Item {item.public_id} is added. It is given among ordinary tasks, never to you."
            )
            return redirect("proficiency-items")
    status = 422 if form.is_bound else 200
    return render(request, "proficiency/items.html", {"form": form, "items": items(member)}, status=status)


@require_POST
def proficiency_retire(request: HttpRequest, public_id: str) -> HttpResponse:
    """Retire an item."""
    try:
        retire_item(public_id, reason=request.POST.get("why", ""), acting_member=member_of(request))
    except Refused as refused:
        if refused.rule_id.endswith((".unknown", ".no_permission")):
            raise
        messages.warning(request, f"{refused.why} {refused.next_step}")
    else:
        messages.success(request, "Retired: nobody gets it any more.")
    return redirect("proficiency-items")


@require_GET
def proficiency_picture(request: HttpRequest, public_id: str, which: str) -> HttpResponse:
    """A picture of an item, for whoever manages the items."""
    if which not in ("probe", "face"):
        raise Http404
    return picture(item_picture(public_id, which, member_of(request)))
