"""Taking a request from a person without an account, and showing its status to the person who has its code.

Owns what is stored: contact, text and photograph, sealed; never the code. It must never compare a face, and the log
gets salted commitments only, none of the person's words.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from plainview.audit.record import Value
from plainview.casework.log.channel import Channel, acting_through, channel
from plainview.casework.log.write import saved_with, write_entry
from plainview.casework.models import Agency, Member, SubjectPhoto, SubjectRequest
from plainview.casework.models.subjects import RECEIVED
from plainview.casework.people.read import binding
from plainview.casework.rights.read import answer_pdf, open_agencies, seal_filing
from plainview.casework.workspace.services import services
from plainview.policy import rights as policy
from plainview.policy import rules
from plainview.policy.decision import Refused
from plainview.policy.rights import Filing
from plainview.policy.wording import counted
from plainview.recognition.errors import BadMedia

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Filed:
    """A filed request, and its code, which is shown once and never stored."""

    request: SubjectRequest
    code: str


@contextmanager
def _unseen() -> Iterator[None]:
    """Keep the person's network address and browser out of the log, even sealed."""
    with acting_through(Channel(channel().via)):
        yield


def agency_asked(public_id: str) -> Agency:
    """Return an open agency.

    Raises:
        Refused: rights.agency.
    """
    agency = next((open_agency for open_agency in open_agencies() if open_agency.public_id == public_id), None)
    if agency is None:
        raise Refused(
            "rights.agency", "Request not sent", "No open agency has this id.", "Choose an agency from the list."
        )
    return agency


def file_request(
    agency_id: str, filing: Filing, photo: bytes | None, *, network: str, signed_in: Member | None = None
) -> Filed:
    """Take a request.

    Args:
        agency_id: the agency.
        filing: what the person wrote, as `policy.rights.read_filing` returns it.
        photo: a photograph of the person alone, at most `PHOTO_BYTES`; None when they send none.
        network: the address that it comes from, used for a counter that lasts an hour; never stored.
        signed_in: the member in whose session it was sent, if any; they can neither confirm nor search it.

    Raises:
        Refused: unknown agency, too many requests, or not a valid e-mail address; logged.
        BadMedia: the photograph cannot be used, or does not show exactly one face; nothing was stored.
    """
    with _unseen():
        agency, whence = agency_asked(agency_id), _network(network)
        with _refusals_recorded(agency, whence):
            rules.require(policy.not_too_often(_count("filed", whence), _counted("tries", whence)))
            if filing.email:
                _check_email(filing.email)
        if photo is not None:
            _check_photo(photo)
        with _refusals_recorded(agency, whence), transaction.atomic():
            filed = _file(agency, filing, photo, signed_in)
        _counted("filed", whence)
    return filed


def record_refused_filing(agency_id: str, refused: Refused, *, network: str) -> None:
    """Log that a form was refused before it became a request; store nothing of its text.

    At most `TRIES` an hour from one network, so that nobody can flood the log.
    """
    if _counted("refused", _network(network)) > policy.TRIES:
        return
    with _unseen(), transaction.atomic():
        write_entry(
            "rights.file.refused",
            {"rule": refused.rule_id, "agency": agency_asked(agency_id).public_id},
            acting_member=None,
        )


@contextmanager
def _refusals_recorded(agency: Agency, whence: str) -> Iterator[None]:
    try:
        yield
    except Refused as refused:
        record_refused_filing(agency.public_id, refused, network=whence)
        raise


def _file(agency: Agency, filing: Filing, photo: bytes | None, signed_in: Member | None) -> Filed:
    waiting = SubjectPhoto.objects.filter(request__agency=agency, request__state=RECEIVED)
    rules.require(policy.room(waiting.count(), photo=photo is not None))
    _, rulebook = binding(agency)
    code, now = _new_code(), timezone.now()
    request = SubjectRequest(
        agency=agency,
        wishes=list(filing.wishes),
        code_sha256=_digest(code),
        received_at=now,
        due_on=now.date() + timedelta(days=rulebook.rights_days),
        filed_by=signed_in,
    )
    request.sealed = seal_filing(filing, request.public_id)
    committed: dict[str, Value] = {"filing_sha256": hashlib.sha256(bytes(request.sealed)).hexdigest()}
    if signed_in is not None:
        committed["member"] = signed_in.public_id
    if photo is not None:
        committed["photo_sha256"] = hashlib.sha256(photo).hexdigest()
    write_entry(
        "rights.received",
        {
            "request": request.public_id,
            "agency": agency.public_id,
            "wishes": list(filing.wishes),
            "due_on": request.due_on.isoformat(),
            "photo": photo is not None,
            "named": len(filing.named),
        },
        committed,
        acting_member=None,
        rows=lambda entry: saved_with(request, entry),
    )
    if photo is not None:
        sealed = services().rights.seal(photo, f"photo:{request.public_id}".encode())
        SubjectPhoto.objects.create(request=request, sealed=sealed)
    return Filed(request, code)


