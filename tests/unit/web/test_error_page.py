"""An error of ours: its page has a number, and the line of the log with this number says where, and not what about."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from django.test import Client
from tests.factories.browser import people, signed_in

from plainview.site.journal import JsonLines


def test_the_page_of_an_error_shows_the_number_that_the_log_has(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ValueError("about Jo Doe")

    monkeypatch.setattr("plainview.web.views.rights_public.open_agencies", broken)
    answer = Client(raise_request_exception=False).get("/rights/?name=Jo+Doe")
    assert answer.status_code == 500
    (record,) = [record for record in caplog.records if record.exc_info]
    text = JsonLines().format(record)
    line = json.loads(text)
    assert line["reference"] in answer.content.decode()
    assert (line["error"], line["view"], line["status"]) == ("ValueError", "rights", 500)
    assert "test_error_page.py" in line["trace"][-1]
    assert "Jo" not in text


def test_the_words_of_other_libraries_come_without_their_arguments() -> None:
    record = logging.LogRecord("other", logging.WARNING, "x.py", 1, "%s has no address", ("Jo Doe",), None)
    assert json.loads(JsonLines().format(record))["event"] == "%s has no address"


def test_a_page_that_is_not_there_offers_a_search_to_members_only(workspace: Path) -> None:
    people()
    assert "search for a case" not in Client().get("/nothing/").content.decode()
    assert "search for a case" in signed_in("examiner").get("/nothing/").content.decode()


def test_an_address_that_takes_a_form_only_says_so_and_a_refusal_has_a_way_on(workspace: Path) -> None:
    people()
    examiner = signed_in("examiner")
    opened = examiner.get("/leads/L1/outcome/")  # as a reload does; without a page browsers show an error of their own
    assert (opened.status_code, opened.headers["Allow"]) == (405, "POST")
    for page in (opened, examiner.get("/members/")):
        words = page.content.decode()
        assert "Go to your tasks" in words
        assert "Reference " in words
