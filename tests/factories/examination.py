"""A candidate examined and verified, and another agency with its own people, in one line each."""

from __future__ import annotations

from pathlib import Path

from allauth.mfa.totp.internal import auth as totp
from django.test import Client
from tests.factories.browser import code, password_step
from tests.factories.power import invite_member
from tests.factories.stages import staged
from tests.factories.work import case, gallery, person, probe, search

from plainview.casework.examination.examine import examine
from plainview.casework.examination.verify import answer_verification, show_verification
from plainview.casework.models import Agency, Member
from plainview.casework.people.agencies import accept_terms, open_agency, propose_agency
from plainview.casework.people.members import join
from plainview.policy.examination import COMPONENTS, NOT, POTENTIAL
from plainview.policy.roles import Role

SIMILAR = dict.fromkeys(COMPONENTS, "similar")


@staged
def examined_and_verified(folder: Path, *, verdict: str = POTENTIAL) -> str:
    """A gallery, a case, a search, an examination of its first candidate and one verification; the examination's id."""
    gallery(folder / "pictures")
    case()
    found = search(probe(folder)).search.public_id
    return examined(found, verdict=verdict)


@staged
def examined(found: str, rank: int = 1, *, verdict: str = POTENTIAL) -> str:
    """An examination of one candidate of a search, and a verification where a verifier is free."""
    row = examine(
        found,
        rank,
        components=SIMILAR,
        conclusion=POTENTIAL,
        notes="",
        marks=[{"probe": [0.25, 0.5], "face": [0.3, 0.5], "note": "mole left of the nose"}],
        acting_member=person("examiner"),
    )
    task = row.verifications.get()
    show_verification(task.public_id, acting_member=task.verifier)
    answers = {item.position: verdict if item.is_candidate else NOT for item in task.items.all()}
    seen = {place: SIMILAR for place, word in answers.items() if word == POTENTIAL}
    answer_verification(task.public_id, answers, seen, acting_member=task.verifier)
    return row.public_id


def another_agency(role: str) -> Client:
    """A signed-in member of an agency that is not the sample's; `role`: "supervisor", "admin", …"""
    names = {"admin": Role.ADMINISTRATOR}
    wanted = names.get(role) or Role(role)
    email, password = f"{role}@other.example", "a-long-password-of-theirs"
    if not Agency.objects.filter(name="Other").exists():
        accept_terms(propose_agency("Other", jurisdiction="J", head_name="H", head_email="h@other.example"))
        join(open_agency("Other", administrator_email="boss@other.example").code, "Boss")
    boss = Member.objects.get(email="boss@other.example")
    member = join(invite_member(email, [wanted.value], acting_member=boss).code, f"Other {role}")
    member.set_password(password)
    member.save()
    secret = totp.generate_totp_secret()
    totp.TOTP.activate(member, secret)
    client = Client()
    password_step(client, email, password)
    done = client.post("/accounts/2fa/authenticate/", {"code": code(secret)})
    assert done.status_code == 302, done.content
    return client
