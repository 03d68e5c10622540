"""A supervisor's side of a disclosure: whose pictures, the packages and who took them, to whom it is open, until when."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from plainview.casework import find
from plainview.casework.disclosure import grants, read
from plainview.casework.disclosure import kept_packages as packages
from plainview.casework.disclosure.read import reviews_about
from plainview.casework.jobs import job_of
from plainview.casework.models import DisclosurePackage, Member, Search
from plainview.casework.people.read import binding
from plainview.policy.agency import PICTURES
from plainview.policy.decision import Refused
from plainview.policy.disclosure import disclosed_pictures
from plainview.web.views.common import beside, member_of, say
from plainview.web.views.exoneration import AskForm
from plainview.worker.queue import enqueue

_PROPOSED = timedelta(days=90)  # what the form proposes; the supervisor sets the day


class PicturesForm(forms.Form):
    """Whose pictures are shown."""

    pictures = forms.ChoiceField(
        label="Pictures of the candidates",
        widget=forms.RadioSelect,
        choices=[(word, disclosed_pictures(word) + ".") for word in PICTURES],
    )
    reason = forms.CharField(
        label="Reason, where fewer are shown than your policy says",
        required=False,
        max_length=1000,
        help_text="It stands in the package and on the page.",
    )


class GrantForm(PicturesForm):
    """To whom, and until when."""

    email = forms.EmailField(label="E-mail address of the defence")
    name = forms.CharField(label="Who it is, and for whom", max_length=200)
    until = forms.DateField(label="Last day", widget=forms.DateInput(attrs={"type": "date"}))

    field_order = ("email", "name", "until", "pictures", "reason")


class RevokeForm(forms.Form):
    """A reason."""

    why = forms.CharField(label="Why it is taken back", help_text="A sentence. Kept, sealed, in the log.")


@require_GET
def search_disclosure(request: HttpRequest, public_id: str) -> HttpResponse:
    """What was disclosed of a search, and the forms."""
    return _page(request, public_id)


def _page(request: HttpRequest, public_id: str, **bound: Any) -> HttpResponse:
    member = member_of(request)
    search = find.search(public_id, member)
    _, policy = binding(member.agency)
    usual = {"pictures": policy.disclosure_pictures}
    day = {"until": (timezone.now().date() + _PROPOSED).isoformat()}
    return render(
        request,
        "disclosure/supervisor.html",
        {
            "search": search,
            "policy": disclosed_pictures(policy.disclosure_pictures),
            "grants": [
                {
                    "row": row,
                    "says": disclosed_pictures(row.pictures),
                    "form": bound.get(row.public_id) or RevokeForm(auto_id=f"{row.public_id}_%s"),
                }
                for row in read.grants_of(search)
            ],
            "packages": [_package(row, member) for row in read.packages_of(search)],
            "package_form": bound.get("package") or PicturesForm(initial=usual, auto_id="package_%s"),
            "grant_form": bound.get("grant") or GrantForm(initial=usual | day, auto_id="grant_%s"),
            "ask_form": AskForm(auto_id="ask_%s"),
            "reviews": reviews_about(search),
            "today": timezone.now().date(),
            "told": search.answered_at and not search.erased_at,
        },
    )


def _package(row: DisclosurePackage, member: Member) -> dict[str, Any]:
    job = job_of(packages.KIND, row.pk) if row.made_at is None else None
    own = job is not None and job.member_id == member.pk
    return {"row": row, "says": disclosed_pictures(row.pictures), "job": job if own else None}


@require_POST
def search_package(request: HttpRequest, public_id: str) -> HttpResponse:
    """Ask for a package; the worker makes it."""
    form = PicturesForm(request.POST, auto_id="package_%s")
    if form.is_valid():
        with beside(form):
            job = packages.ask_package(public_id, **form.cleaned_data, acting_member=member_of(request))
            enqueue(job)
            return redirect(f"{reverse('search-disclosure', args=[public_id])}#packages")
    return _page(request, public_id, package=form)


@require_POST
def search_grant(request: HttpRequest, public_id: str) -> HttpResponse:
    """Open the search to the defence; the code of an invitation is on the page that answers, and nowhere else."""
    form = GrantForm(request.POST, auto_id="grant_%s")
    if form.is_valid():
        with beside(form):
            made = grants.grant(public_id, **form.cleaned_data, acting_member=member_of(request))
            return _granted(request, made, public_id)
    return _page(request, public_id, grant=form)


def _granted(request: HttpRequest, made: grants.Granted, public_id: str) -> HttpResponse:
    if made.code:
        link = request.build_absolute_uri(reverse("join", args=[made.code]))
        return render(request, "disclosure/code.html", {"grant": made.grant, "link": link})
    messages.success(request, f"It is open to {made.grant.email} until {made.grant.ends_on:%-d %B %Y}.")
    return redirect("search-disclosure", public_id)


@require_POST
def grant_revoke(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take a grant back, at once."""
    member, form = member_of(request), RevokeForm(request.POST, auto_id=f"{public_id}_%s")
    search: Search = find.grant(public_id, member).search
    if form.is_valid():
        try:
            grants.revoke(public_id, form.cleaned_data["why"], acting_member=member)
        except Refused as refused:
            say(form, refused, "why")
        else:
            messages.success(request, "It is taken back: nothing of it is open to that person any more.")
            return redirect("search-disclosure", search.public_id)
    return _page(request, search.public_id, **{public_id: form})


@require_GET
def package_download(request: HttpRequest, public_id: str) -> HttpResponse:
    """The package as a file, to hand over."""
    row, data = packages.download(public_id, acting_member=member_of(request))
    return zip_file(row, data)


def zip_file(row: DisclosurePackage, data: bytes) -> HttpResponse:
    """A package as an answer."""
    answer = HttpResponse(data, content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="disclosure-{row.search.public_id}-{row.public_id}.zip"'
    return answer
