"""The public register as pages: whoever asks sees what is published, finds and sorts it, and nothing else."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone
from tests.factories.browser import signed_in
from tests.factories.register import agency, moment, use
from tests.factories.work import entries, gallery

from plainview.casework.actions.agencies import propose_agency
from plainview.casework.actions.register import attest, publish_month
from plainview.casework.models import Agency
from plainview.jobs import schedule


@pytest.fixture
def public(workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Two real agencies beside the sample, in June 2027; one of them searched. A client that nobody signed in."""
    gallery(tmp_path / "pictures")
    north, south = agency("North Police", "2027-01"), agency("South Police", "2027-01", place="South")
    use(north.agency, "2027-02", 12)
    use(north.agency, "2027-02", 6, "theft")
    monkeypatch.setattr(timezone, "now", lambda: moment("2027-06"))
    attest("2027-01", "2027-05", office="Chief of Police", acting_member=south)
    propose_agency("Draft Police", jurisdiction="J", head_name="H", head_email="h@draft.example")
    return Client()


def names(client: Client, query: str = "") -> list[str]:
    answer = client.get(f"/register/?{query}")
    assert answer.status_code == 200
    return [row["name"].split()[0] for row in answer.context["agencies"]]


def test_the_table_is_found_in_and_sorted_without_a_script(public: Client) -> None:
    assert names(public) == ["North", "Sample", "South"]
    assert names(public, "q=police") == ["North", "South"]
    assert names(public, "q=POLICE+theft") == ["North"]
    assert names(public, "sort=searches&order=down") == ["North", "South", "Sample"]
    assert names(public, "sort=jurisdiction") == ["North", "Sample", "South"]
    assert names(public, "q=nowhere") == []
    assert names(public, "sort=nonsense") == ["North", "Sample", "South"]
    page = public.get("/register/").content.decode()
    assert "Draft Police" not in page
    assert page.count("made up</span>") == 1


def test_an_agencys_page_says_what_is_public_and_no_more(public: Client) -> None:
    north = Agency.objects.get(name="North Police")
    page = public.get(f"/register/{north.public_id}/").content.decode()
    for words in ("2027-02", 'data-label="theft">6<', "<svg"):
        assert words in page
    for secret in ("Bea Boss", "Ada Head", "@north-police.example", "Attest months"):
        assert secret not in page
    south = Agency.objects.get(name="South Police")
    page = public.get(f"/register/{south.public_id}/").content.decode()
    assert "2027-01 to 2027-05: no search, attested by the Chief of Police" in page
    assert "No search was run" in page
    draft = Agency.objects.get(name="Draft Police")
    assert public.get(f"/register/{draft.public_id}/").status_code == 404


def test_the_data_are_those_of_the_pages_and_are_made_once_in_five_minutes(public: Client) -> None:
    answer = public.get("/register.json")
    told = json.loads(answer.content)
    assert [row["searches"] for row in told["agencies"]] == [18, 0, 0]
    assert answer["Cache-Control"] == "public, max-age=300"
    Agency.objects.filter(name="North Police").update(name="Renamed Police")
    assert json.loads(public.get("/register.json").content) == told


def test_past_months_are_kept_and_checked(public: Client) -> None:
    assert b"None yet" in public.get("/register/history/").content
    schedule.every_day()
    schedule.every_day()
    (entry,) = entries("register.published")
    page = public.get("/register/history/").content.decode()
    digest = entry.subject["sha256"]
    assert f"/register/history/{digest}.json" in page
    answer = public.get(f"/register/history/{digest}.json")
    assert sha256(answer.content).hexdigest() == digest
    assert json.loads(public.get("/register.json").content)["previous_sha256"] == digest
    assert public.get(f"/register/history/{'0' * 64}.json").status_code == 404
    assert publish_month() is None


def test_an_administrator_attests_from_the_page_of_their_agency(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Agency.objects.get(is_sample=True).public_id
    client = signed_in("admin")
    form = {
        "office": "Chief of Police",
        "first": f"{timezone.now():%Y-%m}",
        "last": f"{timezone.now():%Y-%m}",
    }
    answer = client.post("/register/attest/", form)
    assert answer.status_code == 422
    assert b"Only a month that is over can be attested" in answer.content
    Agency.objects.filter(public_id=own).update(opened_at=moment("2026-01"))
    form |= {"first": "2026-02", "last": "2026-03"}
    answer = client.post("/register/attest/", form, follow=True)
    assert answer.redirect_chain == [(f"/register/{own}/#attested", 302)]
    assert b"attested by the Chief of Police" in answer.content
    assert len(entries("register.attested")) == 1
    assert b"Attest months" not in signed_in("examiner").get(f"/register/{own}/").content
