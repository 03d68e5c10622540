"""Taking the request of a person without an account, and showing its state to whoever holds its code.

Owns what is kept of it: how to reach the person, what they wrote and their photograph, sealed; the code never. Nothing
is compared here, and the log holds no word of it, only salted commitments.
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

from plainview.casework.log.channel import Channel, acting_through, channel
from plainview.casework.log.write import write_entry
from plainview.casework.models import Agency, SubjectPhoto, SubjectRequest
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
    """A request that was taken: its row, and the code that is shown once and kept nowhere."""

    request: SubjectRequest
    code: str


@contextmanager
def _unseen() -> Iterator[None]:
    """Keep the address and the browser of whoever asks out of the log, sealed or not."""
    with acting_through(Channel(channel().via)):
        yield


def agency_asked(public_id: str) -> Agency:
    """Return an open agency.

    Raises:
        Refused: rights.agency.
    """
    found = next((row for row in open_agencies() if row.public_id == public_id), None)
    if found is None:
        raise Refused(
            "rights.agency", "Request not sent", "No open agency has this id.", "Choose an agency from the list."
        )
    return found


def file_request(agency_id: str, filing: Filing, photo: bytes | None, *, network: str) -> Filed:
    """Take a request.

    Args:
        agency_id: the agency that is asked.
        filing: what the person wrote, as `policy.rights.read_filing` gives it.
        photo: a photograph of the person alone, at most `PHOTO_BYTES`; None when they send none.
        network: the address from which it comes; it is counted for an hour and never kept.

    Raises:
        Refused: unknown agency, too many, or an address that is none; recorded.
        BadMedia: the photograph cannot be used, or does not show one face; nothing was kept.
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
            filed = _file(agency, filing, photo)
        _counted("filed", whence)
    return filed


def record_refused_filing(agency_id: str, refused: Refused, *, network: str) -> None:
    """Record that a form was refused before it became a request; nothing that was written in it is kept.

    No more than `TRIES` an hour from one network, so that nobody fills the log.
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


def _file(agency: Agency, filing: Filing, photo: bytes | None) -> Filed:
    waiting = SubjectRequest.objects.filter(agency=agency, state=RECEIVED)
    rules.require(policy.room(waiting.count()))
    _, rulebook = binding(agency)
    code, now = _new_code(), timezone.now()
    row = SubjectRequest(
        agency=agency,
        wishes=list(filing.wishes),
        code_sha256=_digest(code),
        received_at=now,
        due_on=now.date() + timedelta(days=rulebook.rights_days),
    )
    row.sealed = seal_filing(filing, row.public_id)
    committed = {"filing_sha256": hashlib.sha256(bytes(row.sealed)).hexdigest()}
    if photo is not None:
        committed["photo_sha256"] = hashlib.sha256(photo).hexdigest()
    receipt = write_entry(
        "rights.received",
        {
            "request": row.public_id,
            "agency": agency.public_id,
            "wishes": list(filing.wishes),
            "due_on": row.due_on.isoformat(),
            "photo": photo is not None,
            "named": len(filing.named),
        },
        committed,
        acting_member=None,
    )
    row.entry = receipt.entry
    row.save()
    if photo is not None:
        sealed = services().rights.seal(photo, f"photo:{row.public_id}".encode())
        SubjectPhoto.objects.create(request=row, sealed=sealed)
    return Filed(row, code)


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
    """What is said of a photograph of more bytes than are taken."""
    return BadMedia(
        "too_large",
        f"The photograph has {counted(size, 'byte')}; the limit is {policy.PHOTO_BYTES:,}.",
        "Choose a smaller copy of the photograph.",
    )


def _check_photo(data: bytes) -> None:
    """Decode it in the restricted child and count its faces; nothing is compared with it."""
    if len(data) > policy.PHOTO_BYTES:
        raise too_large(len(data))
    picture = services().decoder.decode(data)
    services().engine.probe_face(picture)  # says what is wrong where there is no face, or too small a one
    faces = services().engine.faces(picture)
    if len(faces) > 1:
        raise BadMedia(
            "no_such_face",
            f"The photograph shows {counted(len(faces), 'face')}.",
            "Send a photograph that shows only you: the other people have not made a request.",
        )


@dataclass(frozen=True, slots=True)
class Opened:
    """A request as its holder sees it, with the letter once there is one."""

    request: SubjectRequest
    pdf: bytes | None


def open_request(public_id: str, code: str, *, network: str) -> Opened:
    """Show the state of a request to whoever holds its code; that it was read is an entry.

    Raises:
        Refused: rights.code_often, or rights.code for an unknown number and for a wrong code alike.
    """
    number = public_id.strip().upper()
    for what, whom in (("code", number), ("code network", _network(network))):
        if _count(what, whom) >= policy.WRONG_CODES:
            raise Refused(
                "rights.code_often",
                "Request not shown",
                f"More than {policy.WRONG_CODES} wrong codes were entered within an hour.",
                "Wait an hour, then try again with the code on your receipt.",
            )
    row = SubjectRequest.objects.select_related("agency", "answer").filter(public_id=number).first()
    # The digest of nothing is compared too, so that an unknown number takes as long as a wrong code.
    known = row.code_sha256 if row is not None else _digest("")
    if not hmac.compare_digest(known, _digest(code)) or row is None or not _tidy(code):
        _counted("code", number)
        _counted("code network", _network(network))
        raise Refused(
            "rights.code",
            "Request not shown",
            "No request has this number and this code.",
            "Check both on your receipt. Without the receipt, ask the agency.",
        )
    with _unseen(), transaction.atomic():
        write_entry(
            "rights.read_by_person",
            {"request": row.public_id, "agency": row.agency.public_id},
            acting_member=None,
        )
    return Opened(row, answer_pdf(row))


def _new_code() -> str:
    """80 random bits as four groups of four, in letters that are not misread."""
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(16))
    return "-".join(letters[i : i + 4] for i in range(0, 16, 4))


def _tidy(code: str) -> str:
    return "".join(code.upper().split()).replace("-", "")


def _digest(code: str) -> str:
    return hashlib.sha256(f"plainview request code v1: {_tidy(code)}".encode()).hexdigest()


def _network(address: str) -> str:
    """The network of an address: what one household or office shares, IPv4 /24 and IPv6 /48; "" for none."""
    try:
        parsed = ipaddress.ip_address(address.partition("/")[0])
    except ValueError:
        return ""
    return str(ipaddress.ip_network((parsed, 24 if parsed.version == 4 else 48), strict=False))


def _key(what: str, whom: str) -> str:
    # Keyed: the cache's table does not tell who asked.
    return "rights-" + salted_hmac("plainview.rights", f"{what}: {whom}", algorithm="sha256").hexdigest()


def _count(what: str, whom: str) -> int:
    return int(cache.get(_key(what, whom), 0))


def _counted(what: str, whom: str) -> int:
    """Count one more within the hour; return how many there were."""
    key = _key(what, whom)
    cache.add(key, 0, _HOUR)
    try:
        return int(cache.incr(key))
    except ValueError:  # the hour ended in between
        return 1
