"""Published feeds: what is fetched from whom, the first notices of a new one, runs, and what was withdrawn."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainview.casework import find
from plainview.casework.feeds.add import GRACE_DAYS, Terms, add_feed, stop_feed
from plainview.casework.feeds.mapping import OWN, Mapping, of_table
from plainview.casework.feeds.presets import PRESETS, preset
from plainview.casework.feeds.read import feeds as feeds_of
from plainview.casework.feeds.read import withdrawals
from plainview.casework.feeds.run import KIND, ask_run
from plainview.casework.feeds.trial import try_feed
from plainview.casework.galleries.read import galleries
from plainview.casework.jobs import job_of
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.roles import holds
from plainview.web.views.common import beside, member_of

_OTHER = "other"


class FeedForm(forms.Form):
    """A new feed: a preset, or an address with a mapping; and the agency's own terms."""

    gallery = forms.ChoiceField(label="Gallery")
    preset = forms.ChoiceField(
        label="Publisher",
        choices=[(name, f"{terms.publisher}: {terms.purpose.lower()} ({name})") for name, terms in PRESETS.items()]
        + [(_OTHER, "Another publisher")],
    )
    query = forms.CharField(
        label="Narrow the publisher's list",
        required=False,
        help_text="Parameters of the publisher, such as nationality=DE. INTERPOL answers 160 notices at most.",
    )
    legal_basis = forms.CharField(
        label="Legal basis", help_text="The law or order on which your agency holds these pictures."
    )
    list_url = forms.URLField(label="Address of the list", required=False, assume_scheme="https")
    publisher = forms.CharField(label="Name of the publisher", required=False, max_length=200)
    hosts = forms.CharField(
        label="Other hosts of its pictures", required=False, help_text="One per line, such as www.example.gov."
    )
    terms = forms.CharField(label="Terms of the publisher", required=False, help_text="Or the address of its terms.")
    mapping = forms.CharField(
        label="Mapping",
        required=False,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
        help_text="What the list means, as TOML. Empty: the list has Plainview's own form.",
    )
    grace_days = forms.IntegerField(
        label="Days until what the publisher withdrew is erased", min_value=0, max_value=90, initial=GRACE_DAYS
    )
    every_hours = forms.IntegerField(
        label="Hours between two runs", min_value=0, max_value=720, initial=24, help_text="0: only when you run it."
    )

    field_order = ("gallery", "preset", "query", "legal_basis", "grace_days", "every_hours")

    def terms_of(self) -> Terms:
        """Return what the form describes.

        Raises:
            Refused: feed.preset, feed.mapping.
        """
        fields = self.cleaned_data
        source = (
            Terms(fields["list_url"], fields["publisher"], _mapping(fields["mapping"]))
            if fields["preset"] == _OTHER
            else preset(fields["preset"], fields["query"])
        )
        hosts = tuple(line.strip() for line in fields["hosts"].splitlines() if line.strip())
        return replace(
            source,
            hosts=(*source.hosts, *hosts),
            terms=fields["terms"] or source.terms,
            grace_days=fields["grace_days"],
            every_hours=fields["every_hours"],
        )


class ReasonForm(forms.Form):
    """The reason for stopping a feed."""

    why = forms.CharField(label="Reason", help_text="Sealed in the log.")


def _mapping(text: str) -> Mapping:
    if not text.strip():
        return OWN
    try:
        return of_table(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise Refused(
            "feed.mapping", "Feed refused", f"The mapping is not TOML: {error}.", "Correct the mapping."
        ) from None


@require_GET
def feeds(request: HttpRequest) -> HttpResponse:
    """List the agency's feeds."""
    member = member_of(request)
    return render(
        request,
        "feeds/list.html",
        {"rows": feeds_of(member), "adds": holds(member.roles, Permission.GALLERY_CREATE)},
    )


@require_http_methods(["GET", "POST"])
def feed_new(request: HttpRequest) -> HttpResponse:
    """Add a feed; nothing is fetched yet."""
    member = member_of(request)
    form = FeedForm(request.POST if request.method == "POST" else None)
    form.fields["gallery"].choices = [(gallery.name, gallery.name) for gallery in galleries(member)]  # type: ignore[attr-defined]
    if form.is_valid():
        with beside(form):
            fields = form.cleaned_data
            added = add_feed(
                fields["gallery"], form.terms_of(), legal_basis=fields["legal_basis"], acting_member=member
            )
            messages.success(request, "Feed added. Try it: that shows its first notices as they would be enrolled.")
            return redirect("feed", added.public_id)
    return render(request, "feeds/new.html", {"form": form, "presets": PRESETS})


@require_GET
def feed(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show a feed: its terms, its runs, and what was withdrawn."""
    return _page(request, public_id, ReasonForm())


def _page(request: HttpRequest, public_id: str, form: ReasonForm, **more: Any) -> HttpResponse:
    member = member_of(request)
    shown_feed = find.feed(public_id, member)
    state = next(shown for shown in feeds_of(member) if shown.feed.pk == shown_feed.pk)
    context = {
        "feed": shown_feed,
        "state": state,
        "hosts": [shown_feed.host, *(shown_feed.hosts or [])],
        "withdrawn": withdrawals(public_id, member),
        "job": job_of(KIND, shown_feed.pk),
        "form": form,
        "adds": holds(member.roles, Permission.GALLERY_CREATE),
        "runs": holds(member.roles, Permission.GALLERY_ENROL)
        and (shown_feed.tried_at is not None or not shown_feed.mapping),
        "reads_log": holds(member.roles, Permission.AUDIT_READ),
    }
    return render(request, "feeds/feed.html", context | more)


@require_POST
def feed_try(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show the first notices as they would be enrolled."""
    form = ReasonForm()
    try:
        trial = try_feed(public_id, acting_member=member_of(request), pictures=2)
    except Refused as refused:
        if refused.rule_id.endswith(".unknown") or refused.rule_id.startswith("member."):
            raise
        return _page(request, public_id, form, refused=refused)
    return _page(request, public_id, form, trial=trial)


@require_POST
def feed_run(request: HttpRequest, public_id: str) -> HttpResponse:
    """Run a feed in the background."""
    ask_run(public_id, acting_member=member_of(request))
    messages.success(request, "The run has been started.")
    return redirect("feed", public_id)


@require_POST
def feed_stop(request: HttpRequest, public_id: str) -> HttpResponse:
    """Stop a feed for good."""
    form = ReasonForm(request.POST)
    if form.is_valid():
        with beside(form, "why"):
            stop_feed(public_id, reason=form.cleaned_data["why"], acting_member=member_of(request))
            messages.success(request, "Feed stopped. What it enrolled stays.")
            return redirect("feed", public_id)
    return _page(request, public_id, form)
