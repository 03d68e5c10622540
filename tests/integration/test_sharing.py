"""Shared searches by the command line and the forms: two agencies walk them, a third one sees nothing."""

from __future__ import annotations

import json
import shlex
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.totp.internal import auth as totp
from django.test import Client
from django.utils import timezone
from tests.factories.commands import invoke
from tests.factories.models import collins, scaled
from tests.factories.sharing import (
    ASKER,
    WHY,
    agency,
    draft,
    empty_gallery,
    lead_for,
    searched,
    taken,
    theirs,
    wish,
    world,
)
from tests.factories.work import entries, gallery, person, probe, write

from plainview.casework.disclosure.make import disclose
from plainview.casework.models import Agreement, Member, Search, SharedRequest
from plainview.casework.probes.photographs import add_photograph
from plainview.casework.sharing.agree import withdraw
from plainview.casework.sharing.ends import decline
from plainview.casework.sharing.requests import authorise_request, make_request
from plainview.recheck.package import verify_package

pytestmark = pytest.mark.long


def run(line: str, who: Member, code: int = 0) -> dict[str, Any]:
    done = invoke([*shlex.split(line), "--as", who.email, "--json"])
    assert (done.exit_code, done.exception) == (code, None), (line, done.exception)
    return json.loads(done.output) if code == 0 else {}


def client_of(member: Member) -> Client:
    totp.TOTP.activate(member, totp.generate_totp_secret())
    client = Client(raise_request_exception=False)
    client.force_login(member, backend="plainview.web.adapters.Backend")
    return client


