"""Two agencies that search for each other: the sample agency holds a gallery, Rivertown has none and asks."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from allauth.mfa.totp.internal import auth as totp
from django.utils import timezone
from tests.factories.examination import examined
from tests.factories.power import change_policy, invite_member
from tests.factories.stages import staged
from tests.factories.work import gallery, person, probe

from plainview.casework.cases.open_close import open_case
from plainview.casework.find import member_by_email
from plainview.casework.galleries.passports import create_gallery
from plainview.casework.leads.decide import release
from plainview.casework.models import (
    Agency,
    Agreement,
    AgreementVersion,
    Case,
    Gallery,
    Member,
    PolicyVersion,
    Search,
    SharedRequest,
)
from plainview.casework.people.agencies import accept_terms, open_agency, propose_agency
from plainview.casework.people.members import join
from plainview.casework.probes.preparations import prepare
from plainview.casework.sharing import agree as agreements
from plainview.casework.sharing.agree import Proposal
from plainview.casework.sharing.requests import Wish, authorise_request, make_request, take
from plainview.casework.sharing.search import answer_request, search_shared
from plainview.casework.workspace.services import services
from plainview.policy.agency import SAMPLE
from plainview.policy.examination import CONTRADICTIONS
from plainview.policy.roles import Role

ASKER, HOLDER = "Rivertown", "Sample agency"
WHY = "for a good reason"
PURPOSE, AUTHORITY = "find the rider", "warrant 12 of the Rivertown court"
CHECKED = dict.fromkeys(CONTRADICTIONS, "checked: nothing known against it")


def agency(name: str = ASKER) -> None:
    """An open agency without galleries: examiner@, second@, supervisor@, auditor@, admin@ NAME.example."""
    domain = f"{name.lower()}.example"
    accept_terms(propose_agency(name, jurisdiction=name, head_name="H", head_email=f"h@{domain}"))
    boss = join(open_agency(name, administrator_email=f"admin@{domain}").code, f"{name} admin")
    change_policy(SAMPLE, reason="an agency that takes any purpose", acting_member=boss)
    for address, role in {
        "examiner": Role.EXAMINER,
        "second": Role.EXAMINER,
        "supervisor": Role.SUPERVISOR,
        "auditor": Role.AUDITOR,
    }.items():
        invited = invite_member(f"{address}@{domain}", [role.value], acting_member=boss)
        join(invited.code, f"{name} {address}")


def sign_ins(name: str = ASKER) -> dict[str, dict[str, str]]:
    """Give the other agency's people passwords and authenticators: their name -> how they sign in."""
    held = {}
    for member in Member.objects.filter(agency__name=name):
        secret = str(totp.generate_totp_secret())
        member.set_password(f"a long password of {member.name}")
        member.save()
        totp.TOTP.activate(member, secret)
        held[member.name] = {
            "email": member.email,
            "password": f"a long password of {member.name}",
            "totp_secret": secret,
        }
    return held


def stages(folder: Path, gallery_name: str) -> dict[str, Any]:
    """One request to authorise, one to take, one searched and one answered with a lead."""
    made = agreement(galleries=[gallery_name], offences=["robbery", "burglary"])

    def wanted(number: str) -> str:
        asked_with = wish(made, gallery=gallery_name, purpose="who held the door of the van open")
        return make_request(draft(folder, number=number), asked_with, acting_member=theirs("examiner")).public_id

    first, second, third, fourth = (wanted(f"26-77{n}") for n in range(4))
    for public_id in (second, third, fourth):
        authorise_request(public_id, acting_member=theirs("supervisor"))
    for public_id in (third, fourth):
        take(public_id, acting_member=person("examiner"))
        search_shared(public_id, acting_member=person("examiner"))
    lead_for(Search.objects.get(shared_request__public_id=fourth))
    answer_request(fourth, acting_member=person("examiner"))
    return {
        "authorise": f"/shared/{first}/",
        "take": f"/shared/{second}/",
        "searched": f"/shared/{third}/",
        "answered": f"/shared/{fourth}/",
        "agreement": f"/agreements/{made.public_id}/",
        "ask": f"/prepare/{draft(folder, number='26-780')}/ask/",
        "people": sign_ins(),
    }


def theirs(name: str, of: str = ASKER) -> Member:
    """A person of the other agency: "admin", "examiner", "supervisor", ..."""
    return member_by_email(f"{name}@{of.lower()}.example")


def holder() -> Agency:
    return person("admin").agency


