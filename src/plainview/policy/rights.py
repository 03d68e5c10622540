"""The rights of the people in the pictures: what they may ask for, how long it may take, why it may be refused.

Owns the words, the limits and the rules of a data subject's request, and the one purpose under which a person's own
photograph is compared. No search of an investigation may use that purpose.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from plainview.policy.decision import Allow, Decision, Refused
from plainview.policy.permissions import Permission
from plainview.policy.wording import counted

PURPOSE = "data subject request"
"""The purpose of the search with a person's own photograph; refused everywhere else."""

_RESERVED = re.compile(r"\bdata[\s-]+subject(?:['’]?s)?['’]?\s+requests?\b|\bsubject\s+access\s+requests?\b")

ACCESS, OBJECTION, ERASURE = "access", "objection", "erasure"

WISHES: Mapping[str, str] = MappingProxyType(
    {
        ACCESS: "Tell me what you hold about me",
        OBJECTION: "I object to being searched: remove my pictures and do not enrol them again",
        ERASURE: "Erase the pictures of me",
    }
)
"""What may be asked for; source: GDPR Art. 15, 17 and 21, Directive (EU) 2016/680 Art. 14 and 16."""

MAX_DAYS = 30
"""Longest time for an answer, days; source: GDPR Art. 12(3), "within one month of receipt"."""

MAX_EXTENSION = 60
"""Longest extension, days, once, with the reason stated; source: GDPR Art. 12(3), "two further months"."""

WARN_DAYS = 7
"""Days before the deadline from which administrators are reminded: chosen, a week to look at faces."""

KEEP_DAYS = 365
"""Days after the answer for which it and the person's contact details are kept: chosen, the time of a complaint."""

PHOTO_BYTES = 10 << 20
"""Largest photograph of a request, bytes: chosen, a telephone's picture is about 5 MB."""

UNCONFIRMED = 200
"""Photographs of one agency that may wait for the check of identity: chosen, 2 GB at most. Requests without one have no
such limit, so that nobody closes the form for the others; each network's are limited by the hour."""

FILED = 5
"""Requests that may be filed from one network within an hour: chosen, a family at one table."""

TRIES = 20
"""Forms that may be sent from one network within an hour, unusable ones too: chosen; each may cost a picture's decoding."""

WRONG_CODES = 10
"""Wrong codes within an hour from one network: chosen; a code has 80 random bits."""

FACES = 10
"""Faces that are listed for a request at first: chosen, more pictures of one person are rare; each that is the person's
makes room for two more."""

NAMED = 20
"""References or links that one request may name: chosen."""

WITHHOLD, COUNT = "withhold", "count"
"""What an answer says about searches under open cases: nothing either way, or their number."""

GROUNDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "identity": (
            "It could not be established that the request comes from the person whom the data are about.",
            "File a new request with proof of your identity; the agency will tell you how.",
        ),
        "another person": (
            "The request asks for the data of another person.",
            "They can file their own request. With their written authority, or custody of a child, write to the agency by post.",
        ),
        "excessive": (
            "The request repeats one that was answered, and nothing has changed since.",
            "You can ask again when something has changed; state what it is.",
        ),
        "restricted": (
            "A law restricts this right for these data.",
            "The supervisory authority can check in your place that the data are handled lawfully.",
        ),
    }
)
"""ground -> (reason, remedy); source: GDPR Art. 11, 12(5), 12(6) and 23, Directive (EU) 2016/680 Art. 12 and 15 to 17."""

