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

PURPOSE = "data subject request"
"""The purpose of the search with a person's own photograph; refused everywhere else."""

_RESERVED = re.compile(r"\bdata[\s-]+subject(?:['’]?s)?['’]?\s+requests?\b|\bsubject\s+access\s+requests?\b")

ACCESS, OBJECTION, ERASURE = "access", "objection", "erasure"

WISHES: Mapping[str, str] = MappingProxyType(
    {
        ACCESS: "Tell me what you hold about me",
        OBJECTION: "I object to being searched: take my pictures out and do not enrol them again",
        ERASURE: "Erase the pictures of me",
    }
)
"""What may be asked for; source: GDPR Art. 15, 17 and 21, Directive (EU) 2016/680 Art. 14 and 16."""

MAX_DAYS = 30
"""Longest time for an answer, days; source: GDPR Art. 12(3), "within one month of receipt"."""

MAX_EXTENSION = 60
"""Longest extension, days, once, with the reason told; source: GDPR Art. 12(3), "two further months"."""

WARN_DAYS = 7
"""Days before the deadline from which administrators are written to: chosen, a week to look at faces."""

KEEP_DAYS = 365
"""Days after the answer for which it, and how to reach the person, are kept: chosen, the time of a complaint."""

PHOTO_BYTES = 10 << 20
"""Largest photograph of a request, bytes: chosen, a telephone's picture is about 5 MB."""

UNCONFIRMED = 200
"""Requests of one agency that may wait for the check of identity: chosen; beyond it, the way is by post."""

FILED = 5
"""Requests that may be filed from one network within an hour: chosen, a family at one table."""

TRIES = 20
"""Forms that may be sent from one network within an hour, unusable ones too: chosen; each may cost a picture's decoding."""

WRONG_CODES = 10
"""Wrong codes within an hour, for one request and from one network: chosen; a code has 80 random bits."""

NAMED = 20
"""References or links that one request may name: chosen."""

WITHHOLD, COUNT = "withhold", "count"
"""What is said of searches under cases that are still open: nothing either way, or their number."""

GROUNDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "identity": (
            "It could not be established that the request comes from the person whom the data are about.",
            "File a new request and bring or show proof of who you are; the agency says how.",
        ),
        "another person": (
            "The request asks for the data of somebody else.",
            "They can file their own request. With their written authority, or custody of a child, write to the agency by post.",
        ),
        "excessive": (
            "The request repeats one that was answered, and nothing has changed since.",
            "You can ask again when something has changed: say what.",
        ),
        "restricted": (
            "A law restricts this right for these data.",
            "The supervisory authority can check in your place that the data are handled lawfully.",
        ),
    }
)
"""ground -> (reason, remedy); source: GDPR Art. 11, 12(5), 12(6) and 23, Directive (EU) 2016/680 Art. 12 and 15 to 17."""

_UNSEEN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters, and those that turn the direction of what follows: a name must read as it is written."""

_REFERENCE = re.compile(r"R[0-9A-HJKMNP-TV-Z]{12}")
_LINK = re.compile(r"https?://[^\s\x00-\x1f]{3,1990}")
_MOST = {"name": 200, "email": 254, "post": 500, "about": 2000}
_NUMBER = re.compile(r"\d(?:[\s-]?\d){4,}")


@dataclass(frozen=True, slots=True)
class Filing:
    """What a person asks, checked and tidied; `named`: ids of references and links that they gave.

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
        own: the data are the person's own; None when it is not said.
        name, email, post, about: texts.
        named: ids of references and links, separated by white space.

    Raises:
        Refused: the first of `faults`.
    """
    asked, told = set(wishes), _tidied(name, email, post, about)
    for fault in faults(asked, own=own, named=named, **told):
        raise fault
    return Filing(tuple(wish for wish in WISHES if wish in asked), named=read_named(named), **told)


def faults(
    wishes: Iterable[str], *, own: bool | None, name: str, email: str, post: str, about: str, named: str
) -> Iterator[Refused]:
    """Yield everything that is wrong with a form, in its order; arguments as of `read_filing`."""
    asked, told = set(wishes), _tidied(name, email, post, about)
    if not asked or asked - WISHES.keys():
        yield Refused("rights.wish", "Not sent", "It is not said what you ask for.", "Choose at least one.")
    if own is None:
        yield Refused("rights.whose", "Not sent", "It is not said whose pictures they are.", "Choose one.")
    elif not own:
        yield Refused("rights.another_person", "Not sent", *GROUNDS["another person"])
    try:
        read_named(named)
    except Refused as refused:
        yield refused
    for field, value in told.items():
        if len(value) > _MOST[field]:
            yield Refused(
                "rights.text",
                "Not sent",
                f"A text is longer than {_MOST[field]} characters.",
                "Shorten it; the agency asks if it needs more.",
            )
    if not told["name"]:
        yield Refused("rights.name", "Not sent", "Your name is missing.", "Write it as your documents have it.")
    if not told["email"] and not told["post"]:
        yield Refused(
            "rights.contact",
            "Not sent",
            "There is no way to reach you.",
            "Give an e-mail address or a postal address.",
        )


def _tidied(name: str, email: str, post: str, about: str) -> dict[str, str]:
    return {"name": _line(name), "email": _line(email), "post": _text(post), "about": _text(about)}


def read_named(text: str) -> tuple[str, ...]:
    """Read ids of references and links, each once, in the order in which they stand.

    Raises:
        Refused: rights.named, when one is neither or there are more than `NAMED`.
    """
    words = list(dict.fromkeys(text.split()))
    if len(words) > NAMED or not all(_REFERENCE.fullmatch(word) or _LINK.fullmatch(word) for word in words):
        raise Refused(
            "rights.named",
            "Not sent",
            "A line is neither the number of a reference nor a link.",
            f"Write one a line, at most {NAMED}: R and twelve letters and digits, or https://…",
        )
    return tuple(words)


def _line(text: str) -> str:
    return " ".join(_UNSEEN.sub("", text).split())


def _text(text: str) -> str:
    return "\n".join(_line(line) for line in text.strip().splitlines())


def purpose_free(purpose: str) -> Decision:
    """The purpose of data subjects' requests is used by nothing else."""
    if _RESERVED.search(" ".join(purpose.split()).lower()):
        return Refused(
            "search.purpose_reserved",
            "Search refused",
            "This purpose is only for the request of a person about themself.",
            "Such a search begins at the person's request, once their identity was checked.",
        )
    return Allow()


