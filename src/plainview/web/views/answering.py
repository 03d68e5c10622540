"""What examining and verifying share: the form of the 19 components, read and laid out, and the draft as JSON."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, JsonResponse
from django.middleware.csrf import get_token

from plainview.casework.actions.drafts import Saved
from plainview.casework.models import Draft
from plainview.casework.queries.drafts import Answers
from plainview.policy.examination import ANSWERS, COMPONENTS, CONCLUSIONS, WHAT_TO_LOOK_AT


def answers_of(request: HttpRequest) -> Answers:
    """What the form holds, complete or not."""
    sent = request.POST
    return Answers.of(
        {
            "components": {name: sent.get(f"c{n}") for n, name in enumerate(COMPONENTS, start=1)},
            "conclusion": sent.get("conclusion"),
            "notes": sent.get("notes"),
            "acknowledged": sent.getlist("acknowledged"),
        }
    )


def laid_out(answers: Answers, *, marked: bool) -> dict[str, Any]:
    """The form for the template: a row for each component, the conclusions, the notes.

    Args:
        answers: what is answered so far.
        marked: whether blank rows are marked as missing.
    """
    return {
        "rows": [
            {
                "field": f"c{number}",
                "name": name,
                "number": number,
                "look_at": WHAT_TO_LOOK_AT[name],
                "missing": marked and name not in answers.components,
                "choices": [
                    {"word": word, "id": f"c{number}-{place}", "checked": answers.components.get(name) == word}
                    for place, word in enumerate(ANSWERS, start=1)
                ],
            }
            for number, name in enumerate(COMPONENTS, start=1)
        ],
        "answered": len(answers.components),
        "conclusions": [
            {"word": word, "id": f"conclusion-{place}", "checked": answers.conclusion == word}
            for place, word in enumerate(CONCLUSIONS, start=1)
        ],
        "notes": answers.notes,
        "acknowledged": answers.acknowledged,
    }


def version_of(request: HttpRequest) -> int:
    """The draft's version that the page was made from; 0 when it says none."""
    sent = request.POST.get("version", "")
    return int(sent) if sent.isascii() and sent.isdigit() and len(sent) < 10 else 0


def saved_json(saved: Saved) -> JsonResponse:
    """What the page shows after saving."""
    return JsonResponse(
        {"version": saved.version, "saved_at": f"{saved.saved_at:%H:%M:%S}", "elsewhere": saved.elsewhere}
    )


def state_json(request: HttpRequest, draft: Draft | None) -> JsonResponse:
    """The draft's version, and a fresh form token for a page that outlived its session."""
    return JsonResponse({"version": draft.version if draft else 0, "token": get_token(request)})
