"""Every address with the ids of another agency's things: nothing is shown, nothing is done, whatever one's roles."""

from __future__ import annotations

from pathlib import Path

from allauth.mfa.totp.internal import auth as totp
from django.test import Client
from django.urls import URLPattern, get_resolver
from tests.factories.work import entries, person
from tests.integration.test_authorisation_matrix import others, things  # noqa: F401  fixtures
from tests.integration.test_url_matrix import FOR_EVERY_PART, patterns
from tests.unit.casework.test_find import lapsed_of

from plainview.casework.jobs import ask
from plainview.casework.models import Case, Enrolment, Gallery, Member, Reference, Still
from plainview.casework.probes.preparations import prepare
from plainview.policy.roles import Role

ANYWHERE = {"accounts", "join", "sessions", "register", "rights"}
"""First parts of addresses that name nothing of an agency, or only what is public."""


def outsider(people: dict[Role, Member]) -> Client:
    """A signed-in member of the other agency who holds every role: a refusal is never for want of a permission."""
    member = people[Role.EXAMINER]
    member.roles = [role.value for role in Role if role is not Role.OPERATOR]
    member.save()
    totp.TOTP.activate(member, totp.generate_totp_secret())
    client = Client(raise_request_exception=False)
    client.force_login(member, backend="plainview.web.adapters.Backend")
    return client


def theirs(held: dict[str, str]) -> dict[str, str]:
    """First part of an address -> the id of the first agency's thing behind it."""
    examiner, case = person("examiner"), Case.objects.get(number="MARKER-case")
    draft = prepare(case.number, "MARKER.png", Path(held["image"]).read_bytes(), acting_member=examiner)
    job = ask("trial", 1, acting_member=examiner)
    still = Still.objects.order_by("pk")[0]
    return {
        "alerts": held["alert"],
        "jobs": job.public_id,
        "videos": held["video"],
        "stills": still.public_id,
        "prepare": draft.public_id,
        "searches": held["search"],
        "lapsed": lapsed_of(held),
        "verifications": held["verification"],
        "proficiency": held["item"],
        "leads": held["lead"],
        "examinations": held["examination"],
        "references": held["reference"],
        "members": Member.objects.get(email=held["email"]).public_id,
        "approvals": held["approval"],
        "urgent": held["search"],
        "flags": held["flag"],
        "cases": str(case.pk),
        "feeds": held["feed"],
        "webhooks": held["webhook"],
        "deliveries": held["delivery"],
        "galleries": str(Gallery.objects.get(name="MARKER-gallery").pk),
        "shared": held["request"],
        "agreements": held["agreement"],
        "retention": held["run"],
        "holds": held["hold"],
        "reports": held["schedule"],
        "rights-requests": held["asked"],
        "log": str(entries("case.opened")[0].seq),
        "samples": held["sample"],
        "exonerations": held["review"],
        "grants": held["grant"],
        "packages": held["kept"],
        "disclosures": held["search"],
        "tokens": held["token"],
        "proposals": held["proposal"],
    }


def address(entry: URLPattern, ids: dict[str, str]) -> str:
    route = str(entry.pattern)
    first = route.split("/")[0]
    for name, kind in entry.pattern.converters.items():
        value = FOR_EVERY_PART.get(name, "x")
        if name in ("public_id", "pk") or (name == "number" and first in ("cases", "log")):
            value = ids[first]
        elif name == "number" and first == "galleries":
            value = Enrolment.objects.order_by("pk").first().pk
        route = route.replace(f"<{_type(kind)}:{name}>", str(value))
    return "/" + route


def _type(converter: object) -> str:
    return {"StringConverter": "str", "Number": "number"}[type(converter).__name__]


def test_nothing_of_another_agency_is_shown_or_done(
    things: dict[str, str],  # noqa: F811
    others: dict[Role, Member],  # noqa: F811
) -> None:
    client, ids = outsider(others), theirs(things)
    walked, shown = set(), []
    for entry in patterns(get_resolver()):
        if not entry.pattern.converters or str(entry.pattern).split("/")[0] in ANYWHERE:
            continue
        if entry.pattern.converters.keys() & {"uidb36", "provider_id", "organization_slug", "key"}:
            continue  # the library's own, under /accounts/
        url = address(entry, ids)
        walked.add(url.split("/")[1])
        for method in (client.get, client.post):
            answer = method(url)
            # 400: an upload that says nothing; 302: to a list of one's own.
            away = answer.status_code == 302 and "/approvals/#" in str(answer.get("Location", ""))
            if not (away or answer.status_code in (400, 403, 404, 405)) or b"MARKER" in answer.content:
                shown.append((method.__name__, url, answer.status_code))
    assert not shown, str(shown)
    assert walked == set(ids)
    did = {row.action for row in entries() if row.actor == others[Role.EXAMINER].public_id}
    assert {name for name in did if not name.endswith(".refused")} <= {
        "member.joined",
        "session.began",
        "outsider.opened",
    }, did
    assert Reference.objects.get(public_id=things["reference"]).template
