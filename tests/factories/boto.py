"""Runs boto3, unmodified, against a served workspace, as a process of its own: the tests themselves may open no socket.

`python -m tests.factories.boto URL KEY SECRET` reads one JSON list of calls from stdin: {call, with, headers?, clock?}, and prints one
JSON object a call: the answer, or {error, message, status}. A value {"file": path} becomes the file's bytes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError


def _read(value: Any) -> Any:
    if isinstance(value, dict):
        return Path(value["file"]).read_bytes() if set(value) == {"file"} else {k: _read(v) for k, v in value.items()}
    return value


def main(url: str, key: str, secret: str) -> None:
    client = boto3.client(
        "rekognition",
        endpoint_url=url,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        region_name="eu-west-1",
        config=Config(retries={"max_attempts": 3, "mode": "standard"}),
    )
    headers: dict[str, str] = {}
    client.meta.events.register("before-sign.rekognition", lambda request, **_: _add(request, headers))
    for call in json.load(sys.stdin):
        headers.clear()
        headers.update(call.get("headers", {}))
        try:
            answer = getattr(client, call["call"])(**_read(call.get("with", {})))
        except ClientError as error:
            known = type(error).__name__
            said = error.response["Error"]
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            answer = {"error": said["Code"], "message": said["Message"], "status": status, "class": known}
        print(json.dumps(answer, default=str), flush=True)  # noqa: T201


def _add(request: Any, headers: dict[str, str]) -> None:
    for name, value in headers.items():
        del request.headers[name]
        request.headers[name] = value


if __name__ == "__main__":
    main(*sys.argv[1:])
