"""Sessions of a browser whose requests run at the same time."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.sessions.backends.base import UpdateError

from plainview.web.session_store import SessionStore


@pytest.fixture
def begun(workspace: Path) -> str:
    first = SessionStore()
    first["kept"] = first["dropped"] = "before"
    first.save()
    return str(first.session_key)


def test_what_two_requests_write_at_the_same_time_is_both_kept(begun: str) -> None:
    slow, quick = SessionStore(begun), SessionStore(begun)
    assert slow["kept"] == quick["kept"] == "before"
    quick["challenge"] = "of a security key"
    del quick["dropped"]
    quick.save()
    slow["seen"] = "a page"
    slow.save()
    slow["seen"] = "another"
    slow.save()
    assert dict(SessionStore(begun).items()) == {"kept": "before", "challenge": "of a security key", "seen": "another"}


def test_the_later_of_two_changes_of_one_thing_holds(begun: str) -> None:
    slow, quick = SessionStore(begun), SessionStore(begun)
    assert slow["kept"] == quick["kept"]
    quick["kept"] = "quick"
    quick.save()
    slow["kept"] = "slow"
    del slow["dropped"]
    slow.save()
    assert dict(SessionStore(begun).items()) == {"kept": "slow"}


def test_a_session_that_was_ended_meanwhile_does_not_come_back(begun: str) -> None:
    slow, quick = SessionStore(begun), SessionStore(begun)
    assert slow["kept"] == quick["kept"]
    quick.flush()
    slow["seen"] = "a page"
    with pytest.raises(UpdateError):
        slow.save()
    assert not SessionStore().exists(begun)


def test_a_sign_in_takes_the_session_along_under_another_key(begun: str) -> None:
    store = SessionStore(begun)
    store["seen"] = "a page"
    store.cycle_key()
    store.save()
    assert store.session_key != begun
    assert not SessionStore().exists(begun)
    assert dict(SessionStore(store.session_key).items()) == {"kept": "before", "dropped": "before", "seen": "a page"}
