"""A SAML provider on loopback: pysaml2's IdP, which checks the request and signs the answer, behind a few lines of HTTP.

`python -m tests.factories.saml_idp FOLDER` reads FOLDER/sp.xml (the service's metadata) and FOLDER/accounts.json (name ->
{"attributes": {...}, "name_id": [format, value], "behaviour": ""}), keeps its certificate in FOLDER/idp.pem, and prints
its address. /sso asks for a name, and sends the signed answer back through the person's browser.
"""

from __future__ import annotations

import base64
import html
import json
import sys
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.config import IdPConfig
from saml2.saml import NAMEID_FORMAT_EMAILADDRESS, NAMEID_FORMAT_PERSISTENT, NameID
from saml2.server import Server
from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256
from tests.factories.certificates import self_signed

FORMATS = {"email": NAMEID_FORMAT_EMAILADDRESS, "persistent": NAMEID_FORMAT_PERSISTENT}


def _server(folder: Path, address: str, names: list[str]) -> Server:
    key, certificate = self_signed(folder)
    maps = folder / "maps"
    maps.mkdir(exist_ok=True)
    both = {name: name for name in names}  # attributes are sent under the names that the accounts have
    form = "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified"
    (maps / "sent.py").write_text(f"MAP = {{'identifier': {form!r}, 'fro': {both!r}, 'to': {both!r}}}\n")
    config = IdPConfig().load(
        {
            "entityid": f"{address}/adfs/services/trust",
            "attribute_map_dir": str(maps),
            "service": {
                "idp": {
                    "name": "IdP of tests",
                    "endpoints": {"single_sign_on_service": [(f"{address}/sso", BINDING_HTTP_REDIRECT)]},
                    "policy": {
                        "default": {"lifetime": {"minutes": 5}, "name_form": form, "attribute_restrictions": None}
                    },
                    "want_authn_requests_signed": False,
                }
            },
            "metadata": {"local": [str(folder / "sp.xml")]},
            "key_file": str(key),
            "cert_file": str(certificate),
        }
    )
    return Server(config=config)


class _Handler(BaseHTTPRequestHandler):
    server: Any

    def do_GET(self) -> None:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        fields = {name: asked.get(name, "") for name in ("SAMLRequest", "RelayState")}
        self._page("/sso", {**fields, "name": ""})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        idp, account = self.server.idp, self.server.accounts[form["name"]]
        request = idp.parse_authn_request(form["SAMLRequest"], BINDING_HTTP_REDIRECT).message
        where = idp.response_args(request, [BINDING_HTTP_POST])
        form_of_name, value = account["name_id"]
        answer = idp.create_authn_response(
            identity=account["attributes"],
            userid=form["name"],
            name_id=NameID(format=FORMATS[form_of_name], text=value),
            authn={
                "class_ref": "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
                "authn_auth": "idp",
            },
            sign_assertion=account.get("behaviour") != "unsigned",
            sign_response=False,
            sign_alg=SIG_RSA_SHA256,
            digest_alg=DIGEST_SHA256,
            **where,
        )
        text = str(answer)
        if account.get("behaviour") == "changed":
            text = text.replace("nobody@", "examiner@")
        encoded = base64.b64encode(text.encode()).decode()
        self._page(where["destination"], {"SAMLResponse": encoded, "RelayState": form.get("RelayState", "")})

    def _page(self, action: str, fields: dict[str, str]) -> None:
        inputs = "".join(f'<input name="{name}" value="{html.escape(value)}">' for name, value in fields.items())
        data = f'<form method="post" action="{html.escape(action)}">{inputs}</form>'.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Silent."""


def _main(folder: Path) -> None:
    accounts = json.loads((folder / "accounts.json").read_text())
    server = ThreadingHTTPServer(("127.0.0.1", int((folder / "port").read_text())), _Handler)
    address = f"http://127.0.0.1:{server.server_address[1]}"
    names = sorted({name for account in accounts.values() for name in account["attributes"]})
    server.idp, server.accounts = _server(folder, address, names), accounts  # type: ignore[attr-defined]
    sys.stdout.write(f"{address}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    _main(Path(sys.argv[1]))
