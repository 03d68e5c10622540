"""Samples for review: drawing one, what was drawn, what was found, and what it says of the rest."""

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
    """What to draw."""

    wanted = forms.IntegerField(label="How many searches", min_value=1, max_value=MAX_SAMPLE, initial=20)
    nonce = forms.CharField(
        label="Words of your own",
        max_length=MAX_NONCE,
        help_text="Anything that you told nobody. With the log's root after this is announced they make the seed.",
    )
    since = forms.DateField(
        label="Only searches from this day on", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    stratified = forms.BooleanField(label="Each member's searches in proportion, at least one", required=False)


class FindingForm(forms.Form):
    """What was found."""

    finding = forms.ChoiceField(
        label="Finding", choices=[(word, word.capitalize()) for word in FINDINGS], widget=forms.RadioSelect
    )
    note = forms.CharField(
        label="In words",
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Needed for a question and for a breach.",
    )


@require_http_methods(["GET", "POST"])
def samples(request: HttpRequest) -> HttpResponse:
    """Every draw, and a new one."""
    member, form = member_of(request), DrawForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        try:
            made = acts.draw_sample(
                told["wanted"],
                told["nonce"],
                since=told["since"],
                stratified=told["stratified"],
                acting_member=member,
            )
        except Refused as refused:
            say(form, refused)
        else:
            return redirect("sample", made.public_id)
    rows = [{"row": row, "held": read.overview(row)} for row in read.samples(member)]
    return render(request, "sampling/list.html", {"rows": rows, "form": form})


@require_GET
def sample(request: HttpRequest, public_id: str) -> HttpResponse:
    """One draw."""
    return _page(request, public_id)


def _page(request: HttpRequest, public_id: str, position: int = 0, form: FindingForm | None = None) -> HttpResponse:
    row = find.sample(public_id, member_of(request))
    items = [
        {
            "row": one,
            "open": one.finding in ("", QUESTION),
            "form": form if form and one.position == position else FindingForm(auto_id=f"p{one.position}_%s"),
        }
        for one in read.items_of(row)
    ]
    return render(request, "sampling/sample.html", {"sample": row, "items": items, "held": read.overview(row)})


@require_POST
def sample_finding(request: HttpRequest, public_id: str, position: int) -> HttpResponse:
    """Record a finding."""
    form = FindingForm(request.POST, auto_id=f"p{position}_%s")
    if form.is_valid():
        told = form.cleaned_data
        try:
            acts.record_finding(public_id, position, told["finding"], told["note"], acting_member=member_of(request))
        except Refused as refused:
            if refused.rule_id.endswith((".unknown", ".found")):
                raise  # there is no form any more to say it beside
            say(form, refused, "note")
        else:
            messages.success(request, f"Place {position}: {told['finding']}.")
            return redirect(f"{reverse('sample', args=[public_id])}#place-{position + 1}")
    return _page(request, public_id, position, form)
