"""`plainview serve --name faces.example:8443 --behind-proxy`, asked as a proxy asks it."""

from __future__ import annotations

import json
import re
import socket

import pytest
from tests.factories import forks
from tests.factories.deployed import Person, Server

SERVED = ("--name", "faces.example:8443,old.example", "--behind-proxy")
PROXY = {"Host": "faces.example:8443", "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}


@pytest.fixture
def person(shared: Server) -> Person:
    return Person(shared, dict(PROXY))


def test_people_sign_in_under_the_stated_name_with_cookies_for_tls_only(person: Person) -> None:
    page = person.get("/accounts/login/")
    assert page.status == 200
    assert page.header("strict-transport-security").startswith("max-age=31536000")
    assert person.sign_in("examiner@agency.example").status == 302
    assert person.get("/").status == 200
    assert set(person.cookies) == {"__Host-session", "__Host-csrftoken", "__Host-device"}
    cookies = page.cookies + Person(person.server, dict(PROXY)).sign_in("verifier@agency.example").cookies
    for cookie in cookies:
        assert cookie.startswith("__Host-")
        assert "Secure" in cookie
        assert "Path=/" in cookie
        assert "Domain" not in cookie


def test_a_browsers_origin_with_the_port_is_accepted_and_a_foreign_one_explained(person: Person) -> None:
    fields = {"login": "nobody@agency.example", "password": "wrong"}
    assert person.post("/accounts/login/", fields, Origin="https://faces.example:8443").status == 200
    person.always["Host"] = "faces.example"  # nginx's $host has no port
    assert person.post("/accounts/login/", fields, Origin="https://faces.example:8443").status == 200
    refused = person.post("/accounts/login/", fields, Origin="https://faces.example:9443")
    assert refused.status == 403
    assert "The form came from another address" in refused.text
    assert "--" not in re.sub(r"<!--.*?-->", "", refused.text)
    assert "--name faces.example:9443" in person.server.output
    hidden = person.post("/accounts/login/", fields, Origin="null")
    assert "Your browser hid the page" in hidden.text
    assert "Referrer-Policy: no-referrer" in person.server.output  # the page says that there is a line
    assert "%s" not in person.server.output  # a refused form has one line of ours, and no template of another's


def test_another_name_gets_a_page_that_says_what_to_configure_and_a_line(person: Person) -> None:
    person.always["Host"] = "faces2.example"
    page = person.get("/")
    assert page.status == 400
    assert "not served under this name" in page.text
    assert "A request for faces2.example was refused" in person.server.output
    assert "--name faces2.example" in person.server.output
    person.get("/")
    assert person.server.output.count("faces2.example was refused") == 1
    person.always["Host"] = "<script>alert(1)</script>"
    assert "<script" not in person.get("/").text


def test_the_name_of_the_proxys_other_header_is_used_where_it_sends_its_own_host(person: Person) -> None:
    person.always |= {"Host": f"127.0.0.1:{person.server.port}", "X-Forwarded-Host": "faces.example:8443"}
    fields = {"login": "nobody@agency.example", "password": "wrong"}
    assert person.post("/accounts/login/", fields, Origin="https://faces.example:8443").status == 200


def test_everybody_has_their_own_address(person: Person) -> None:
    for name, chain in {
        "supervisor": "10.9.9.9, 198.51.100.1",  # the first part was written by the caller
        "admin": "198.51.100.2",
        "auditor": "2001:db8::77, 127.0.0.1",
    }.items():
        own = Person(person.server, {**PROXY, "X-Forwarded-For": chain, "X_Forwarded_For": "1.2.3.4"})
        assert own.sign_in(f"{name}@agency.example").status == 302
        assert own.get("/").status == 200
    code = (
        "import json; from plainview.cli.start import open_workspace; open_workspace(); "
        "from allauth.usersessions.models import UserSession; "
        "print(json.dumps(sorted({row.ip for row in UserSession.objects.all()})))"
    )
    addresses = json.loads(forks.run(person.server.home, [], code=code).stdout)
    assert {"198.51.100.1", "198.51.100.2", "2001:db8::77"} <= set(addresses)
    assert not {"10.9.9.9", "127.0.0.1", "1.2.3.4"} & set(addresses)


def test_six_people_from_six_networks_are_taken_and_six_requests_of_one_network_are_not(person: Person) -> None:
    def file() -> str:
        page = Person(person.server, dict(person.always))
        agency = re.search(r'<option value="(A[^"]+)"', page.get("/rights/").text)
        assert agency is not None
        about = {"name": "A. Person", "email": "a.person@example.org", "own": "yes", "wishes": "access"}
        return page.post("/rights/", {"agency": agency[1], **about}).text

    for number in range(6):
        person.always["X-Forwarded-For"] = f"198.51.{number}.9"
        assert "from your network" not in file()
    person.always["X-Forwarded-For"] = "203.0.113.99"
    answers = [file() for _ in range(6)]
    assert "from your network" not in answers[0]
    assert "from your network within an hour" in answers[5]


def test_two_hosts_in_one_request_are_refused(shared: Server) -> None:
    with socket.create_connection(("127.0.0.1", shared.port), timeout=20) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: faces.example:8443\r\nHost: evil.example\r\n\r\n")
        assert b" 400 " in connection.recv(4096)
