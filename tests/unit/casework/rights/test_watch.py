"""What runs by the clock for people's requests, and the counts of them; and what the letter tells of each use."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.urls import resolve
from django.utils import timezone
from tests.factories.alerts import alert, arrive, her
from tests.factories.examination import examined
from tests.factories.power import change_policy
from tests.factories.refusals import rule_of
from tests.factories.rights import NETWORK, decided, file, letter_of, photo
from tests.factories.work import at, case, entries, gallery, person, probe, search

from plainview.casework.alerts.follow import follow_all
from plainview.casework.cases.open_close import close_case
from plainview.casework.disclosure.make import disclose
from plainview.casework.galleries.exchange import export_gallery
from plainview.casework.leads.decide import release
from plainview.casework.mail import address
from plainview.casework.models import LogOpening
from plainview.casework.rights import watch as rights_watch
from plainview.casework.rights.answers import answer_request
from plainview.casework.rights.checks import extend, refuse
from plainview.casework.rights.filing import open_request
from plainview.casework.rights.search import decide, search_person
from plainview.policy import rights as policy
from plainview.policy.agency import SAMPLE
from plainview.policy.examination import CONTRADICTIONS
from plainview.recheck.tally import Stated, Tally


def admin() -> Any:
    return person("admin")


@pytest.fixture
def small(workspace: Path, tmp_path: Path) -> Path:
    """A gallery of two people."""
    gallery(tmp_path / "pictures")
    return workspace


def test_deadlines_are_watched_extended_once_and_counted_as_the_log_has_them(small: Path) -> None:
    now = timezone.now()
    row, agency = file(picture=None).request, admin().agency
    assert row.due_on == now.date() + timedelta(days=30)
    assert rights_watch.watch_deadlines() == {}
    with at(now + timedelta(days=24)):
        assert rights_watch.watch_deadlines() == {agency.public_id: 1}
        assert rights_watch.watch_deadlines() == {}
        assert mail.outbox[-1].to == ["admin@agency.example"]
        assert "6 days left" in mail.outbox[-1].body
        assert resolve(mail.outbox[-1].body.split(address())[1].strip()).view_name == "rights-requests"
        extended = extend(row.public_id, 60, "many galleries to look through", acting_member=admin())
        assert "Your request will take longer" in mail.outbox[-1].subject
        assert (
            rule_of(extend, row.public_id, 1, "once more is not allowed", acting_member=admin()) == "rights.extension"
        )
    assert extended.due_on == now.date() + timedelta(days=90)
    with at(now + timedelta(days=91)):
        assert rights_watch.watch_deadlines() == {agency.public_id: 1}
        assert "OVERDUE by 1 day" in mail.outbox[-1].body
        assert rights_watch.watch_deadlines() == {}
        refuse(row.public_id, "identity", "nobody came to show who they are", acting_member=admin())
        done, mine = decided("erasure")
        answer_request(done.public_id, erase=[mine.public_id], acting_member=admin())
        counted = Tally()
        for entry in entries():
            counted.add(Stated(entry.seq, entry.at, entry.action, entry.subject))
        counts = {
            word: counted.total(agency.public_id, f"rights:{word}") for word in ("received", "granted", "refused")
        }
        assert counts == {"received": 2, "granted": 1, "refused": 1}
        assert counted.total(agency.public_id, "gone:by a member") == 1


def test_what_is_kept_ends_with_the_time_of_a_complaint(workspace: Path) -> None:
    filed = file(picture=photo())
    now, number = timezone.now(), filed.request.public_id
    refuse(number, "identity", "nobody came to show who they are", acting_member=admin())
    assert rights_watch.erase_old() == []
    with at(now + timedelta(days=policy.KEEP_DAYS + 1)):
        assert rights_watch.erase_old() == [number]
        assert rights_watch.erase_old() == []
        opened = open_request(number, filed.code, network=NETWORK)
    assert opened.pdf is None
    assert not bytes(opened.request.sealed)
    assert not LogOpening.objects.filter(entry_id=opened.request.entry).exists()


def test_the_letter_tells_searches_leads_alerts_disclosures_and_exports_of_closed_cases(
    small: Path, tmp_path: Path
) -> None:
    case()
    found = search(probe(tmp_path)).search
    supervisor = person("supervisor")
    release(
        examined(found.public_id),
        contradictions=dict.fromkeys(CONTRADICTIONS, "checked: nothing is known"),
        acting_member=supervisor,
    )
    disclose(found.public_id, tmp_path / "package.zip", acting_member=supervisor)
    alert(tmp_path)
    arrive(tmp_path, "new.png", her())
    follow_all()
    export_gallery("g", tmp_path / "exported", reason="the archive moves", acting_member=admin())
    case("C-2", "burglary")
    search(probe(tmp_path), case="C-2")
    text = SAMPLE.replace('rights_open_cases = "withhold"', 'rights_open_cases = "count"')
    change_policy(text, reason="the number may be told", acting_member=admin())
    close_case("C-1", acting_member=person("examiner"))

    row, _ = decided("access")
    new = next(
        one for one in search_person(row.public_id, acting_member=admin()) if one.reference.file_name == "new.png"
    )
    decide(row.public_id, [new.pk], [], acting_member=admin())
    told = letter_of(answer_request(row.public_id, acting_member=admin()))
    exported = entries("gallery.exported")[0].seq
    for words in (
        "robbery, gallery g: your picture became a lead; disclosed to a defence",
        "robbery, gallery g, raised by an alert: your picture did not become a lead",
        f"gallery g was exported, entry {exported} of the log",
        "in the candidate lists of 1 search under cases that are still open",
    ):
        assert words in told, words
    for never in ("C-1", "C-2", "burglary", found.public_id, "archive moves", "Sample examiner"):
        assert never not in told, never
