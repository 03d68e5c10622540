"""The people of a gallery by the source's numbers: listed, and changed by an administrator with a reason."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from plainview.casework import find
from plainview.casework.subjects.change import Changed, change, merge
from plainview.casework.subjects.view import view_subjects
from plainview.policy.decision import Refused
from plainview.policy.wording import counted
from plainview.web.views.common import member_of, say

_SHOWN = 200  # subjects on one page, those with most pictures

_REASON = "What the source says. It is sealed in the log."


class ChangeForm(forms.Form):
    """Whose pictures some references are."""

    references = forms.CharField(label="References", help_text="Their ids, separated by spaces.")
    number = forms.CharField(
        label="Number of the person",
        required=False,
        help_text="The source's own number, never a name. A new number splits a person; empty: of nobody known.",
    )
    reason = forms.CharField(label="Reason", help_text=_REASON)


class MergeForm(forms.Form):
    """Two numbers that are one person."""

    old = forms.CharField(
        label="Number", help_text="Its pictures get the other number, and it leads there from now on."
    )
    into = forms.CharField(label="Is the same person as number")
    why = forms.CharField(label="Reason", help_text=_REASON)


@require_http_methods(["GET", "POST"])
def gallery_subjects(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the people of a gallery with their numbers (an entry), and change whose pictures references are."""
    member = member_of(request)
    gallery = find.gallery_by_key(pk, member)
    merges = request.POST.get("act") == "merge"
    form = ChangeForm(request.POST if request.method == "POST" and not merges else None)
    merging = MergeForm(request.POST if merges else None)
    asked: forms.Form = merging if merges else form
    if request.method == "POST" and asked.is_valid():
        answers = asked.cleaned_data
        try:
            if merges:
                done = merge(gallery.name, answers["old"], answers["into"], reason=answers["why"], acting_member=member)
            else:
                named = answers["references"].replace(",", " ").split()
                done = change(gallery.name, named, answers["number"], reason=answers["reason"], acting_member=member)
        except Refused as refused:
            say(asked, refused)
        else:
            messages.success(request, _says(done))
            return redirect("gallery-subjects", pk)
    subjects = view_subjects(gallery.name, limit=_SHOWN, acting_member=member)
    context = {"gallery": gallery, "subjects": subjects, "most": _SHOWN, "form": form, "merging": merging}
    return render(request, "galleries/subjects.html", context, status=422 if asked.errors else 200)


def _says(done: Changed) -> str:
    whose = f"{done.subject}, who has {counted(done.pictures, 'picture')}" if done.subject else "nobody known"
    return f"{counted(done.changed, 'picture is', 'pictures are')} now of {whose}: entry {done.entry} of the log."
