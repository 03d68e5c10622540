"""What an agency's own systems are told, how it is signed, and what happens when a message does not arrive."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from django.db import transaction
from django.utils import timezone
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError
from tests.factories.alerts import alert, arrive, her
from tests.factories.work import at, case, entries, gallery, person

from plainview.casework.alerts.ends import sweep_alerts
from plainview.casework.cases.open_close import close_case, open_case
from plainview.casework.erasure.expunge import expunge
from plainview.casework.log.write import write_entry
from plainview.casework.misuse.flags import raise_flag
from plainview.casework.models import Delivery, Job, LogEntry, Reference, WebhookMark
from plainview.casework.outgoing import Connection
from plainview.casework.webhooks.deliver import TRIES, attempt, deliver_due, sweep
from plainview.casework.webhooks.gather import ACTIONS, gather
from plainview.casework.webhooks.manage import add_webhook, remove_webhook, rotate_secret, send_again, try_webhook
from plainview.casework.webhooks.read import deliveries, shown_address, state_of, webhooks
from plainview.policy.decision import Refused
from plainview.policy.misuse import Finding
from plainview.policy.webhooks import EVENTS

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]

LOCAL = Connection(private=True)


class Receiver:
    """A receiver on this machine: keeps what was posted and answers as told."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/hook"
        self.posts: list[tuple[dict[str, str], bytes]] = []
        self.status, self.headers = 204, {}

    def checked(self, secret: str, number: int = -1) -> dict[str, object]:
        """Return a message, checked by the reference verifier."""
        headers, body = self.posts[number]
        found: dict[str, object] = Verifier(secret).verify(body, headers)
        return found


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.posts.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(made.status)
            for name, value in made.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.daemon_threads = True
    made = Receiver(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


def hooked(receiver: Receiver, *events: str) -> tuple[str, str]:
    hook, secret = add_webhook(receiver.url, events, acting_member=person("admin"))
    return hook.public_id, secret


def sent() -> int:
    gather()
    return deliver_due(LOCAL)


def rule_of(call: object) -> str:
    with pytest.raises(Refused) as caught:
        call()  # type: ignore[operator]
    return caught.value.rule_id


def test_what_happens_is_told_once_signed_and_by_id_alone(workspace: Path, receiver: Receiver) -> None:
    assert gather() == 0
    open_case("BEFORE-1", "robbery", acting_member=person("examiner"))
    public_id, secret = hooked(receiver)
    open_case("C-1", "robbery", acting_member=person("examiner"))
    close_case("C-1", reason="solved", acting_member=person("examiner"))
    assert sent() == 2
    assert sent() == 0
    first, second = receiver.checked(secret, 0), receiver.checked(secret, 1)
    assert (first["type"], second["type"]) == ("case.opened", "case.closed")
    assert first["data"] == {"agency": person("admin").agency.public_id, "case": "C-1"}
    opened = entries("case.opened")[-1]
    assert (first["timestamp"], receiver.posts[0][0]["webhook-id"]) == (opened.at, f"entry_{opened.seq}")
    assert "robbery" not in str(receiver.posts)
    (state,) = webhooks(person("admin"))
    assert (state.webhook.public_id, state.sent, state.waiting) == (public_id, 2, 0)
    with pytest.raises(WebhookVerificationError):
        Verifier("whsec_" + "A" * 44).verify(receiver.posts[0][1], receiver.posts[0][0])


def test_every_event_is_made_of_an_action_or_of_a_job() -> None:
    from plainview.casework.log.actions import ACTIONS as LOGGED

    assert set(ACTIONS) <= set(LOGGED)
    assert set(EVENTS) - set(ACTIONS.values()) == {"alert.raised", "job.done", "job.failed", "webhook.test"}


def test_alerts_searches_flags_jobs_and_erasures_are_told(workspace: Path, tmp_path: Path, receiver: Receiver) -> None:
    gallery(tmp_path / "g")
    case()
    _, secret = hooked(receiver)
    raised = alert(tmp_path)
    arrive(tmp_path, "her.png", her())
    with transaction.atomic():
        flag = raise_flag(Finding("misuse.test", "MARKER"), person("examiner"), None)
    reference = Reference.objects.filter(file_name="her.png").get()
    expunge(reference.public_id, reason="by order of the court", acting_member=person("admin"))
    Job.objects.create(
        agency=person("admin").agency,
        member=person("admin"),
        kind="video",
        subject=1,
        state=Job.State.FAILED,
        finished_at=timezone.now(),
    )
    sent()
    told = [receiver.checked(secret, number) for number in range(len(receiver.posts))]
    by_type = {str(message["type"]): message["data"] for message in told}
    assert {"alert.created", "enrolment.finished", "alert.raised", "search.answered", "flag.raised"} <= set(by_type)
    assert by_type["alert.raised"]["alert"] == raised.public_id  # type: ignore[index]
    assert by_type["alert.raised"]["case"] == "C-1"  # type: ignore[index]
    assert by_type["alert.raised"]["url"].startswith("http://127.0.0.1:8000/searches/")  # type: ignore[index]
    assert by_type["flag.raised"]["flag"] == flag.public_id  # type: ignore[index]
    assert by_type["reference.erased"]["reference"] == reference.public_id  # type: ignore[index]
    assert by_type["job.failed"]["kind"] == "video"  # type: ignore[index]
    text = str([body for _, body in receiver.posts])
    for word in ("robbery", "rider", "her.png", "source.example", "court", "MARKER", "score", "conclusion", "Sample"):
        assert word not in text


def test_an_alert_that_ends_by_itself_is_told_to_its_agency(
    workspace: Path, tmp_path: Path, receiver: Receiver
) -> None:
    gallery(tmp_path / "g")
    case()
    saved = alert(tmp_path)
    hooked(receiver, "alert.ended")
    with at(timezone.now() + timedelta(days=365)):
        sweep_alerts()
        assert sent() == 1
        assert json.loads(receiver.posts[-1][1])["data"]["alert"] == saved.public_id


def test_a_choice_of_events_and_the_agency_are_kept(workspace: Path, receiver: Receiver) -> None:
    hooked(receiver, "case.closed")
    open_case("C-1", "robbery", acting_member=person("examiner"))
    with transaction.atomic():
        write_entry("flag.raised", {"flag": "F1", "agency": "A-of-others", "rule": "r"}, acting_member=None)
    close_case("C-1", reason="solved", acting_member=person("examiner"))
    assert gather() == 1
    assert Delivery.objects.get().type == "case.closed"
    assert rule_of(lambda: hooked(receiver, "case.exploded")) == "webhook.events"


def test_a_new_secret_signs_beside_the_earlier_one_until_it_ends(workspace: Path, receiver: Receiver) -> None:
    public_id, first = hooked(receiver)
    assert rule_of(lambda: rotate_secret(public_id, hours=169, acting_member=person("admin"))) == "webhook.rotation"
    _, second = rotate_secret(public_id, hours=24, acting_member=person("admin"))
    _, third = rotate_secret(public_id, hours=24, acting_member=person("admin"))
    open_case("C-1", "robbery", acting_member=person("examiner"))
    assert sent() == 1
    for secret in (first, second, third):
        assert receiver.checked(secret)["type"] == "case.opened"
    with at(timezone.now() + timedelta(hours=25)):
        open_case("C-2", "robbery", acting_member=person("examiner"))
        assert sent() == 1
        headers = receiver.posts[-1][0]
    assert len(headers["webhook-signature"].split(" ")) == 1


def test_a_secret_is_not_readable_in_the_database(workspace: Path, receiver: Receiver) -> None:
    import base64

    public_id, secret = hooked(receiver)
    hook = webhooks(person("admin"))[0].webhook
    assert base64.b64decode(secret.removeprefix("whsec_")) not in bytes(hook.sealed)
    assert public_id == hook.public_id


@pytest.mark.long
@pytest.mark.parametrize("status", [500, 302, 404])
def test_what_does_not_arrive_is_tried_again_later_and_given_up_at_last(
    workspace: Path, receiver: Receiver, status: int
) -> None:
    receiver.status, receiver.headers = status, {"Location": receiver.url}
    public_id, _ = hooked(receiver)
    open_case("C-1", "robbery", acting_member=person("examiner"))
    now = timezone.now()
    for tries in range(TRIES):
        with at(now):
            assert sent() == 0
        assert len(receiver.posts) == tries + 1
        with at(now + timedelta(minutes=2**tries, seconds=-2)):
            deliver_due(LOCAL)
        assert len(receiver.posts) == tries + 1
        now += timedelta(minutes=2**tries, seconds=1)
    assert len({headers["webhook-id"] for headers, _ in receiver.posts}) == 1
    assert entries("webhook.given_up")[-1].subject["tries"] == TRIES
    (row,) = deliveries(public_id, person("admin"), state="given up")
    assert row.answer == f"status {status}"
    assert now - timezone.now() > timedelta(hours=68)
    receiver.status = 204
    with at(now):
        send_again(row.public_id, acting_member=person("admin"))
        assert deliver_due(LOCAL) == 1
        assert rule_of(lambda: send_again("E0", acting_member=person("admin"))) == "delivery.unknown"
    assert state_of(deliveries(public_id, person("admin"))[0]) == "arrived"
    assert receiver.posts[-1][0]["webhook-id"] == receiver.posts[0][0]["webhook-id"]


def test_a_receiver_may_ask_to_wait_or_to_be_left_alone(workspace: Path, receiver: Receiver) -> None:
    hooked(receiver)
    receiver.status, receiver.headers = 429, {"Retry-After": "1800"}
    open_case("C-1", "robbery", acting_member=person("examiner"))
    sent()
    row = Delivery.objects.get()
    assert timedelta(minutes=29) < row.due_at - timezone.now() <= timedelta(minutes=30)
    assert rule_of(lambda: send_again(row.public_id, acting_member=person("admin"))) == "webhook.waiting"
    receiver.status, receiver.headers = 410, {}
    with at(timezone.now() + timedelta(hours=1)):
        deliver_due(LOCAL)
    row.refresh_from_db()
    assert state_of(row) == "given up"


def test_a_webhook_that_is_down_does_not_delay_the_others(workspace: Path, receiver: Receiver) -> None:
    add_webhook("http://127.0.0.1:1/closed", acting_member=person("admin"))
    hooked(receiver)
    for number in range(5):
        open_case(f"C-{number}", "robbery", acting_member=person("examiner"))
    assert sent() == 5
    tried = Delivery.objects.filter(tries__gt=0, sent_at=None)
    assert tried.count() == 1
    assert "did not answer" in tried.get().answer


def test_a_name_that_leads_inside_is_refused_at_every_attempt(workspace: Path, receiver: Receiver) -> None:
    add_webhook("https://rebound.example/hook", acting_member=person("admin"))
    open_case("C-1", "robbery", acting_member=person("examiner"))
    gather()
    for inside in ("169.254.169.254", "10.0.0.1", "fec0::1", "::ffff:127.0.0.1"):
        Delivery.objects.update(due_at=timezone.now())
        assert deliver_due(Connection(resolver=lambda _name, _port, inside=inside: [inside])) == 0  # type: ignore[misc]
        assert f"resolves to {inside}" in Delivery.objects.get().answer
    assert receiver.posts == []


def test_a_password_in_the_address_is_sent_as_such_and_not_shown(workspace: Path, receiver: Receiver) -> None:
    url = receiver.url.replace("127.0.0.1", "us%40er:p%3Ass@127.0.0.1")
    add_webhook(url, acting_member=person("admin"))
    open_case("C-1", "robbery", acting_member=person("examiner"))
    assert sent() == 1
    assert receiver.posts[0][0]["authorization"] == "Basic dXNAZXI6cDpzcw=="
    assert "p%3Ass" not in shown_address(url)


def test_a_test_is_sent_at_once_and_not_again(workspace: Path, receiver: Receiver) -> None:
    public_id, secret = hooked(receiver)
    assert try_webhook(public_id, acting_member=person("admin"), connection=LOCAL).answer == "status 204"
    assert receiver.checked(secret)["type"] == "webhook.test"
    receiver.status = 500
    failed = try_webhook(public_id, acting_member=person("admin"), connection=LOCAL)
    assert state_of(failed) == "given up"
    assert rule_of(lambda: try_webhook(public_id, acting_member=person("examiner"))) == "member.no_permission"


def test_a_removed_webhook_is_told_nothing(workspace: Path, receiver: Receiver) -> None:
    public_id, _ = hooked(receiver)
    open_case("C-1", "robbery", acting_member=person("examiner"))
    gather()
    remove_webhook(public_id, acting_member=person("admin"))
    open_case("C-2", "robbery", acting_member=person("examiner"))
    assert sent() == 0
    assert receiver.posts == []
    assert WebhookMark.objects.get().seq == LogEntry.objects.count()
    assert rule_of(lambda: remove_webhook(public_id, acting_member=person("admin"))) == "webhook.unknown"


def test_an_attempt_under_way_is_not_made_twice(workspace: Path, receiver: Receiver) -> None:
    hooked(receiver)
    open_case("C-1", "robbery", acting_member=person("examiner"))
    gather()
    first, second = Delivery.objects.get(), Delivery.objects.get()
    assert attempt(first, LOCAL)
    assert not attempt(second, LOCAL)
    assert len(receiver.posts) == 1


def test_old_deliveries_are_swept_but_none_that_waits(workspace: Path, receiver: Receiver) -> None:
    public_id, _ = hooked(receiver)
    open_case("C-1", "robbery", acting_member=person("examiner"))
    sent()
    open_case("C-2", "robbery", acting_member=person("examiner"))
    gather()
    with at(timezone.now() + timedelta(days=364)):
        assert sweep() == 0
    with at(timezone.now() + timedelta(days=366)):
        assert sweep() == 1
    assert [json.dumps(row.data["case"]) for row in deliveries(public_id, person("admin"))] == ['"C-2"']


def test_only_an_administrator_and_only_allowed_addresses(workspace: Path, receiver: Receiver) -> None:
    admin = person("admin")
    for url in ("http://agency.example/hook", "hook", "https://"):
        assert rule_of(lambda url=url: add_webhook(url, acting_member=admin)) == "webhook.address"  # type: ignore[misc]
    assert rule_of(lambda: add_webhook("https://169.254.169.254/", acting_member=admin)) == "webhook.network"
    assert (
        rule_of(lambda: add_webhook("https://a.example/", acting_member=person("examiner"))) == "member.no_permission"
    )