_UNSEEN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters, and those that change the direction of text: a name must read as it is written."""

_REFERENCE = re.compile(r"R[0-9A-HJKMNP-TV-Z]{12}")
_LINK = re.compile(r"https?://[^\s\x00-\x1f]{3,1990}")
_MOST = {"name": 200, "email": 254, "post": 500, "about": 2000}
_NUMBER = re.compile(r"\d(?:[\s-]?\d){4,}")


@dataclass(frozen=True, slots=True)
class Filing:
    """A person's request, checked and tidied; `named`: ids of references and links that they gave.

    Attributes:
        wishes: keys of `WISHES`, in its order.
        name, email, post: who, and how to reach them; e-mail or postal address, or both.
        about: what it concerns, in their words; may be empty.
    """

    wishes: tuple[str, ...]
    name: str
    email: str
    post: str
    about: str
    named: tuple[str, ...]


def read_filing(
    wishes: Iterable[str], *, own: bool | None, name: str, email: str, post: str, about: str, named: str
) -> Filing:
    """Check what a person wrote into the form.

    Args:
        wishes: keys of `WISHES`.
        own: the data are the person's own; None if it is not stated.
        name, email, post, about: texts.
        named: ids of references and links, separated by white space.

    Raises:
        Refused: the first of `faults`.
    """
    asked, texts = set(wishes), _tidied(name, email, post, about)
    for fault in faults(asked, own=own, named=named, **texts):
        raise fault
    return Filing(tuple(wish for wish in WISHES if wish in asked), named=read_named(named), **texts)


def faults(
    wishes: Iterable[str], *, own: bool | None, name: str, email: str, post: str, about: str, named: str
) -> Iterator[Refused]:
    """Yield everything that is wrong with a form, in its order; arguments as in `read_filing`."""
    asked, texts = set(wishes), _tidied(name, email, post, about)
    if not asked or asked - WISHES.keys():
        yield Refused("rights.wish", "Request not sent", "You have not said what you ask for.", "Choose at least one.")
    if own is None:
        yield Refused(
            "rights.whose", "Request not sent", "You have not said whose pictures the request is about.", "Choose one."
        )
    elif not own:
        reason, remedy = GROUNDS["another person"]
        yield Refused("rights.another_person", "Request not sent", reason, remedy)
    try:
        read_named(named)
    except Refused as refused:
        yield refused
    for field, value in texts.items():
        if len(value) > _MOST[field]:
            yield Refused(
                "rights.text",
                "Request not sent",
                f"A text is longer than {_MOST[field]} characters.",
                "Shorten it. The agency will ask if it needs more.",
            )
    if not texts["name"]:
        yield Refused(
            "rights.name",
            "Request not sent",
            "Your name is missing.",
            "Write your name as it appears on your documents.",
        )
    if not texts["email"] and not texts["post"]:
        yield Refused(
            "rights.contact",
            "Request not sent",
            "The agency has no way to reach you.",
            "Give an e-mail address or a postal address.",
        )


def _tidied(name: str, email: str, post: str, about: str) -> dict[str, str]:
    return {"name": _line(name), "email": _line(email), "post": _text(post), "about": _text(about)}


def read_named(text: str) -> tuple[str, ...]:
    """Read ids of references and links, each once, in the order of the text.

    Raises:
        Refused: rights.named, when one is neither or there are more than `NAMED`.
    """
    words = list(dict.fromkeys(text.split()))
    if len(words) > NAMED or not all(_REFERENCE.fullmatch(word) or _LINK.fullmatch(word) for word in words):
        raise Refused(
            "rights.named",
            "Request not sent",
            "A line is neither the number of a reference nor a link.",
            f"Write one per line, at most {NAMED}: R and 12 letters and digits, or https://…",
        )
    return tuple(words)


def _line(text: str) -> str:
    return " ".join(_UNSEEN.sub("", text).split())


def _text(text: str) -> str:
    return "\n".join(_line(line) for line in text.strip().splitlines())


def purpose_free(purpose: str) -> Decision:
    """Allow any purpose but the one reserved for data subjects' requests."""
    if _RESERVED.search(" ".join(purpose.split()).lower()):
        return Refused(
            "search.purpose_reserved",
            "Search refused",
            "This purpose is reserved for the request of a person about themselves.",
            "Search from that person's request, after their identity has been confirmed.",
        )
    return Allow()


def room(photographs: int, *, photo: bool) -> Decision:
    """Allow a request without a photograph always, and one with while fewer than `UNCONFIRMED` wait."""
    if photo and photographs >= UNCONFIRMED:
        return Refused(
            "rights.full",
            "Request not sent",
            "More photographs are waiting at this agency than it can keep.",
            "Send the request without the photograph: the deadline runs from today. Bring the photograph when the agency "
            "checks your identity, or send another request with it in a week.",
        )
    return Allow()


