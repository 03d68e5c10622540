"""Who signed a request: AWS Signature Version 4, computed again by botocore and compared.

Owns the check of a signature, of its time and of its being used once. It must never run an operation whose body was not
signed.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.core.cache import cache
from django.http import HttpRequest
from django.utils import timezone

from plainview.api.rekognition.errors import AwsError
from plainview.casework.models import Token
from plainview.casework.people.bearers import is_current, record_refused, stands_for, token_by_id
from plainview.casework.people.tokens import signing_secret

SKEW = timedelta(minutes=5)
"""How far the clock of a caller may be from ours: as AWS has it for most services."""

_HEADER = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([A-Za-z0-9]{1,40})/(\d{8})/([a-z0-9-]{1,40})/([a-z0-9-]{1,40})/aws4_request,\s*"
    r"SignedHeaders=([a-z0-9;-]{1,1000}),\s*Signature=([0-9a-f]{64})"
)
_DATE = "%Y%m%dT%H%M%SZ"
_MUST_SIGN = {"host", "x-amz-date", "x-amz-target"}
_MUST_SIGN_IF_SENT = ("x-plainview-case", "x-plainview-purpose", "x-plainview-origin")
_SERVICE = "rekognition"


class Signed(NamedTuple):
    """The parts of an Authorization header."""

    key: str
    day: str
    region: str
    service: str
    headers: tuple[str, ...]
    signature: str


def parts_of(header: str) -> Signed | None:
    """Return the parts of a header; None if it is no signature of this kind."""
    match = _HEADER.fullmatch(header.strip()) if len(header) < 2000 else None
    if match is None:
        return None
    key, day, region, service, headers, signature = match.groups()
    return Signed(key, day, region, service, tuple(headers.split(";")), signature)


def token_of(request: HttpRequest, body: bytes) -> tuple[Token, str]:
    """Return the key that signed this request, whose member may act now, and the signature.

    Raises:
        AwsError: no signature, an unknown or ended key, another signature, a clock that is wrong, or a replay.
        Refused: why the member may not act.
    """
    signed = parts_of(request.META.get("HTTP_AUTHORIZATION", ""))
    if signed is None:
        raise AwsError("MissingAuthenticationTokenException", "The request has no AWS Signature Version 4.", 403)
    token = token_by_id(signed.key)
    if token is None or not token.sealed:
        raise _invalid()
    _check_moment(request, signed)
    secret = signing_secret(token)
    expected = [_signature(request, body, signed, secret, host) for host in _hosts(request)]
    if not any(hmac.compare_digest(signature, signed.signature) for signature in expected):
        record_refused(token)
        raise AwsError(
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided. Check the secret access key.",
            403,
        )
    if not is_current(token):
        record_refused(token)
        raise _invalid()
    # boto3 signs a second, and neither the call nor its attempt: two equal calls in a second, and a retry in it, have one
    # signature. What differs in these two headers is such a call; `entry` runs no act twice for one signature.
    sent_as = "|".join(request.META.get(name, "") for name in ("HTTP_AMZ_SDK_INVOCATION_ID", "HTTP_AMZ_SDK_REQUEST"))
    used = hashlib.sha256(f"{signed.signature}|{sent_as}".encode()).hexdigest()
    if not cache.add(f"sigv4:{signed.key}:{used}", "y", timeout=2 * SKEW.total_seconds()):
        raise AwsError("InvalidSignatureException", "This request was sent already [signature.replayed].", 403)
    return stands_for(token), signed.signature


def _invalid() -> AwsError:
    return AwsError(
        "UnrecognizedClientException", "The security token included in the request is invalid [token.invalid].", 403
    )


def _check_moment(request: HttpRequest, signed: Signed) -> None:
    sent = {name for name in _MUST_SIGN_IF_SENT if f"HTTP_{name.upper().replace('-', '_')}" in request.META}
    if not set(signed.headers) >= _MUST_SIGN | sent or signed.service != _SERVICE:
        says = f"Sign {', '.join(sorted(_MUST_SIGN | sent))}, for the service rekognition."
        raise AwsError("IncompleteSignatureException", says, 403)
    stamp = request.META.get("HTTP_X_AMZ_DATE", "")
    try:
        at = datetime.strptime(stamp, _DATE).replace(tzinfo=UTC)
    except ValueError:
        raise AwsError("IncompleteSignatureException", "The header x-amz-date is not a moment.", 403) from None
    if not stamp.startswith(signed.day):
        raise AwsError("InvalidSignatureException", "The day of the credential is not that of x-amz-date.", 403)
    if abs(timezone.now() - at) > SKEW:
        raise _skewed(at)


def _skewed(at: datetime) -> AwsError:
    now = timezone.now().strftime(_DATE)
    return AwsError(
        "InvalidSignatureException",
        f"Signature expired: {at.strftime(_DATE)} is more than 5 minutes from {now}. Set the clock of the caller.",
        403,
    )


def _hosts(request: HttpRequest) -> list[str]:
    """Return the Host as it came, and with or without the usual port: programs sign one and send the other."""
    sent = request.META.get("HTTP_HOST", "")
    name, _, port = sent.rpartition(":")
    usual = "443" if request.META.get("wsgi.url_scheme") == "https" else "80"
    if name and port == usual:
        return [sent, name]
    return [sent] if name and port.isdigit() else [sent, f"{sent}:{usual}"]


def _signature(request: HttpRequest, body: bytes, signed: Signed, secret: str, host: str) -> str:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    headers = {}
    for name in signed.headers:
        variable = name.upper().replace("-", "_")
        stored = request.META.get(f"HTTP_{variable}", request.META.get(variable))
        if stored is None:
            raise AwsError("IncompleteSignatureException", f"The signed header {name} is missing.", 403)
        headers[name] = host if name == "host" else str(stored)
    stated = request.META.get("HTTP_X_AMZ_CONTENT_SHA256")
    if stated is not None and stated != hashlib.sha256(body).hexdigest():  # also one that says "unsigned"
        raise AwsError("InvalidSignatureException", "x-amz-content-sha256 is not the hash of the body.", 403)
    # http: over https botocore could be told not to hash the body.
    url = f"http://{headers['host']}{request.get_full_path()}"
    again: Any = AWSRequest(method=request.method, url=url, data=body, headers=headers)
    again.context["timestamp"] = request.META["HTTP_X_AMZ_DATE"]
    auth: Any = SigV4Auth(Credentials(signed.key, secret), signed.service, signed.region)
    return str(auth.signature(auth.string_to_sign(again, auth.canonical_request(again)), again))
