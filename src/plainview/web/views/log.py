"""The log for people: its entries, one entry with its proof, its signed head, and the member's own record."""

from __future__ import annotations

import json

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from plainview.audit.checkpoint import parse
from plainview.casework.log import explorer as read
from plainview.casework.log.actions import sentence
from plainview.casework.log.own_record import export_record
from plainview.casework.log.read import keys_of_log, newest_entry
from plainview.casework.log.write import newest_checkpoint
from plainview.web.views.common import member_of

_OWN_SHOWN = 100  # newest entries, and of each kind, on the page of the member's own record; the export has all


class FilterForm(forms.Form):
    """The filters of the list."""

    action = forms.ChoiceField(label="What happened", required=False)
    member = forms.ChoiceField(label="Person", required=False)
    about = forms.CharField(
        label="Case number or id", required=False, max_length=100, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    since = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="Until", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    before = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)


@require_GET
def log(request: HttpRequest) -> HttpResponse:
    """Show the entries of the member's agency, newest first."""
    member = member_of(request)
    form = FilterForm(request.GET)
    form.fields["member"].choices = [("", "Everyone"), *read.people_of(member)]  # type: ignore[attr-defined]
    seen = [(action, sentence(action, {})) for action in read.actions_seen(member)]
    asked = request.GET.get("action", "")
    if asked and asked not in dict(seen):  # an older kind of entry, from a link
        seen.append((asked, sentence(asked, {})))
    form.fields["action"].choices = [("", "Everything"), *sorted(seen, key=lambda choice: choice[1])]  # type: ignore[attr-defined]
    wanted = read.Wanted()
    if form.is_valid():
        about = form.cleaned_data.pop("about").strip()
        wanted = read.Wanted(**form.cleaned_data, about=read.about_of(about, member) if about else ())
    rows, more = read.entries(member, wanted)
    older = request.GET.copy()
    older["before"] = str(more)
    return render(
        request,
        "log/list.html",
        {
            "rows": rows,
            "form": form,
            "newest": newest_entry(),
            "more": older.urlencode() if more is not None else "",
            "paged": wanted.before is not None,
        },
    )


@require_GET
def log_entry(request: HttpRequest, number: int) -> HttpResponse:
    """Show one entry with its proof, which the browser can check."""
    shown = read.entry_numbered(number, member_of(request))
    note = newest_checkpoint()
    proof = read.proof_of(shown.entry, parse(note).size)
    return render(
        request,
        "log/entry.html",
        {
            "entry": shown.entry,
            "who": shown.who,
            "leaf": shown.entry.leaf().hex(),
            "proof": proof,
            "checkpoint": note,
            "key": keys_of_log()[-1].text,
            "newest": newest_entry(),
            "subject": json.dumps(shown.entry.subject, indent=2, ensure_ascii=False),
        },
    )


@require_GET
def log_proof(request: HttpRequest, number: int) -> HttpResponse:
    """Return the inclusion proof as the file that `plainview audit inclusion --check` reads."""
    shown = read.entry_numbered(number, member_of(request))
    proof = read.proof_of(shown.entry, parse(newest_checkpoint()).size)
    if proof is None:
        raise Http404
    answer = JsonResponse(proof)
    answer["Content-Disposition"] = f'attachment; filename="entry-{number}.json"'
    return answer


@require_GET
def log_checkpoint(request: HttpRequest) -> HttpResponse:
    """Return the newest signed head of the log, as text to keep."""
    return HttpResponse(newest_checkpoint(), content_type="text/plain; charset=utf-8")


@require_GET
def me(request: HttpRequest) -> HttpResponse:
    """Show everything on record about the member who asks."""
    member = member_of(request)
    record = read.record_of(member)
    return render(
        request,
        "me/record.html",
        {
            "member": member,
            "record": record,
            "most": f":{_OWN_SHOWN}",
            "trainings": member.trainings.all(),
            "failures": record.of("sign_in.failed", "member.locked"),
            "sessions": record.of("session.began", "session.ended"),
        },
    )


@require_GET
def me_export(request: HttpRequest) -> HttpResponse:
    """Return the member's record as JSON, all of it."""
    answer = JsonResponse(export_record(acting_member=member_of(request)), json_dumps_params={"indent": 1})
    answer["Content-Disposition"] = 'attachment; filename="my-record.json"'
    return answer
