"""The outbox: a letter belongs to its act, is sent once, tried again for days, and leaves no text behind."""

from __future__ import annotations

import contextlib
import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.core import mail
from django.db import transaction
from django.utils import timezone
from tests.factories.work import at, entries

from plainview.casework.mail import letters
from plainview.casework.mail.post import Failure
from plainview.casework.mail.read import mail_state
from plainview.casework.models import Letter

JO, KIM = "jo@agency.example", "kim@agency.example"


class Server:
    """Stands where the mail server's connection is: tests/deployed/test_mail.py has real ones."""

    def __init__(self, failure: Failure | None = None) -> None:
        self.failure, self.tried = failure, 0
        self.is_open = True

    def __call__(self, _: object) -> Server:
        return self

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def hand_over(self, letter: object) -> None:
        self.tried += 1
        if self.failure:
            raise self.failure


@pytest.fixture
def server(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    with (workspace / "workspace.toml").open("a") as settings:
        settings.write('[mail]\nhost = "mail.agency.example"\n')
    made = Server()
    monkeypatch.setattr(letters, "Post", made)
    return made


def write(*people: str, about: str = "") -> None:
    with transaction.atomic():
        letters.write_letters("test.letter", people, "A subject\nof two lines", "Text", about=about)


def test_a_letter_of_an_act_that_is_undone_is_never_sent(workspace: Path) -> None:
    with contextlib.suppress(KeyError), transaction.atomic():
        letters.write_letters("test.letter", [JO], "Subject", "Text")
        raise KeyError
    assert (Letter.objects.count(), mail.outbox) == (0, [])


def test_without_a_server_each_person_gets_a_letter_at_once_and_its_text_is_erased(workspace: Path) -> None:
    write(JO, KIM, JO)
    assert [letter.to for letter in mail.outbox] == [[JO], [KIM]]
    assert mail.outbox[0].subject == "A subject of two lines"
    assert {bytes(letter.sealed) for letter in Letter.objects.all()} == {b""}
    assert mail_state().ok


def test_with_a_server_nothing_is_sent_while_a_page_waits(server: Server) -> None:
    write(JO)
    assert (server.tried, mail.outbox) == (0, [])
    assert JO not in json.dumps(list(Letter.objects.values()), default=str)
    assert letters.send_due() == 1
    assert (server.tried, letters.send_due()) == (1, 0)


def test_a_letter_is_tried_again_with_growing_waits_for_three_days_and_then_given_up(server: Server) -> None:
    server.failure = Failure("The mail server is not ready for this address (451).")
    write(JO, about="R1")
    began = timezone.now()
    for minutes in (0, 1, 3, 7, 15, 31, 61, 91):
        with at(began + timedelta(minutes=minutes, seconds=minutes + 1)):
            letters.send_due()
            letters.send_due()
    assert server.tried == 8
    with at(began + timedelta(minutes=70)):
        assert (mail_state().late, mail_state().ok) == (1, False)
    with at(began + timedelta(days=3, minutes=1)):
        letters.send_due()
        (letter,) = Letter.objects.all()
        assert letter.given_up_at is not None
        assert letters.send_due() == 0
        server.failure = None
        assert (letters.try_again(), letters.send_due()) == (1, 1)
    assert entries("letter.given_up")[0].subject["about"] == "R1"
    assert not Letter.objects.get().sealed


def test_letters_of_a_restored_workspace_are_sent_only_when_the_operator_says_so(server: Server) -> None:
    write(JO)
    assert letters.withhold() == 1
    assert (letters.send_due(), mail_state().given_up) == (0, 1)
    assert (letters.try_again(), letters.send_due()) == (1, 1)


def test_rows_go_after_a_month_and_with_the_record_that_they_are_about(server: Server) -> None:
    write(JO, about="N1")
    write(KIM)
    letters.send_due()
    assert letters.erase_old() == 0
    with at(timezone.now() + letters.KEEP + timedelta(minutes=1)):
        assert letters.erase_old() == 2
    write(JO, about="N1")
    letters.forget_letters("N1")
    assert not Letter.objects.exists()