def not_too_often(filed: int, tries: int) -> Decision:
    """Allow a bounded number of requests (`filed`) and forms (`tries`) from one network within an hour."""
    if filed >= FILED or tries > TRIES:
        return Refused(
            "rights.often",
            "Request not sent",
            f"{FILED} requests or {TRIES} forms came from your network within an hour.",
            "Try again in an hour, or write to the agency by post.",
        )
    return Allow()


def identity_checked(confirmed: bool) -> Decision:
    """Allow searching and answering once a person has confirmed the identity."""
    if not confirmed:
        return Refused(
            "rights.not_confirmed",
            "Refused",
            "The identity of the person who asks has not been confirmed.",
            "Check the person's identity, then record how you checked it.",
            act=Permission.RIGHTS_CONFIRM,
        )
    return Allow()


def not_alone(member: int, others: Iterable[int | None]) -> Decision:
    """Allow a member who has neither sent the request nor confirmed the identity; keys of members."""
    if member in set(others):
        return Refused(
            "rights.alone",
            "Refused",
            "You sent this request or confirmed the identity, and nobody does both that and the next step.",
            "Ask a colleague who may do it.",
            act=Permission.RIGHTS_ANSWER,
        )
    return Allow()


def faces_listed(persons: int) -> int:
    """Return how many undecided faces are listed, when so many are decided to be the person's."""
    return FACES + 2 * persons


def still_open(closed: bool) -> Decision:
    """Allow changes to a request that is neither answered nor refused."""
    if closed:
        return Refused(
            "rights.closed",
            "Refused",
            "This request has already been answered.",
            "The person can complain or file a new request.",
        )
    return Allow()


def no_document_number(text: str) -> Decision:
    """Allow a text without a document's number: how identity was checked is recorded in words."""
    if _NUMBER.search(text):
        return Refused(
            "rights.document_number",
            "Not recorded",
            "The text contains a long number, like those on documents.",
            "Write what was shown and who compared it, without the number and without a copy.",
        )
    return Allow()


def extension(days: int, *, before: bool, today: date, due_on: date) -> Decision:
    """Allow one extension, before the deadline has passed, by at most two months."""
    if before or today > due_on or not 1 <= days <= MAX_EXTENSION:
        return Refused(
            "rights.extension",
            "Deadline not extended",
            f"A deadline can be extended once, before it has passed, by 1 to {MAX_EXTENSION} days.",
            "Answer the request.",
            act=Permission.RIGHTS_ANSWER,
        )
    return Allow()


def all_decided(undecided: int) -> Decision:
    """Allow an answer once a person has decided on every face that was found."""
    if undecided:
        return Refused(
            "rights.undecided",
            "Not answered",
            f"{counted(undecided, 'face has', 'faces have')} no decision.",
            "Compare each face and decide whether it shows the person.",
            act=Permission.RIGHTS_ANSWER,
        )
    return Allow()


def looked_for(searched: bool, findable: bool) -> Decision:
    """Allow an answer once the photograph or the references that the person gave have been searched for."""
    if findable and not searched:
        return Refused(
            "rights.not_searched",
            "Not answered",
            "No search has been made for this request.",
            "Search for the person first.",
            act=Permission.RIGHTS_ANSWER,
        )
    return Allow()


def open_cases(searches: int, how: str) -> Decision:
    """Allow if nothing is withheld; otherwise refuse with what policy withholds about searches under open cases.

    Args:
        found: how many of them listed a picture of the person.
        how: `WITHHOLD` or `COUNT`.
    """
    if how == COUNT and not searches:
        return Allow()
    why = (
        f"Pictures of you were in the candidate lists of {counted(searches, 'search', 'searches')} under cases that are "
        "still open; no more may be said about them."
        if how == COUNT
        else "No answer is given on whether searches under cases that are still open listed a picture of you, whatever the "
        "answer would be: it could warn a person under investigation."
    )
    return Refused(
        "rights.open_cases",
        "Withheld",
        why,
        "Ask again later: searches under closed cases are included in the answer. The authority named below can check on your behalf.",
    )
