"""Purposes that say nothing: what a search may not state as its purpose, with the examples that test the rule.

Owns the words that say nothing by themselves, and how a text is read. It judges whether anything is said, never whether it
is true: the auditor does. What an agency's own list has is never asked here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from plainview.policy.decision import Allow, Decision, Refused

LEAST_WORDS = 2
"""Different words that a purpose has, at least: chosen; one word names a subject and no question."""

_SIGNS = 4  # different signs, in a script that writes no blanks between words

_EMPTY = frozenset(
    " ".join(
        (
            "a an the this that it its is are was be to of for in on at by as with and or not no do did i me my we us our",
            "you he him his she her they them who whom what when where why how which some any all one same else other",
            "something someone somebody anyone anybody person people face faces photo picture image probe test testing",
            "tests tested try trying trial demo example sample dummy foo bar baz lorem ipsum hello hi abc xyz blah bla none",
            "nothing null nil na tbd todo etc ditto idem above below before again see ok okay yes idk unknown case number",
            "nr ref reference file incident report cfs inv invest investigation investigate investigative investigating",
            "criminal crime offence offense suspect susp subject matter search searching lookup look looking check checking",
            "query run running find finding identify identification id ident match purpose reason official police pd law",
            "enforcement le leo work job duty business use need needed request requested required info information intel",
            "intelligence general misc miscellaneous various admin just because fall akte ermittlung ermittlungen enquete",
            "affaire dossier caso asunto investigacion prueba probe indagine zaak onderzoek",
        )
    ).split()
)
"""Words that name no question of a case, chosen: such as "investigation", "inv", "test", "check", and their like in other
languages."""

_ROWS = (
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "yxcvbnm",
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn",
    "1234567890",
)

REFUSED = (
    ("", "C-1"),
    ("who", "C-1"),
    ("aaa", "C-1"),
    ("test", "C-1"),
    ("Test test TEST", "C-1"),
    ("asdf qwer", "C-1"),
    ("investigation", "C-1"),
    ("criminal investigation", "C-1"),
    ("inv", "C-1"),
    ("check", "C-1"),
    ("n/a", "C-1"),
    ("see case", "C-1"),
    ("C-1", "C-1"),
    ("case c-1", "C-1"),
    ("2026/00417", "2026/00417"),
    ("2026 / 00417.", "2026/00417"),
    ("rider rider rider", "C-1"),
    ("official police business", "C-1"),
    ("find the person", "C-1"),
    ("...", "C-1"),
    ("x y z", "C-1"),
    ("\u200b\u200b", "C-1"),
    ("robbery", "C-1"),
    ("abababab", "C-1"),
    ("aaa bbb", "C-1"),
    ("ababa xyxyx", "C-1"),
    ("asdf rewq", "C-1"),
    ("rider x", "C-1"),
    ("Ermittlung", "C-1"),
    ("查", "C-1"),
)
"""(purpose, number of the case): each says nothing."""

ALLOWED = (
    ("find the rider", "C-1"),
    ("who rode the scooter", "C-1"),
    ("who rode", "C-1"),
    ("anna otto", "C-1"),
    ("was sad", "C-1"),
    ("identify the man who broke the shop window", "C-1"),
    ("witness of case C-1 at the kiosk", "C-1"),
    ("Fahrer des Rollers finden", "C-1"),
    ("qui conduisait le scooter", "C-1"),
    ("找到骑摩托车的人", "C-1"),
    ("من كان يقود الدراجة", "C-1"),
    ("найти водителя самоката", "C-1"),
    ("スクーターの運転手を探す", "C-1"),
)
"""(purpose, number of the case): each says what the search is for."""


def says_something(purpose: str, case_number: str, listed: Collection[str] = ()) -> Decision:
    """Allow a purpose that says what the search should find out; the agency's own list (`listed`, plain) always does."""
    plain = plain_purpose(purpose)
    if plain in listed or _says(plain, case_number):
        return Allow()
    return Refused(
        "search.purpose_empty",
        "Search refused",
        f"The purpose {purpose.strip()[:60]!r} does not say what the search should find out.",
        "Choose a purpose of your agency's list, or write whom or what this search should find, and in what event.",
    )


def not_copied(copied: bool) -> Decision:
    """Allow a purpose that is not, word for word, the one of the member's last search: another case and another face."""
    if copied:
        return Refused(
            "search.purpose_copied",
            "Search refused",
            "The purpose is that of your last search, in another case and with another face.",
            "Write what this search should find out for this case, or choose a purpose of your agency's list.",
        )
    return Allow()


def plain_purpose(text: str) -> str:
    """Return a text in lower case with single blanks, without characters that nobody sees."""
    seen = "".join(sign for sign in unicodedata.normalize("NFKC", text) if unicodedata.category(sign) != "Cf")
    return " ".join(seen.split()).lower()


def _says(plain: str, case_number: str) -> bool:
    number = re.sub(r"\W+", "", plain_purpose(case_number))
    if number and re.sub(r"\W+", "", plain) == number:
        return False
    unspaced = {sign for sign in plain if unicodedata.category(sign) == "Lo" and sign >= "\u0e00"}
    if len(unspaced) >= _SIGNS:
        return True
    numbered = set(re.findall(r"\w+", plain_purpose(case_number)))
    words = {word for word in re.findall(r"[^\W\d_]+", _without_accents(plain)) if len(word) > 1}
    said = {word for word in words if word not in _EMPTY and word not in numbered and not _mashed(word)}
    return len(words - numbered) >= LEAST_WORDS and bool(said)


def _without_accents(text: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFD", text) if unicodedata.category(sign) != "Mn")


def _mashed(word: str) -> bool:
    """Return whether a word is one key again and again, two in turn, or neighbours on a keyboard."""
    different = len(set(word))
    if different == 1 or (different == 2 and len(word) > 4):
        return True
    return len(word) > 3 and any(word in keys or word in keys[::-1] for keys in _ROWS)
