"""The public asks in Chromium, the administrator answers with an erasure, the public reads it; another agency sees nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import cv2
import pytest
from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader
from tests.browser.conftest import findings
from tests.factories import forks, walk
from tests.factories.live import Live, follow, probe
from tests.factories.models import collins, scaled

pytestmark = pytest.mark.long

SET_UP = """
import sys
from pathlib import Path
from plainview.cli.start import start_django
start_django()
from allauth.mfa.totp.internal import auth as totp
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from plainview.casework.people.agencies import accept_terms
from plainview.casework.people.agencies import open_agency
from plainview.casework.people.agencies import propose_agency
from plainview.casework.enrolment.enrol import enrol
from plainview.casework.people.members import join
from plainview.casework.enrolment.manifest import read_items
from plainview.casework.models import Reference
from plainview.casework.find import member_by_email
from plainview.casework.workspace.services import services
accept_terms(propose_agency("Harbour police", jurisdiction="J", head_name="H", head_email="h@harbour.example"))
boss = join(open_agency("Harbour police", administrator_email="boss@harbour.example").code, "Boss")
totp.TOTP.activate(boss, totp.generate_totp_secret())
session = SessionStore()
session.update({SESSION_KEY: str(boss.pk), BACKEND_SESSION_KEY: "plainview.web.adapters.Backend",
                HASH_SESSION_KEY: boss.get_session_auth_hash()})
session.save()
enrol("custody", read_items(Path(sys.argv[1])), acting_member=member_by_email("admin@agency.example"))
services().close()
print(Reference.objects.latest("pk").public_id, session.session_key)
"""
"""A picture more, which the test erases again, and a second agency; prints the reference and its administrator's session."""


FACE_OF = """
import sys
from plainview.cli.start import start_django
start_django()
from plainview.casework.models import SubjectFinding
print(SubjectFinding.objects.get(reference__public_id=sys.argv[1]).pk)
"""
"""Prints the number of the face of a reference."""


def set_up(live: Live, browser: Browser, folder: Path) -> tuple[str, Page]:
    """The reference that is to be erased, and a page of the other agency's administrator."""
    picture = folder / "held" / "market.jpg"
    picture.parent.mkdir()
    cv2.imwrite(str(picture), scaled(collins(), 0.8).pixels)
    done = forks.run(live.home, [picture.parent], code=SET_UP)
    assert done.returncode == 0, done.stderr
    reference, session = done.stdout.split()[-2:]
    context = browser.new_context(base_url=live.url)
    context.add_cookies([{"name": "session", "value": session, "url": live.url}])
    return reference, context.new_page()


def test_the_public_asks_and_an_administrator_answers_with_an_erasure(
    page_of: Callable[..., Page], live: Live, browser: Browser, tmp_path: Path
) -> None:
    reference, stranger = set_up(live, browser, tmp_path)
    public = browser.new_context(base_url=live.url, viewport={"width": 390, "height": 844}).new_page()
    public.goto("/rights/")
    assert findings(public) == []
    public.get_by_role("button", name="Send request").click()
    expect(public.locator("#errors")).to_contain_text("Choose")
    number, code = walk.ask(public, probe(tmp_path))
    assert findings(public) == []
    assert public.evaluate("document.documentElement.scrollWidth") <= 390

    for path in (f"/rights-requests/{number}/", f"/rights-requests/{number}/photo.jpg"):
        answer = stranger.goto(path)
        assert answer is not None
        assert answer.status == 404
    stranger.goto("/rights-requests/")
    expect(stranger.get_by_text("No requests to answer.")).to_be_visible()
    assert number not in stranger.content()

    supervisor = page_of("supervisor")
    supervisor.goto("/rights-requests/")
    follow(supervisor.get_by_role("link", name=re.compile(number)))
    assert findings(supervisor) == []
    supervisor.get_by_label("Identity check").fill("passport shown at the desk, compared by two officers")
    supervisor.get_by_role("button", name="Confirm identity").click()
    expect(supervisor.get_by_role("button", name="Search", exact=True)).to_have_count(0)
    page = page_of("admin")
    page.goto("/rights-requests/")
    page.get_by_role("link", name=re.compile(number)).click()
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_role("heading", name="Decide on each face")).to_be_visible()
    assert findings(page) == []
    assert reference not in page.content()  # which reference a face is, the answer does not need
    face = forks.run(live.home, [reference], code=FACE_OF).stdout.split()[-1]
    page.locator(f"input[name=person][value='{face}']").check()
    page.get_by_role("button", name="Record decisions").click()
    page.get_by_role("button", name="Answer", exact=True).click()
    expect(page.get_by_text("The person is informed")).to_be_visible()
    assert findings(page) == []

    public.goto(f"/rights/{number}/")
    public.get_by_label("Code").fill("AAAA-BBBB-CCCC-DDDD")
    public.get_by_role("button", name="Show request").click()
    expect(public.locator("#errors")).to_be_visible()
    public.get_by_label("Code").fill(code)
    public.get_by_role("button", name="Show request").click()
    expect(public.get_by_text("the pictures of you are erased")).to_be_visible()
    assert findings(public) == []
    assert public.evaluate("document.documentElement.scrollWidth") <= 390
    with public.expect_download() as letter:
        public.get_by_role("button", name="Letter (PDF)").click()
    told = " ".join(page.extract_text() for page in PdfReader(BytesIO(Path(letter.value.path()).read_bytes())).pages)
    for words in (
        reference,
        "Custody Images Act s. 4",
        "Inclusion proof",
        "Eileen Collins",
        "rights.open_cases",
    ):
        assert words in told, words
    with public.expect_download() as proof:
        public.get_by_role("button", name="Proof").click()
    assert live.json("audit", "inclusion", "--check", proof.value.path())["ok"]
    for page in (public, stranger):
        page.context.close()