def proposal(**changed: Any) -> Proposal:
    today = timezone.now().date()
    fields: dict[str, Any] = {
        "galleries": ["g"],
        "starts_on": today,
        "ends_on": today + timedelta(days=365),
    }
    return Proposal(**(fields | changed))


def agreement(**changed: Any) -> Agreement:
    """Proposed by the sample agency, accepted by Rivertown."""
    made = agreements.propose(ASKER, proposal(**changed), acting_member=person("admin"))
    return agreements.accept(made.public_id, 1, acting_member=theirs("admin"))


def draft(folder: Path, *, number: str = "R-1", offence: str = "robbery") -> str:
    """A prepared probe of Rivertown's examiner under a case of theirs; its id."""
    examiner = theirs("examiner")
    open_case(number, offence, acting_member=examiner)
    image = probe(folder, f"{number}.png")
    return prepare(number, image.name, image.read_bytes(), acting_member=examiner).public_id


def wish(made: Agreement, **changed: Any) -> Wish:
    fields = {"agreement": made.public_id, "gallery": "g", "purpose": PURPOSE, "authority": AUTHORITY}
    return Wish(**(fields | changed))


def empty_gallery() -> None:
    """The sample agency's gallery without a picture: enough where nothing is compared."""
    create_gallery(
        "g",
        legal_basis="law",
        source="tests",
        owner="tests",
        expires_on=date(2999, 1, 1),
        acting_member=person("admin"),
    )


@staged
def world(folder: Path | None = None, **terms: Any) -> Agreement:
    """Both agencies, the gallery with its pictures in this folder or without any, and an agreement in force."""
    if folder is None:
        empty_gallery()
    else:
        gallery(folder / "pictures")
    agency()
    return agreement(**terms)


def asked(folder: Path, made: Agreement, **changed: Any) -> SharedRequest:
    """A request that waits for Rivertown's supervisor."""
    return make_request(draft(folder), wish(made, **changed), acting_member=theirs("examiner"))


def reached(folder: Path, made: Agreement, **changed: Any) -> SharedRequest:
    """A request that waits for an examiner of the sample agency."""
    return authorise_request(asked(folder, made, **changed).public_id, acting_member=theirs("supervisor"))


def taken(folder: Path, made: Agreement, **changed: Any) -> SharedRequest:
    """A request that the sample agency's examiner has taken."""
    return take(reached(folder, made, **changed).public_id, acting_member=person("examiner"))


def searched(folder: Path, made: Agreement, **changed: Any) -> Search:
    """A request that was searched."""
    return search_shared(taken(folder, made, **changed).public_id, acting_member=person("examiner"))


def lead_for(search: Search) -> str:
    """Its first candidate, examined, verified and released; the lead's id."""
    row = examined(search.public_id)
    return release(row, contradictions=CHECKED, acting_member=person("supervisor")).public_id


def marked_request(gallery_name: str, case_number: str, image: Path) -> SharedRequest:
    """A request that reached the sample agency from a third one, made of rows alone; the texts say MARKER."""
    third = Agency.objects.create(name="MARKER agency", opened_at=timezone.now())
    PolicyVersion.objects.create(agency=third, number=1, text=SAMPLE, why="tests")
    sample = person("admin").agency
    asker = Member.objects.create(
        agency=third, email="marker-asker@third.example", name="MARKER asker", roles=["examiner"]
    )
    held, today = Gallery.objects.get(name=gallery_name), timezone.now().date()
    made = Agreement.objects.create(holder=sample, asker=third)
    version = AgreementVersion.objects.create(
        agreement=made,
        number=1,
        starts_on=today,
        ends_on=today + timedelta(days=9),
        gives="lead",
        answer_days=9,
        proposed_by=person("admin"),
        accepted_by=asker,
        accepted_at=timezone.now(),
        askers=["marker@third.example"],
    )
    version.galleries.add(held)
    number = f"{case_number}-theirs"
    theirs = Case.objects.create(agency=third, number=number, offence="robbery", opened_by=asker)
    return SharedRequest.objects.create(
        agreement=made,
        version=version,
        gallery=held,
        case=theirs,
        member=asker,
        purpose="find the MARKER rider",
        authority="MARKER",
        top=20,
        origin="cctv",
        probe_blob=services().blobs.put(image.read_bytes()),
        probe_name="MARKER.png",
        face_number=1,
        box=[0, 0, 99, 99],
        quality=50,
        quality_detail={},
        authorised_by=asker,
        authorised_at=timezone.now(),
        expires_at=timezone.now() + timedelta(days=9),
    )
