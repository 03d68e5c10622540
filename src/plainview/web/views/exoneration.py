"""Exoneration reviews: the request, the decision, the search, and the answer: who else is on the lists."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from plainview.casework.disclosure import reviews as acts
from plainview.casework.disclosure.read import knows_rank, reviews_of, searches_of, state_of, waits_for
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.roles import holds
from plainview.recognition.errors import BadMedia
from plainview.web.views.common import beside, member_of


class AskForm(forms.Form):
    """A request for a review."""

    requester = forms.CharField(label="Requested by", max_length=200)
    body = forms.CharField(label="On behalf of: the defence of …, a court, a commission", max_length=200)
    reason = forms.CharField(
        label="Reason",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Why the first search may be wrong: another picture, another gallery, a person who was overlooked.",
    )
    charged_rank = forms.IntegerField(
        label="Rank of the person charged, on the list",
        required=False,
        min_value=1,
        help_text="Leave it empty if nobody on the list is charged. The examiner of the review does not see it.",
    )


class DecideForm(forms.Form):
    """A reason; required if the request is declined."""

    note = forms.CharField(
        label="Reason",
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Required if you decline: why, and what else the person can do.",
    )


@require_POST
def exoneration_ask(request: HttpRequest, public_id: str) -> HttpResponse:
    """Request a review; the defence returns to its disclosure, a supervisor goes on to the request."""
    member, form = member_of(request), AskForm(request.POST)
    acts.reviewable(public_id, member)
    if form.is_valid():
        with beside(form):
            review = acts.ask_review(public_id, **form.cleaned_data, acting_member=member)
            messages.success(request, "Review requested. A supervisor of the agency decides on it.")
            if holds(member.roles, Permission.EXONERATION_READ):
                return redirect("exoneration", review.public_id)
            return redirect("disclosure", public_id)
    return render(request, "exoneration/ask.html", {"form": form, "search_id": public_id}, status=422)


@require_GET
def exonerations(request: HttpRequest) -> HttpResponse:
    """Show every review of the agency."""
    reviews = [{"review": review, "state": state_of(review)} for review in reviews_of(member_of(request))]
    return render(request, "exoneration/list.html", {"reviews": reviews})


@require_GET
def exoneration(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show one review; the view is logged."""
    return _page(request, public_id)


def _page(request: HttpRequest, public_id: str, form: DecideForm | None = None, **more: Any) -> HttpResponse:
    member = member_of(request)
    review = acts.view_review(public_id, acting_member=member)
    return render(
        request,
        "exoneration/review.html",
        {
            "review": review,
            "state": state_of(review),
            "searches": searches_of(review),
            "shows_rank": knows_rank(review, member),
            "form": form or DecideForm(),
            "decides": holds(member.roles, Permission.EXONERATION_DECIDE),
            "searches_here": holds(member.roles, Permission.SEARCH_RUN),
            "waits": waits_for(review),
        }
        | more,
    )


@require_POST
def exoneration_decide(request: HttpRequest, public_id: str) -> HttpResponse:
    """Accept or decline a request."""
    form, accept = DecideForm(request.POST), request.POST.get("accept") == "yes"
    if form.is_valid():
        with beside(form, "note"):
            acts.decide_review(
                public_id, accept=accept, reason=form.cleaned_data["note"], acting_member=member_of(request)
            )
            messages.success(request, "Review accepted. An examiner can now search." if accept else "Review declined.")
            return redirect("exoneration", public_id)
    return _page(request, public_id, form)


@require_POST
def exoneration_prepare(request: HttpRequest, public_id: str) -> HttpResponse:
    """Begin the search of a review: step 1 with the same probe."""
    try:
        draft = acts.prepare_review(public_id, acting_member=member_of(request))
    except BadMedia as bad:
        return _page(request, public_id, trouble=f"{bad.why} {bad.next_step}")
    return redirect("preparation", draft.public_id)


@require_POST
def exoneration_answer(request: HttpRequest, public_id: str) -> HttpResponse:
    """Answer a review: who else is on the lists."""
    try:
        acts.answer_review(public_id, acting_member=member_of(request))
    except Refused as refused:
        if refused.rule_id.endswith(".unknown"):
            raise
        return _page(request, public_id, trouble=f"{refused.why} {refused.next_step}")
    messages.success(request, "Review answered. The requester can read the answer in their disclosure.")
    return redirect("exoneration", public_id)


@require_GET
def exoneration_result(request: HttpRequest, public_id: str) -> HttpResponse:
    """Return the answer as JSON; the view is logged.

    Raises:
        Refused: review.unknown; review.answer.unknown before it is answered.
    """
    review = acts.view_review(public_id, acting_member=member_of(request))
    if review.answer is None:
        raise Refused(
            "review.answer.unknown",
            "Not found",
            "The review has not been answered yet.",
            "Wait for the answer.",
            act=Permission.EXONERATION_READ,
        )
    answer = JsonResponse({"review": review.public_id} | review.answer, json_dumps_params={"indent": 1})
    answer["Content-Disposition"] = f'attachment; filename="review-{review.public_id}.json"'
    return answer
