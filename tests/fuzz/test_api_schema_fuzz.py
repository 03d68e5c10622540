"""schemathesis against the API in this process: what the document allows and what it does not, with every role's token.

No answer is a failure, none is undocumented, every answer fits its schema, and the log agrees afterwards. With
API_CASES=50 each operation gets fifty times as many requests.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.factories.programs import program
from tests.factories.work import case, gallery

from plainview.api import bulk, rates, videos
from plainview.api.document import api
from plainview.casework.log.read import verify_log

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
ROLES = ("examiner", "supervisor", "admin", "auditor", "verifier")
# Bodies without a schema.
schemathesis.serializer.alias([bulk.MEDIA_TYPE, videos.MEDIA_TYPE], "application/octet-stream")
SCHEMA = schemathesis.openapi.from_dict(api.get_openapi_schema())


def wrong_data_is_refused(ctx: Any, response: Any, case: Any) -> bool | None:
    """As schemathesis has it, and "another version of tus" and "too large" are refusals too."""
    return None if response.status_code in (412, 413) else negative_data_rejection(ctx, response, case)


MORE = int(os.environ.get("API_CASES", "1"))


@pytest.mark.long
@pytest.mark.parametrize("role", ROLES)
def test_no_request_breaks_the_api(workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, role: str) -> None:
    """The five roles send more than 2,000 requests together, 400 or more each."""
    monkeypatch.setattr(rates, "PER_MINUTE", 10**9)
    gallery(tmp_path / "pictures")
    case()
    token = program(role).token
    SCHEMA.app, sent = get_wsgi_application(), 0

    def asking(strategy: st.SearchStrategy[Any], checks: list[Any], examples: int) -> Callable[[], None]:
        @settings(
            max_examples=examples,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(request=strategy)
        def ask(request: Any) -> None:
            nonlocal sent
            sent += 1
            # An application that is called in this process gives its answers to schemathesis as they are: compressed.
            plain = {"Accept-Encoding": "identity", "Authorization": f"Bearer {token}"}
            headers = {**(request.headers or {}), **plain}
            request.call_and_validate(headers=headers, checks=checks)

        return ask  # type: ignore[return-value]

    for described in SCHEMA.get_all_operations():
        operation = described.ok()
        asking(operation.as_strategy(generation_mode=GenerationMode.POSITIVE), CHECKS, 2 * MORE)()
        wrong = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
        asking(wrong, [*CHECKS, wrong_data_is_refused], MORE)()
    assert verify_log().ok
    assert sent >= 400
