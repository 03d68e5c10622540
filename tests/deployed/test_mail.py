"""Letters to a real mail server: encrypted, slow, refusing, greylisting, away; none is lost, no page waits."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.factories import forks
from tests.factories.certificates import Certificates, make_certificates
from tests.factories.mail_server import PASSWORD, USER, mail_server, received

BEGIN = (
    "import json\n"
    "from datetime import timedelta\n"
    "from django.db import transaction\n"
    "from django.utils import timezone\n"
    "from plainview.cli.start import open_workspace\n"
    "open_workspace()\n"
    "from plainview.casework.mail import letters, post\n"
    "from plainview.casework.mail.read import mail_state\n"
    "from plainview.casework.models import Letter, LogEntry\n"
    "def write(*people, **more):\n"
    "    with transaction.atomic(): letters.write_letters('test.letter', people, 'Subject', 'Text\\n', **more)\n"
    "def rows(): return list(Letter.objects.order_by('pk').values_list('tries', 'trouble', 'sent_at', 'given_up_at'))\n"
)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("made") / "workspace"
    assert forks.run(home, ["init", "--sample"]).returncode == 0
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "workspace"))


def configure(home: Path, port: int, **more: object) -> None:
    settings = home / "workspace.toml"
    kept = settings.read_text().partition("\n[mail]")[0]
    lines = [f"{key} = {json.dumps(value)}" for key, value in {"host": "127.0.0.1", "port": port, **more}.items()]
    settings.write_text("\n".join([kept.rstrip(), "", "[mail]", *lines, ""]))


def run(home: Path, code: str) -> Any:
    """What the code printed as JSON."""
    done = forks.run(home, [], code=BEGIN + code)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


SEND = "print(json.dumps([letters.send_due(), rows()], default=str))"


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_a_letter_is_handed_over_encrypted_and_signed_in_and_its_text_is_then_erased(
    home: Path, tmp_path: Path, certificates: Certificates, tls: str
) -> None:
    with mail_server(tmp_path / "box", tls, certificates=certificates) as port:
        configure(
            home,
            port,
            tls=tls,
            user=USER,
            password=PASSWORD,
            ca_file=str(certificates.authority),
            **{"from": "Plainview <plainview@agency.example>"},
        )
        said = run(home, "write('jo@agency.example', 'kim@agency.example', files={'a.pdf': b'%PDF'}); " + SEND)
        left = run(home, "print(json.dumps([bytes(row.sealed).hex() for row in Letter.objects.all()]))")
        tested = forks.run(home, ["mail", "test", "jo@agency.example", "--json"])
    assert said[0] == 2
    assert left == ["", ""]
    first, second, third = received(tmp_path / "box")
    assert (first["to"], second["to"]) == (["jo@agency.example"], ["kim@agency.example"])  # nobody sees the others
    assert (first["from"], first["hello"], first["user"]) == ("plainview@agency.example", "agency.example", USER)
    assert all(letter["encrypted"] for letter in (first, second, third)) or tls == "implicit"
    assert "a.pdf" in first["text"]
    assert "Auto-Submitted: auto-generated" in first["text"]
    assert json.loads(tested.stdout)["encryption"].startswith("TLSv1.3, certificate valid until")


def test_a_letter_waits_for_a_server_that_is_away_and_goes_when_it_is_back(home: Path, tmp_path: Path) -> None:
    with mail_server(tmp_path / "unused") as port:
        pass
    configure(home, port, tls=False)
    sent, rows = run(home, "write('jo@agency.example', 'kim@agency.example'); " + SEND)
    assert (sent, [row[:2] for row in rows]) == (0, [[1, f"127.0.0.1, port {port} refused the connection."]] * 2)
    with mail_server(tmp_path / "box") as port:
        configure(home, port, tls=False)
        done = forks.run(home, ["mail", "retry", "--json"])
    assert json.loads(done.stdout) == {"due": 2, "sent": 2}
    assert len(received(tmp_path / "box")) == 2


def test_a_greylisting_server_gets_the_letter_again_later_under_the_same_number(home: Path, tmp_path: Path) -> None:
    with mail_server(tmp_path / "box", behaviour="greylists") as port:
        configure(home, port, tls=False)
        sent, rows = run(home, "write('jo@agency.example'); " + SEND)
        assert (sent, rows[0][1]) == (0, "The mail server is not ready for this address (451).")
        assert run(home, SEND)[0] == 0  # not at once
        later = "Letter.objects.update(due_at=timezone.now()); " + SEND
        assert run(home, later)[0] == 1
    (letter,) = received(tmp_path / "box")
    assert "Message-ID: <Z" in letter["text"]


def test_an_address_that_does_not_exist_is_given_up_on_record_and_stops_no_other(home: Path, tmp_path: Path) -> None:
    with mail_server(tmp_path / "box") as port:
        configure(home, port, tls=False)
        sent, rows = run(home, "write('nobody@agency.example', 'jo@agency.example'); " + SEND)
        entry = run(home, "print(bytes(LogEntry.objects.latest('seq').canonical).decode())")
        listed = forks.run(home, ["mail", "list"])
        state = run(home, "state = mail_state(); print(json.dumps([state.ok, state.given_up, state.trouble]))")
    assert sent == 1
    assert rows[0][1] == "The mail server does not accept this address (550)."
    assert entry["action"] == "letter.given_up"
    assert "nobody@" not in json.dumps([entry, rows, state])
    assert "nobody@agency.example" in listed.stdout
    assert state == [False, 1, rows[0][1]]


def test_a_server_that_ends_the_session_early_gets_the_rest_in_another_one(home: Path, tmp_path: Path) -> None:
    with mail_server(tmp_path / "box", behaviour="ends early") as port:
        configure(home, port, tls=False)
        sent, rows = run(home, "write('a@x.example', 'b@x.example', 'c@x.example'); " + SEND)
    assert sent == 2
    assert [bool(row[2]) for row in rows] == [True, False, True]


@pytest.mark.parametrize("behaviour", ["drips", "hangs"])
def test_a_slow_server_keeps_the_worker_for_the_limit_and_no_longer(home: Path, tmp_path: Path, behaviour: str) -> None:
    with mail_server(tmp_path / "box", behaviour=behaviour) as port:
        configure(home, port, tls=False)
        said = run(home, "post.SECONDS, post.LIMIT = 2, 3; write('a@x.example', 'b@x.example'); " + SEND)
    assert said[0] == 0
    assert [row[0] for row in said[1]] in ([1, 1], [1, 0])
    assert "port" in said[1][0][1]


@pytest.mark.parametrize(
    ("server", "client", "says"),
    [
        ("starttls", {"tls": "implicit"}, "does not speak TLS in this way; perhaps `mail.tls` is starttls"),
        ("none", {"tls": "starttls"}, "offers no STARTTLS"),
        ("starttls", {"tls": "starttls", "ca_file": ""}, "is not trusted"),
        ("starttls", {"tls": "starttls", "user": USER, "password": "wrong"}, "user name and password (535)"),
        ("starttls", {"tls": False}, "does not accept the sender (530)"),
        (
            "none",
            {"tls": False, "user": USER, "password_file": "/missing"},
            "`mail.password_file` cannot be read: No such file or directory. Correct",
        ),
        ("none", {"tls": "ssl"}, "`mail.tls` is 'ssl'"),
        ("none", {"tls": False, "port": "25"}, "`mail.port` is not a number"),
        ("none", {"tls": False, "from": "nobody"}, "`mail.from` is not an e-mail address"),
        ("none", {"tls": False, "host": "mail.example", "password": "x"}, "would be sent unencrypted"),
        (
            "none",
            {"tls": "starttls", "ca_file": "/missing.pem"},
            "`mail.ca_file` cannot be used: No such file or directory. Correct",
        ),
    ],
)
def test_a_wrong_setting_is_named_in_one_line(
    home: Path, tmp_path: Path, certificates: Certificates, server: str, client: dict[str, object], says: str
) -> None:
    with mail_server(tmp_path / "box", server, certificates=certificates) as port:
        configure(home, **{"port": port, "ca_file": str(certificates.authority), **client})  # type: ignore[arg-type]
        done = forks.run(home, ["mail", "test", "jo@agency.example"])
    assert (done.returncode, done.stdout) == (1, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert "[mail]" in done.stderr


def test_a_wrong_setting_loses_no_letter(home: Path) -> None:
    configure(home, 25, tls="ssl")
    assert run(home, "write('jo@agency.example'); print(Letter.objects.count())") == 1
    state = run(home, "print(json.dumps(mail_state().trouble))")
    assert state == '`mail.tls` is \'ssl\'. Use "starttls" or "implicit", or false for none.'


def test_without_a_server_letters_go_into_a_folder_that_only_its_owner_reads(home: Path) -> None:
    run(home, "write('jo@agency.example'); print(len(rows()))")
    (letter,) = (home / "outbox").iterdir()
    assert "To: jo@agency.example" in letter.read_text()
    assert (letter.stat().st_mode & 0o777, (home / "outbox").stat().st_mode & 0o777) == (0o600, 0o700)
    refused = forks.run(home, ["mail", "test", "jo@agency.example"])
    assert "No mail server is configured" in refused.stderr
