"""An attacker with a key of the interface for boto3, or a part of one: every way that is closed to a bearer token too.

Requests are signed by botocore itself, as boto3 signs them.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import botocore.auth
import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from django.test import Client
from django.utils import timezone
from tests.factories.power import set_roles
from tests.factories.programs import Program, program
from tests.factories.work import at, case, entries, gallery, person, probe

from plainview.casework.models import Member, Token
from plainview.casework.people.members import deactivate
from plainview.casework.people.tokens import Wish, make_token, revoke_token
from plainview.policy.decision import Refused
from plainview.site.journal import JsonLines

PATH = "/compat/rekognition/"
SEARCH = "SearchFacesByImage"


@dataclass
class Said:
    """What the interface answers: its status, its error's name, and its text."""

    status: int
    error: str
    text: str


@dataclass
class Key:
    """A key, and requests that botocore signs with it."""

    key: str
    secret: str
    client: Client = field(default_factory=lambda: Client(enforce_csrf_checks=True))

    def signed(self, operation: str, body: dict[str, Any], auth: Any = SigV4Auth, **headers: str) -> AWSRequest:
        about = {
            "X-Amz-Target": f"RekognitionService.{operation}",
            "Content-Type": "application/x-amz-json-1.1",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        request = AWSRequest("POST", f"http://testserver{PATH}", data=json.dumps(body).encode(), headers=about)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(botocore.auth, "get_current_datetime", timezone.now)
            auth(Credentials(self.key, self.secret), "rekognition", "x").add_auth(request)
        return request

    def send(self, request: AWSRequest, **headers: str) -> Said:
        sent = {"Host": "testserver", **dict(request.headers), **headers}
        kind = sent.pop("Content-Type")
        answer = self.client.generic(
            "POST", request.url.removeprefix("http://testserver"), request.data, content_type=kind, headers=sent
        )
        read = json.loads(answer.content)
        return Said(answer.status_code, str(read.get("__type", "")), answer.content.decode())

    def call(self, operation: str, body: dict[str, Any] | None = None, **headers: str) -> Said:
        return self.send(self.signed(operation, body or {}, **headers))


def key(who: str | Member = "examiner", *scopes: str, **wish: Any) -> Key:
    member = person(who) if isinstance(who, str) else who
    token, secret = make_token(Wish(scopes or ("all",), signs=True, **wish), acting_member=member)
    return Key(token.public_id, secret)


@pytest.fixture
def asked(workspace: Path, tmp_path: Path) -> dict[str, Any]:
    gallery(tmp_path / "pictures")
    case()
    return {"CollectionId": "g", "Image": {"Bytes": base64.b64encode(probe(tmp_path).read_bytes()).decode()}}


def test_a_key_does_what_its_scopes_say_and_no_more(asked: dict[str, Any]) -> None:
    reader = key("examiner", "gallery.list", case="C-1", purpose="find the rider")
    assert reader.call("ListCollections").status == 200
    for operation, body in ((SEARCH, asked), ("DetectFaces", {"Image": asked["Image"]})):
        refused = reader.call(operation, body)
        assert (refused.error, "token.scope" in refused.text) == ("AccessDeniedException", True), refused
    whole = key("examiner", case="C-1", purpose="find the rider")
    assert whole.call(SEARCH, asked).status == 200
    for operation, body in (
        ("IndexFaces", asked),
        ("DeleteFaces", {"CollectionId": "g", "FaceIds": ["R0"]}),
    ):
        assert "member.no_permission" in whole.call(operation, body).text
    assert "case.unknown" in whole.call(SEARCH, asked, X_Plainview_Case="C-9").text


@pytest.mark.parametrize(
    "end",
    [
        lambda used: revoke_token(used.key, acting_member=person("examiner")),
        lambda _: deactivate("examiner@agency.example", reason="left", acting_member=person("admin")),
        lambda _: Member.objects.filter(email="examiner@agency.example").update(locked_at=timezone.now()),
        lambda _: _suspend(),
        lambda _: set_roles("examiner@agency.example", ["verifier"], acting_member=person("admin")),
    ],
    ids=["revoked", "left", "locked", "suspended", "another role"],
)
def test_a_key_ends_with_whatever_ends_its_member(asked: dict[str, Any], end: Callable[[Key], object]) -> None:
    used = key("examiner", case="C-1", purpose="find the rider")
    assert used.call(SEARCH, asked).status == 200
    end(used)
    refused = used.call(SEARCH, asked | {"MaxFaces": 3})
    assert refused.status in (400, 403)
    assert refused.error in ("UnrecognizedClientException", "AccessDeniedException"), refused
    assert len(entries("search.requested")) == 1


def _suspend() -> None:
    agency = person("examiner").agency
    agency.suspended_at = timezone.now()
    agency.save()


def test_a_key_expires(workspace: Path) -> None:
    used = key("examiner", days=1)
    assert used.call("ListCollections").status == 200
    with at(timezone.now() + timedelta(days=2)):
        assert used.call("ListCollections").error == "UnrecognizedClientException"


def test_what_was_sent_once_is_not_taken_again(workspace: Path) -> None:
    used = key()
    request = used.signed("ListCollections", {})
    assert used.send(request).status == 200
    again = used.send(request)
    assert (again.error, "signature.replayed" in again.text) == ("InvalidSignatureException", True)
    with at(timezone.now() + timedelta(minutes=11)):  # the cache may have forgotten it: the clock has not
        assert "Signature expired" in used.send(request).text


def test_a_signature_covers_the_body_whatever_it_says(workspace: Path) -> None:
    used = key()
    unsigned = used.signed("ListCollections", {}, X_Amz_Content_SHA256="UNSIGNED-PAYLOAD")
    assert used.send(unsigned).error == "InvalidSignatureException"
    changed = used.signed("ListCollections", {})
    changed.data = b'{"MaxResults": 1}'
    assert used.send(changed).error == "InvalidSignatureException"


def test_a_signature_in_an_address_is_not_read(workspace: Path) -> None:
    """Amazon takes one there (a presigned address); an address ends in histories and logs."""
    used = key()
    request = used.signed("ListCollections", {}, SigV4QueryAuth)
    assert "X-Amz-Signature" in request.url
    assert used.send(request).error == "MissingAuthenticationTokenException"


def test_a_token_is_no_key_and_a_key_is_no_token(workspace: Path) -> None:
    identity, _, secret = program().token.partition(".")
    assert Key(identity, secret).call("ListCollections").error == "UnrecognizedClientException"
    used = key()
    for text in (used.secret, f"{used.key}.{used.secret}"):
        assert Program(text).get("/me").rule == "token.invalid"


def test_a_key_of_another_workspace_and_a_wrong_secret_are_refused(workspace: Path) -> None:
    used, other = key(), key()
    Token.objects.filter(public_id=other.key).delete()
    assert other.call("ListCollections").error == "UnrecognizedClientException"
    for secret in ("", used.secret[:-1], used.secret.swapcase()):
        assert Key(used.key, secret or "x").call("ListCollections").error == "InvalidSignatureException"
    for number in range(30):
        assert Key(used.key, f"{used.secret}{number}").call("ListCollections").status == 403
    assert 0 < len(entries("token.refused")) <= 10, "guessing fills no log"


def test_a_key_is_made_as_a_token_is(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for wish in (Wish(("all",), signs=True, service="Case system"), Wish(("lead",), signs=True, service="Case system")):
        with pytest.raises(Refused, match=r"token\.person_only"):
            make_token(wish, acting_member=person("supervisor"))
    with pytest.raises(Refused, match=r"case\.unknown"):
        key("examiner", case="C-of-nobody")
    monkeypatch.setattr("plainview.casework.people.tokens.is_sample", lambda: False)
    with pytest.raises(Refused, match=r"token\.no_factor"):
        key()


def test_no_secret_is_in_log_journal_answer_or_database(
    asked: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    used = key("examiner", case="C-1", purpose="find the rider")
    with caplog.at_level(logging.INFO):
        answers = [used.call(SEARCH, asked), used.call("ListFaces"), Key(used.key, "x").call("ListFaces")]
    lines = [JsonLines().format(record) for record in caplog.records]
    assert not [line for line in lines if used.secret in line]
    assert not [entry for entry in entries() if used.secret.encode() in entry.canonical]
    assert not [answer for answer in answers if used.secret in answer.text]
    stored = Token.objects.get(public_id=used.key)
    assert used.secret.encode() not in bytes(stored.sealed)


def test_a_search_by_a_key_is_under_its_members_name_and_says_how_it_came(asked: dict[str, Any]) -> None:
    used = key("examiner", case="C-1", purpose="find the rider")
    assert used.call(SEARCH, asked).status == 200
    (entry,) = entries("search.requested")
    assert (entry.actor, entry.subject["via"], entry.subject["by_token"]) == (
        person("examiner").public_id,
        "api",
        used.key,
    )


def test_a_clock_is_read_as_it_was_signed(workspace: Path) -> None:
    used = key()
    for minutes in (-6, 6):
        with at(timezone.now() + timedelta(minutes=minutes)):
            request = used.signed("ListCollections", {})
        assert "Signature expired" in used.send(request).text
    moved = used.signed("ListCollections", {"MaxResults": 2})
    del moved.headers["X-Amz-Date"]
    moved.headers["X-Amz-Date"] = (timezone.now() + timedelta(minutes=1)).strftime("%Y%m%dT%H%M%SZ")
    assert used.send(moved).error in ("InvalidSignatureException", "IncompleteSignatureException")