def test_two_agencies_by_the_command_line(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    agency()
    boss, admin, asker = theirs("admin"), person("admin"), theirs("examiner")
    until = (timezone.now() + timedelta(days=30)).date()
    made = run(f"agreement propose {ASKER} --gallery g --until {until} --gives list", admin)["agreement"]
    run(f"agreement accept {made} --version 1", boss)
    run(f"agreement change {made} --gallery g --until {until} --offence robbery", admin)
    run(f"agreement accept {made} --version 2", boss)
    (row,) = run("agreement list", asker)["agreements"]
    assert (row["state"], row["version"], row["gives"], row["offences"]) == (
        "in force",
        2,
        "lead",
        ["robbery"],
    )
    invoke(["case", "open", "R-1", "--offence", "robbery", "--as", asker.email])
    asked = run(
        f"request make {probe(tmp_path)} --agreement {made} --gallery g --case R-1 --purpose 'find the rider' --authority warrant"
        f" --origin cctv --also {write(scaled(collins(), 0.6), tmp_path / 'more.png')}",
        asker,
    )["request"]
    run(f"request authorise {asked} --reason seen", theirs("supervisor"))
    examiner = person("examiner")
    (row,) = run("request list", examiner)["requests"]
    assert (row["request"], row["side"], row["state"]) == (asked, "received", "waiting for an examiner")
    run(f"request take {asked}", examiner)
    found = run(f"request search {asked}", examiner)
    assert found["candidates"] == 2
    shown = run(f"candidates {found['search_id']}", examiner)
    assert [frame["photograph"] for frame in shown["probe"]["frames"]] == ["more.png"]
    assert (shown["for_agency"], shown["shared_request"]) == (ASKER, asked)
    lead = lead_for(Search.objects.get(public_id=found["search_id"]))
    assert run(f"request answer {asked}", examiner) == {"request": asked, "result": "lead"}
    run(f"request outcome {asked} {lead} cleared", asker)
    told = run(f"request show {asked}", asker)
    assert [(one["lead"], one["outcome"]) for one in told["candidates"]] == [(lead, "cleared")]
    assert (told["search"], told["result"]) == (None, "lead")
    assert run(f"request show {asked}", examiner)["search"] == found["search_id"]
    invoke(["agreement", "withdraw", made, "--reason", WHY, "--as", boss.email], catch_exceptions=False)
    assert Agreement.objects.get().withdrawn_by == boss


def test_an_agreement_by_its_forms(workspace: Path, tmp_path: Path) -> None:
    empty_gallery()
    agency()
    admin, boss = client_of(person("admin")), client_of(theirs("admin"))
    today = timezone.now().date()
    terms = {
        "agency": ASKER,
        "galleries": ["g"],
        "starts_on": today,
        "ends_on": today,
        "gives": "lead",
        "answer_days": 5,
        "offences": "Robbery\n\nburglary ",
        "askers": "",
        "purposes": "",
    }
    assert admin.post("/agreements/new/", terms | {"galleries": []}).status_code == 422
    bad = admin.post("/agreements/new/", terms | {"offences": "immigration status"})
    assert b"immigration status alone" in bad.content
    assert not Agreement.objects.exists()
    there = admin.post("/agreements/new/", terms)["Location"]
    assert there == f"/agreements/{Agreement.objects.get().public_id}/"
    assert b"not accepted yet" in boss.get(there).content
    assert boss.post(f"{there}accept/", {"version": "1"}).status_code == 302
    page = admin.get(f"{there}change/")
    assert b"Robbery" not in page.content
    assert b"robbery\nburglary" in page.content
    admin.post(f"{there}change/", terms | {"answer_days": 9})
    seen = boss.get(there).content
    assert b"Accept version 2" in seen
    assert b"Sample agency administrator" not in seen
    assert boss.post(f"{there}withdraw/", {"reason": "no"}).status_code == 422
    assert boss.post(f"{there}withdraw/", {"reason": WHY}).status_code == 302
    acts = ("agreement.proposed", "agreement.accepted", "agreement.withdrawn")
    assert [row.action for row in entries() if row.action in acts] == [*acts[:2], acts[0], acts[2]]


def test_the_probe_is_for_the_two_agencies_and_for_the_one_that_declined_no_more(
    workspace: Path, tmp_path: Path
) -> None:
    made, prepared = world(), draft(tmp_path)
    more = write(scaled(collins(), 0.6), tmp_path / "more.png").read_bytes()
    add_photograph(prepared, "more.png", more, acting_member=theirs("examiner"))
    request = make_request(prepared, wish(made), acting_member=theirs("examiner"))
    authorise_request(request.public_id, acting_member=theirs("supervisor"))
    agency("Third")
    page, picture = f"/shared/{request.public_id}/", f"/shared/{request.public_id}/probe.jpg"
    holder, third = client_of(person("examiner")), client_of(theirs("examiner", "Third"))
    assert holder.get(picture).status_code == 404  # its page was not opened: the view would not be in the log
    assert b"One probe of 2 photographs" in holder.get(page).content
    pictures = [picture, f"{picture}?face", f"{picture}?number=2"]
    assert {holder.get(shown)["Content-Type"] for shown in pictures} == {"image/jpeg"}
    assert len({holder.get(shown).content for shown in pictures}) == 3
    assert holder.get(f"{picture}?number=3").status_code == 404
    assert third.get(page).status_code == 404
    assert {third.get(shown).status_code for shown in pictures} == {404}
    decline(request.public_id, reason=WHY, acting_member=person("examiner"))
    assert {holder.get(shown).status_code for shown in pictures} == {404}
    assert WHY.encode() in client_of(theirs("examiner")).get(page).content
    viewed = [row.subject["by_agency"] for row in entries("shared.viewed")]
    assert viewed == [person("examiner").agency.public_id, theirs("examiner").agency.public_id]


def test_what_is_disclosed_of_it_names_both_agencies_and_holds_the_request(workspace: Path, tmp_path: Path) -> None:
    found = searched(tmp_path, world(tmp_path))
    package = tmp_path / "package.zip"
    disclose(found.public_id, package, acting_member=person("supervisor"))
    assert verify_package(package).ok
    with zipfile.ZipFile(package) as held:
        search = json.loads(held.read("search.json"))
        log = b"".join(held.read(name) for name in held.namelist() if "log" in name or "entries" in name)
    request = SharedRequest.objects.get()
    assert search["for_agency"] == request.agreement.asker.public_id
    assert search["shared_request"] == request.public_id
    assert b"shared.authorised" in log


def test_a_search_that_was_withheld_says_so_on_its_pages(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = world()
    request = taken(tmp_path, made)

    def ending(*_: object) -> tuple[None, None]:
        withdraw(made.public_id, reason=WHY, acting_member=theirs("admin"))
        return None, None

    monkeypatch.setattr("plainview.casework.search.run.template_of", ending)
    client = client_of(person("examiner"))
    told = client.post(f"/shared/{request.public_id}/search/")
    assert told.status_code == 403
    assert b"The agreement was withdrawn." in told.content
    found = Search.objects.get()
    assert b"agreement.withdrawn" in client.get(f"/searches/{found.public_id}/").content
    page = client.get(f"/shared/{request.public_id}/").content
    assert b"not answered" in page
    assert b"Take it" not in page
    assert f"Search {found.public_id}".encode() in page
    theirs_too = client_of(theirs("examiner")).get(f"/shared/{request.public_id}/").content
    assert b"not answered" in theirs_too
    assert found.public_id.encode() not in theirs_too