def _check_email(address: str) -> None:
    try:
        validate_email(address)
    except ValidationError:
        raise Refused(
            "rights.contact",
            "Request not sent",
            "The e-mail address is not valid.",
            "Correct it, or give a postal address.",
        ) from None


def too_large(size: int) -> BadMedia:
    """Return the error for a photograph above the size limit."""
    return BadMedia(
        "too_large",
        f"The photograph has {counted(size, 'byte')}; the limit is {policy.PHOTO_BYTES:,}.",
        "Send a cropped, lossless copy of the photograph.",
    )


def _check_photo(data: bytes) -> None:
    """Decode the photograph in the restricted child and count its faces; compare it with nothing."""
    if len(data) > policy.PHOTO_BYTES:
        raise too_large(len(data))
    picture = services().decoder.decode(data)
    services().engine.probe_face(picture)  # raises when there is no face, or only one that is too small
    faces = services().engine.faces(picture)
    if len(faces) > 1:
        raise BadMedia(
            "no_such_face",
            f"The photograph shows {counted(len(faces), 'face')}.",
            "Send a photograph that shows only you: the other people have not made a request.",
        )


@dataclass(frozen=True, slots=True)
class Opened:
    """A request as the person sees it, with the letter once there is one."""

    request: SubjectRequest
    pdf: bytes | None


def open_request(public_id: str, code: str, *, network: str) -> Opened:
    """Return a request to the person who has its code, and log that it was read.

    Raises:
        Refused: rights.code_often; rights.code, for an unknown number and a wrong code alike.
    """
    number, whence = public_id.strip().upper(), _network(network)
    # Counted by network only: a stranger who knows a number must not shut its holder out. A code has 80 random bits.
    if _count("code network", whence) >= policy.WRONG_CODES:
        raise Refused(
            "rights.code_often",
            "Request not shown",
            f"More than {policy.WRONG_CODES} wrong codes came from your network within an hour.",
            "Wait an hour, then try again with the code on your receipt.",
        )
    request = SubjectRequest.objects.select_related("agency", "answer").filter(public_id=number).first()
    # Compare with the digest of an empty code, so that an unknown number takes as long as a wrong code.
    known = request.code_sha256 if request is not None else _digest("")
    if not hmac.compare_digest(known, _digest(code)) or request is None or not _tidy(code):
        _counted("code network", whence)
        raise Refused(
            "rights.code",
            "Request not shown",
            "No request has this number and this code.",
            "Check both on your receipt. Without the receipt, ask the agency.",
        )
    with _unseen(), transaction.atomic():
        write_entry(
            "rights.read_by_person",
            {"request": request.public_id, "agency": request.agency.public_id},
            acting_member=None,
        )
    return Opened(request, answer_pdf(request))


def _new_code() -> str:
    """Return 80 random bits as four groups of four, without characters that are easily misread."""
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(16))
    return "-".join(letters[i : i + 4] for i in range(0, 16, 4))


def _tidy(code: str) -> str:
    return "".join(code.upper().split()).replace("-", "")


def _digest(code: str) -> str:
    return hashlib.sha256(f"plainview request code v1: {_tidy(code)}".encode()).hexdigest()


def _network(address: str) -> str:
    """Return the network that a household or office shares: IPv4 /24, IPv6 /48; "" when the address is not valid."""
    try:
        parsed = ipaddress.ip_address(address.partition("/")[0])
    except ValueError:
        return ""
    return str(ipaddress.ip_network((parsed, 24 if parsed.version == 4 else 48), strict=False))


def _key(kind: str, source: str) -> str:
    # A keyed hash, so that the cache's table does not reveal who asked.
    return "rights-" + salted_hmac("plainview.rights", f"{kind}: {source}", algorithm="sha256").hexdigest()


def _count(kind: str, source: str) -> int:
    return int(cache.get(_key(kind, source), 0))


def _counted(kind: str, source: str) -> int:
    """Add one to this hour's count; return the new count."""
    key = _key(kind, source)
    cache.add(key, 0, _HOUR)
    try:
        return int(cache.incr(key))
    except ValueError:  # the hour ended in between
        return 1
