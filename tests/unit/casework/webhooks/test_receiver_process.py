"""A message arrives in another process, which checks it with the reference library and the secret that was shown."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.factories.work import person

from plainview.casework.cases.open_close import open_case
from plainview.casework.webhooks.deliver import deliver_due
from plainview.casework.webhooks.gather import gather
from plainview.casework.webhooks.manage import add_webhook, rotate_secret

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]

PROGRAM = """
import json, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from standardwebhooks import Webhook

class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            message = Webhook(open(sys.argv[1]).read()).verify(body, dict(self.headers))
            print(json.dumps(message), flush=True)
            self.send_response(204)
        except Exception as error:
            print(json.dumps({"bad": str(error)}), flush=True)
            self.send_response(401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass

server = HTTPServer(("127.0.0.1", 0), Receiver)
print(server.server_port, flush=True)
server.serve_forever()
"""


@pytest.fixture
def process(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    (tmp_path / "secret").write_text("")
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "secret")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        yield running
        running.kill()


def test_a_receiver_checks_what_arrives_and_changes_its_secret_over(
    workspace: Path, process: subprocess.Popen[str], tmp_path: Path
) -> None:
    assert process.stdout is not None
    port = int(process.stdout.readline())
    hook, first = add_webhook(f"http://127.0.0.1:{port}/hook", acting_member=person("admin"))
    said = []
    for number, secret in enumerate((first, first, None, "whsec_" + "A" * 43 + "=")):
        if secret is None:
            _, secret = rotate_secret(hook.public_id, hours=0, acting_member=person("admin"))
        elif number == 1:
            rotate_secret(hook.public_id, acting_member=person("admin"))  # the first one still signs
        (tmp_path / "secret").write_text(secret)
        open_case(f"C-{number}", "robbery", acting_member=person("examiner"))
        gather()
        arrived = deliver_due()
        said.append((arrived, json.loads(process.stdout.readline())))
    assert [arrived for arrived, _ in said] == [1, 1, 1, 0]
    assert [message["data"]["case"] for _, message in said[:3]] == ["C-0", "C-1", "C-2"]
    assert said[3][1] == {"bad": "No matching signature found"}
