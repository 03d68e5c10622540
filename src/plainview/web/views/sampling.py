"""Samples for review: the draw, its searches, the findings, and what they say about all searches."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainview.casework import find
from plainview.casework.sampling import draw as acts
from plainview.casework.sampling import read
from plainview.policy.decision import Refused
from plainview.policy.sampling import FINDINGS, MAX_NONCE, MAX_SAMPLE, QUESTION
from plainview.web.views.common import member_of, say


class DrawForm(forms.Form):
    """Size, seed words and scope of a draw."""

    wanted = forms.IntegerField(label="Number of searches", min_value=1, max_value=MAX_SAMPLE, initial=20)
    nonce = forms.CharField(
        label="Your own words",
        max_length=MAX_NONCE,
        help_text="Any words that nobody else knows. The seed is made from them and from the root of the log after the draw is announced.",
    )
    since = forms.DateField(label="Only searches since", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    stratified = forms.BooleanField(label="In proportion to each member's searches, at least one each", required=False)


class FindingForm(forms.Form):
    """A finding on one search."""

    finding = forms.ChoiceField(
        label="Finding", choices=[(word, word.capitalize()) for word in FINDINGS], widget=forms.RadioSelect
    )
    note = forms.CharField(
        label="Reason",
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Required for a question or a breach.",
    )


@require_http_methods(["GET", "POST"])
def samples(request: HttpRequest) -> HttpResponse:
    """List all draws, and draw a new sample."""
    member, form = member_of(request), DrawForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        fields = form.cleaned_data
        try:
            drawn = acts.draw_sample(
                fields["wanted"],
                fields["nonce"],
                since=fields["since"],
                stratified=fields["stratified"],
                acting_member=member,
            )
        except Refused as refused:
            say(form, refused)
        else:
            return redirect("sample", drawn.public_id)
    rows = [{"sample": draw, "overview": read.overview(draw)} for draw in read.samples(member)]
    return render(request, "sampling/list.html", {"rows": rows, "form": form})


@require_GET
def sample(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show one draw."""
    return _page(request, public_id)


def _page(request: HttpRequest, public_id: str, position: int = 0, form: FindingForm | None = None) -> HttpResponse:
    drawn = find.sample(public_id, member_of(request))
    items = [
        {
            "item": item,
            "open": item.finding in ("", QUESTION),
            "form": form if form and item.position == position else FindingForm(auto_id=f"p{item.position}_%s"),
        }
        for item in read.items_of(drawn)
    ]
    return render(request, "sampling/sample.html", {"sample": drawn, "items": items, "overview": read.overview(drawn)})


@require_POST
def sample_finding(request: HttpRequest, public_id: str, position: int) -> HttpResponse:
    """Record a finding."""
    form = FindingForm(request.POST, auto_id=f"p{position}_%s")
    if form.is_valid():
        fields = form.cleaned_data
        try:
            acts.record_finding(
                public_id, position, fields["finding"], fields["note"], acting_member=member_of(request)
            )
        except Refused as refused:
            if refused.rule_id.endswith((".unknown", ".found")):
                raise  # there is no longer a form to show it in
            say(form, refused, "note")
        else:
            messages.success(request, f"Search {position}: {fields['finding']}.")
            return redirect(f"{reverse('sample', args=[public_id])}#place-{position + 1}")
    return _page(request, public_id, position, form)