def room(unconfirmed: int) -> Decision:
    """Not more requests wait for a check of identity than people can look at."""
    if unconfirmed >= UNCONFIRMED:
        return Refused(
            "rights.full",
            "Not sent",
            "More requests wait at this agency than its people can look at now.",
            "Write to the agency by post: the deadline runs from the day it has your letter. Or try again in a week.",
        )
    return Allow()


def not_too_often(filed: int, tries: int) -> Decision:
    """One network does not fill the desk of an agency: requests taken from it, and forms sent, within an hour."""
    if filed >= FILED or tries > TRIES:
        return Refused(
            "rights.often",
            "Not sent",
            f"{FILED} requests, or {TRIES} forms, came from your network within an hour.",
            "Try again in an hour, or write to the agency by post.",
        )
    return Allow()


def identity_checked(confirmed: bool) -> Decision:
    """Nothing is compared and nothing is answered before a person has checked who asks."""
    if not confirmed:
        return Refused(
            "rights.not_confirmed",
            "Refused",
            "Nobody has checked yet who asks.",
            "Check it, then record how with `plainview rights confirm`.",
        )
    return Allow()


def still_open(closed: bool) -> Decision:
    """A request that was answered or refused stays as it is."""
    if closed:
        return Refused(
            "rights.closed",
            "Refused",
            "This request was answered already.",
            "The person can complain or file a new one.",
        )
    return Allow()


def no_document_number(text: str) -> Decision:
    """How identity was checked is told in words; no number of a document is kept."""
    if _NUMBER.search(text):
        return Refused(
            "rights.document_number",
            "Not recorded",
            "The text holds a long number, as documents have it.",
            "Say what was shown and who compared it; keep neither the number nor a copy.",
        )
    return Allow()


def extension(days: int, *, before: bool, today: date, due_on: date) -> Decision:
    """A deadline is extended once, before it has passed, by two months at most."""
    if before or today > due_on or not 1 <= days <= MAX_EXTENSION:
        return Refused(
            "rights.extension",
            "Not extended",
            f"A deadline is extended once, before it has passed, by 1 to {MAX_EXTENSION} days.",
            "Answer the request.",
        )
    return Allow()


def all_decided(undecided: int) -> Decision:
    """A person has looked at every face that was found."""
    if undecided:
        return Refused(
            "rights.undecided",
            "Not answered",
            f"{undecided} of the faces were not decided on.",
            "Look at each and say whether it shows the person.",
        )
    return Allow()


def looked_for(searched: bool, findable: bool) -> Decision:
    """What the person gave, a photograph or a reference, was looked for before anything is said about it."""
    if findable and not searched:
        return Refused(
            "rights.not_searched",
            "Not answered",
            "Nobody has looked yet.",
            "Run the search first: `plainview rights search`.",
        )
    return Allow()


def open_cases(found: int, how: str) -> Decision:
    """Of searches under open cases no more is told than policy says; what is withheld is said, with the way on.

    Args:
        found: how many of them listed a picture of the person.
        how: `WITHHOLD` or `COUNT`.
    """
    if how == COUNT and not found:
        return Allow()
    why = (
        f"Pictures of you were in the candidate lists of {found} search(es) under cases that are still open; "
        "no more is told of them."
        if how == COUNT
        else "Whether searches under cases that are still open listed a picture of you is not said, whatever the "
        "answer would be: telling it could warn somebody who is being investigated."
    )
    return Refused(
        "rights.open_cases",
        "Withheld",
        why,
        "Ask again later: searches under closed cases are told. The authority named below can check in your place.",
    )
