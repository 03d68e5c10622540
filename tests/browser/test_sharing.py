"""Two agencies in Chromium: Rivertown asks, the sample agency searches and answers, Rivertown says what came of it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import findings
from tests.factories.live import GALLERY, Live, follow, pictures_loaded, probe, rivertown

pytestmark = pytest.mark.long

LEAD = (
    "import json; from tests.factories.sharing import lead_for; from plainview.casework.models import Search; "
    "print(json.dumps(lead_for(Search.objects.get(public_id='{}'))))"
)


def test_a_request_walks_from_one_agency_to_the_other_and_back(page_of: Callable[..., Page], live: Live) -> None:
    live.others |= live.python(rivertown(GALLERY))
    asker = page_of("Rivertown examiner")
    asker.goto("/prepare/?case=R-7")
    asker.get_by_label("Photograph").set_input_files(probe(live.home.parent, "rivertown.jpg"))
    asker.wait_for_url(re.compile(r"/prepare/D\w+/$"))
    follow(asker.get_by_role("link", name="Ask another agency"))
    assert findings(asker) == []
    asker.get_by_role("button", name="Send to a supervisor").click()
    expect(asker.get_by_role("alert")).to_contain_text("Not sent yet")
    asker.get_by_label("Purpose").fill("whoever held the door of the blue van open in the second film")
    asker.get_by_label("Authority").fill("warrant 12 of the Rivertown court")
    asker.get_by_role("button", name="Send to a supervisor").click()
    asker.wait_for_url(re.compile(r"/shared/X\w+/$"))
    request = asker.url.removeprefix(live.url)

    chief = page_of("Rivertown supervisor")
    chief.goto("/")
    follow(chief.get_by_role("link", name="Search for another agency").first)
    pictures_loaded(chief)
    assert findings(chief) == []
    chief.get_by_role("button", name="Authorise", exact=True).click()
    expect(chief.get_by_text("The other agency can now see it.")).to_be_visible()

    examiner = page_of("examiner")
    examiner.goto("/shared/")
    assert findings(examiner) == []
    examiner.get_by_role("link", name=re.compile("Rivertown: request X")).click()
    expect(examiner.get_by_text("warrant 12 of the Rivertown court")).to_be_visible()
    examiner.get_by_role("button", name="Take the request").click()
    examiner.get_by_role("button", name=f"Search {GALLERY}").click()
    examiner.wait_for_url(re.compile(r"/searches/S\w+/$"))
    expect(examiner.get_by_text("Searched for Rivertown")).to_be_visible()
    live.python(LEAD.format(examiner.url.rstrip("/").rpartition("/")[2]))
    examiner.goto(request)
    assert findings(examiner) == []
    examiner.get_by_role("button", name="Answer with the lead").click()
    expect(examiner.get_by_role("heading", name="The answer: lead")).to_be_visible()

    asker.goto(request)
    pictures_loaded(asker)
    assert findings(asker) == []
    assert asker.locator("img.face").last.evaluate("picture => picture.naturalWidth") == 320
    expect(asker.get_by_text("Similar, not identified.")).to_be_visible()
    asker.get_by_text("Report the outcome of lead").click()
    asker.get_by_label("Cleared").check()
    asker.get_by_role("button", name="Report the outcome").click()
    expect(asker.get_by_text("Outcome: cleared.")).to_be_visible()

    admin = page_of("admin")
    admin.goto("/shared/")
    follow(admin.get_by_role("link", name=re.compile("searches for Rivertown")))
    assert findings(admin) == []
    admin.get_by_text("Withdraw from this agreement").click()
    admin.get_by_label("Reason").fill("the law behind it changed")
    admin.get_by_role("button", name="Withdraw now").click()
    expect(admin.get_by_text("Nothing can be searched under it now.")).to_be_visible()
