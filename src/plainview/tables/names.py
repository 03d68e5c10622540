"""Names of files as a table states them, and the files that there are: exact first, then as people mean them.

Owns the rule by which a stated name meets a file, for every table alike: Unicode forms, slashes, case and folders do not
matter; the last part of the path does. Two files that fit equally well are never chosen between.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

_DRIVE = re.compile(r"[A-Za-z]:(?=[\\/])")

_BY_ITSELF = (
    "__macosx",
    "thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "@eadir",
    "$recycle.bin",
    "system volume information",
)
_BEGINS = (".", "synofile_thumb_", "synophoto_thumb_")  # of a Synology NAS, also outside its own folders


def by_itself(name: str) -> bool:
    """Say whether a computer made this file or folder by itself: a hidden one, thumbnails, a bin."""
    return name.lower().startswith(_BEGINS) or name.lower() in _BY_ITSELF


@dataclass(frozen=True, slots=True)
class Meeting:
    """What a stated name met.

    Attributes:
        name: the file's own name; "" if none fits, or several do.
        exact: the name was stated exactly.
        several: the names that fit equally well.
    """

    name: str = ""
    exact: bool = True
    several: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Known:
    name: str
    parts: tuple[str, ...]


class Names:
    """The files that there are."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._exact: set[str] = set()
        self._shared: set[str] = set()  # other spellings: a name that is one of them may mean two files
        self._last: dict[str, list[_Known]] = {}
        for name in names:
            self.add(name)

    def add(self, name: str, *spellings: str) -> None:
        """Add a file; `spellings` are other ways in which its name may be meant, such as in other code pages."""
        self._exact.add(name)
        self._shared.update(spelling for spelling in spellings if spelling != name)
        for spelling in dict.fromkeys((name, *spellings)):
            known = _Known(name, parts_of(spelling))
            if known.parts:
                self._last.setdefault(_folded(known.parts[-1]), []).append(known)

    def meet(self, stated: str, base: str = "") -> Meeting:
        """Return the file that a name means.

        Args:
            stated: the name as the table has it.
            base: the folder of the table itself, in which names are looked for first.
        """
        for name in dict.fromkeys((f"{base}/{stated}" if base else stated, stated)):
            if name in self._exact and name not in self._shared:
                return Meeting(name)
        parts = parts_of(stated)
        if not parts:
            return Meeting()
        candidates = self._last.get(_folded(parts[-1]), [])
        for wanted in dict.fromkeys((parts_of(f"{base}/{stated}"), parts)):
            whole = [known for known in candidates if _same(known.parts, wanted)]
            if whole:
                return _best(whole, wanted)
        if parts[0] == "..":
            return Meeting()  # it is meant to be elsewhere
        return _best([known for known in candidates if _ends(known.parts, parts)], parts)


def parts_of(name: str) -> tuple[str, ...]:
    """Return the parts of a path, composed (NFC), without ".", empty ones, a drive and spaces around them."""
    parts: list[str] = []
    for part in unicodedata.normalize("NFC", _DRIVE.sub("", name.strip(), count=1)).replace("\\", "/").split("/"):
        part = part.strip()
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return tuple(parts)


def spellings(raw: bytes) -> tuple[str, ...]:
    """Return what a name that is not UTF-8 may mean in the code pages of Western Windows and DOS."""
    readings = []
    for codec in ("utf-8", "cp1252", "cp850", "cp437"):
        try:
            readings.append(raw.decode(codec))
        except UnicodeDecodeError:
            continue
    return tuple(dict.fromkeys(readings))


def spellings_of(name: str) -> tuple[str, ...]:
    """Return what a name from the file system may mean if it is not UTF-8; empty if it is."""
    return () if readable(name) == name else spellings(os.fsencode(name))


def readable(name: str) -> str:
    r"""Return a name from the file system as text: bytes that are not UTF-8 become \xfc and the like."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return os.fsencode(name).decode("utf-8", "backslashreplace")
    return name


def _folded(part: str) -> str:
    return unicodedata.normalize("NFC", part.casefold())


def _same(a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    return len(a) == len(b) and all(_folded(x) == _folded(y) for x, y in zip(a, b, strict=True))


def _ends(a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    shorter = min(len(a), len(b))
    return _same(a[-shorter:], b[-shorter:])


def _best(candidates: list[_Known], wanted: tuple[str, ...]) -> Meeting:
    """Return the only candidate, or the only one in the case that was stated; otherwise all of them."""
    names = list(dict.fromkeys(known.name for known in candidates))
    if len(names) > 1:
        shorter = [
            known.name
            for known in candidates
            if known.parts[-len(wanted) :] == wanted[-min(len(wanted), len(known.parts)) :]
        ]
        cased = list(dict.fromkeys(shorter))
        names = cased if len(cased) == 1 else names
    if len(names) == 1:
        return Meeting(names[0], exact=False)
    return Meeting(several=tuple(sorted(names)))
