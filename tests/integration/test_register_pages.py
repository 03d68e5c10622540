"""The public register as pages: whoever asks sees what is published, finds and sorts it, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from allauth.mfa.totp.internal import auth as totp
from django.test import Client
from django.utils import timezone
from django.utils.html import escape
from tests.factories.commands import invoke
from tests.factories.register import agency, moment, use
from tests.factories.work import case, entries, gallery

from plainview.casework.find import member_by_email
from plainview.casework.models import Agency
from plainview.casework.people.agencies import propose_agency
from plainview.casework.register.publish import attest
from plainview.casework.workspace.services import services
from plainview.recheck.register import check_register
from plainview.worker import clock as schedule

pytestmark = pytest.mark.long


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
    assert page.count("sample</span>") == 1
    figures = services().engine.pack.figures
    assert figures
    for figure in figures:
        assert escape(figure.quantity[:1].upper() + figure.quantity[1:]) in page


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
    assert "No searches were run" in page
    draft = Agency.objects.get(name="Draft Police")
    assert public.get(f"/register/{draft.public_id}/").status_code == 404


def test_the_data_are_those_of_the_pages_and_are_made_once_in_five_minutes(public: Client) -> None:
    answer = public.get("/register.json")
    told = json.loads(answer.content)
    assert [row["searches"] for row in told["agencies"]] == [18, 0, 0]
    assert answer["Cache-Control"] == "public, max-age=300"
    Agency.objects.filter(name="North Police").update(name="Renamed Police")
    assert json.loads(public.get("/register.json").content) == told


def test_past_months_are_kept_and_checked(public: Client, workspace: Path, tmp_path: Path) -> None:
    assert b"None yet" in public.get("/register/history/").content
    case("C-today")  # the log was quiet for weeks, so scheduled work waits for somebody's act
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
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "register.json").write_bytes(answer.content)
    assert check_register(tmp_path / "copy", workspace / "audit") == []


def test_an_administrator_attests_from_the_page_of_their_agency(public: Client) -> None:
    boss = member_by_email("admin@north-police.example")
    totp.TOTP.activate(boss, totp.generate_totp_secret())
    client = Client()
    client.force_login(boss, backend="plainview.web.adapters.Backend")
    page = f"/register/{boss.agency.public_id}/"
    assert b"Attest months" in client.get(page).content
    assert b"Attest months" not in client.get(f"/register/{Agency.objects.get(is_sample=True).public_id}/").content
    form = {"office": "Chief of Police", "first": "2027-01", "last": "2027-02"}
    answer = client.post("/register/attest/", form)
    assert answer.status_code == 422
    assert b"The log contains a search by the agency in these months" in answer.content
    answer = client.post("/register/attest/", form | {"last": "2027-01"}, follow=True)
    assert answer.redirect_chain == [(f"{page}#attested", 302)]
    assert b"2027-01: no search, attested by the Chief of Police" in answer.content
    assert len(entries("register.attested")) == 2


def test_the_commands_attest_publish_and_check_and_the_copy_of_the_log_counts_again(
    public: Client, workspace: Path, tmp_path: Path
) -> None:
    site, log = tmp_path / "site", tmp_path / "log"

    def run(*words: object) -> str:
        done = invoke(["register", *map(str, words)], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    boss = "admin@north-police.example"
    told = json.loads(
        run(
            "attest",
            "--office",
            "Chief of Police",
            "--from",
            "2027-03",
            "--until",
            "2027-05",
            "--as",
            boss,
            "--json",
        )
    )
    assert (told["from"], told["until"], told["office"]) == ("2027-03", "2027-05", "Chief of Police")
    assert json.loads(run("export", site, "--as", boss, "--json"))["agencies"] == 3
    assert json.loads(run("check", site, "--log", workspace / "audit", "--json")) == {
        "ok": True,
        "problems": [],
    }
    assert invoke(["audit", "export", str(log)]).exit_code == 0
    words = [sys.executable, "-I", log / "verify.py", log, "--register", site / "register.json", "--json"]
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False)
    assert (done.returncode, json.loads(done.stdout)["problems"]) == (0, [])
    (site / "index.html").unlink()
    wrong = invoke(["register", "check", str(site), "--json"])
    assert wrong.exit_code == 1
    assert "index.html" in json.loads(wrong.stdout)["problems"][0]
