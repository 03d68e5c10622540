"""A supervisor's side of a disclosure: its pictures, packages, downloads and grants."""

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

_PROPOSED = timedelta(days=90)  # proposed by the form; the supervisor sets the day


class PicturesForm(forms.Form):
    """Whose pictures a disclosure shows."""

    pictures = forms.ChoiceField(
        label="Pictures of the candidates",
        widget=forms.RadioSelect,
        choices=[(word, disclosed_pictures(word) + ".") for word in PICTURES],
    )
    reason = forms.CharField(
        label="Reason, if fewer pictures are shown than your policy provides",
        required=False,
        max_length=1000,
        help_text="Shown in the package and on the page.",
    )


class GrantForm(PicturesForm):
    """A new grant: the person and the last day."""

    email = forms.EmailField(label="E-mail address of the defence")
    name = forms.CharField(label="Name, and whom they act for", max_length=200)
    until = forms.DateField(label="Last day", widget=forms.DateInput(attrs={"type": "date"}))

    field_order = ("email", "name", "until", "pictures", "reason")


class RevokeForm(forms.Form):
    """The reason for revoking a grant."""

    why = forms.CharField(label="Reason", help_text="One sentence. It is sealed in the log.")


@require_GET
def search_disclosure(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show the disclosures of a search, and the forms."""
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
                    "grant": grant,
                    "says": disclosed_pictures(grant.pictures),
                    "form": bound.get(grant.public_id) or RevokeForm(auto_id=f"{grant.public_id}_%s"),
                }
                for grant in read.grants_of(search)
            ],
            "packages": [_package(package, member) for package in read.packages_of(search)],
            "package_form": bound.get("package") or PicturesForm(initial=usual, auto_id="package_%s"),
            "grant_form": bound.get("grant") or GrantForm(initial=usual | day, auto_id="grant_%s"),
            "ask_form": AskForm(auto_id="ask_%s"),
            "reviews": reviews_about(search),
            "today": timezone.now().date(),
            "discloses": search.answered_at and not search.erased_at,
        },
    )


def _package(package: DisclosurePackage, member: Member) -> dict[str, Any]:
    job = job_of(packages.KIND, package.pk) if package.made_at is None else None
    own = job is not None and job.member_id == member.pk
    return {"package": package, "says": disclosed_pictures(package.pictures), "job": job if own else None}


@require_POST
def search_package(request: HttpRequest, public_id: str) -> HttpResponse:
    """Request a package; the worker makes it."""
    form = PicturesForm(request.POST, auto_id="package_%s")
    if form.is_valid():
        with beside(form):
            packages.ask_package(public_id, **form.cleaned_data, acting_member=member_of(request))
            return redirect(f"{reverse('search-disclosure', args=[public_id])}#packages")
    return _page(request, public_id, package=form)


@require_POST
def search_grant(request: HttpRequest, public_id: str) -> HttpResponse:
    """Open the search to the defence; an invitation's code is shown on the next page and nowhere else."""
    form = GrantForm(request.POST, auto_id="grant_%s")
    if form.is_valid():
        with beside(form):
            granted = grants.grant(public_id, **form.cleaned_data, acting_member=member_of(request))
            return _granted(request, granted, public_id)
    return _page(request, public_id, grant=form)


def _granted(request: HttpRequest, granted: grants.Granted, public_id: str) -> HttpResponse:
    if granted.code:
        link = request.build_absolute_uri(reverse("join", args=[granted.code]))
        return render(request, "disclosure/code.html", {"grant": granted.grant, "link": link})
    messages.success(request, f"The search is open to {granted.grant.email} until {granted.grant.ends_on:%-d %b %Y}.")
    return redirect("search-disclosure", public_id)


@require_POST
def grant_revoke(request: HttpRequest, public_id: str) -> HttpResponse:
    """Revoke a grant at once."""
    member, form = member_of(request), RevokeForm(request.POST, auto_id=f"{public_id}_%s")
    search: Search = find.grant(public_id, member).search
    if form.is_valid():
        try:
            grants.revoke(public_id, form.cleaned_data["why"], acting_member=member)
        except Refused as refused:
            say(form, refused, "why")
        else:
            messages.success(request, "Grant revoked. That person can no longer open this search.")
            return redirect("search-disclosure", search.public_id)
    return _page(request, search.public_id, **{public_id: form})


@require_GET
def package_download(request: HttpRequest, public_id: str) -> HttpResponse:
    """Return the package as a file to hand over."""
    package, data = packages.download(public_id, acting_member=member_of(request))
    return zip_file(package, data)


def zip_file(package: DisclosurePackage, data: bytes) -> HttpResponse:
    """Return a package as an HTTP response."""
    answer = HttpResponse(data, content_type="application/zip")
    answer["Content-Disposition"] = (
        f'attachment; filename="disclosure-{package.search.public_id}-{package.public_id}.zip"'
    )
    return answer
