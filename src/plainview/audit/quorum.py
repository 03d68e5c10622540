"""Which witnesses a log trusts, where they are, and how many of them must have cosigned: c2sp.org/tlog-policy.

Owns the file's format, word for word, and the rule of the quorum. A file of bare key lines, which earlier versions of
Plainview read, is a policy without a quorum. It must never let one key count twice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from plainview.audit.checkpoint import BadKey
from plainview.audit.cosignature import WitnessKey

NONE: Final = "none"
"""The quorum that needs no cosignature (tlog-policy, "Defining the quorum")."""


class BadPolicy(ValueError):
    """The file is not a policy; the message names the line."""


@dataclass(frozen=True, slots=True)
class TrustedWitness:
    """One witness of a policy.

    Attributes:
        name: its name in the policy; the name of its key may differ.
        key: its public key.
        url: submission prefix of its tlog-witness server; "" if its cosignatures come as files.
    """

    name: str
    key: WitnessKey
    url: str = ""


@dataclass(frozen=True, slots=True)
class WitnessPolicy:
    """A policy.

    Attributes:
        witnesses: in the order of the file.
        groups: name -> (how many members are needed, their names).
        quorum: name of the witness or group that must have cosigned; `NONE`.
        logs: vkeys of the logs that it names, as written.
    """

    witnesses: tuple[TrustedWitness, ...] = ()
    groups: Mapping[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    quorum: str = NONE
    logs: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[WitnessKey, ...]:
        """The keys of the witnesses."""
        return tuple(witness.key for witness in self.witnesses)

    def satisfied(self, keys: Collection[WitnessKey]) -> bool:
        """Say whether these witnesses are enough."""
        return self.quorum == NONE or self._has(
            self.quorum, {witness.name for witness in self.witnesses if witness.key in keys}
        )

    def least(self) -> int:
        """Return how many cosignatures are enough at the least; 0 if none is needed."""
        return 0 if self.quorum == NONE else self._least(self.quorum)

    def _has(self, name: str, cosigned: set[str]) -> bool:
        if name not in self.groups:
            return name in cosigned
        needed, members = self.groups[name]
        return sum(self._has(member, cosigned) for member in members) >= needed

    def _least(self, name: str) -> int:
        if name not in self.groups:
            return 1
        needed, members = self.groups[name]
        return sum(sorted(self._least(member) for member in members)[:needed])


def parse_policy(data: bytes) -> WitnessPolicy:
    """Read the file `witnesses`.

    Names are octets, as the specification says: they are decoded so that none is lost.

    Raises:
        BadPolicy: the file is not a policy, or names a key that is not of type 0x04.
    """
    if any((byte < 0x20 and byte not in b"\t\n") or byte == 0x7F for byte in data):
        raise BadPolicy("only tabs and newlines are allowed as control characters")
    lines = [line.replace("\t", " ").split(" ") for line in data.decode("utf-8", "surrogateescape").split("\n")]
    fields = [[word for word in line if word] for line in lines]
    numbered = [(number, line) for number, line in enumerate(fields, start=1) if line and not line[0].startswith("#")]
    if numbered and all(len(line) == 1 and "+" in line[0] for _, line in numbered):
        keys = [_key(line[0], number) for number, line in numbered]
        return WitnessPolicy(tuple(TrustedWitness(key.name, key) for key in keys))
    reader = _Reader()
    for number, line in numbered:
        reader.take(line, number)
    if numbered and reader.quorum is None:
        raise BadPolicy("a policy has exactly one line quorum: write `quorum none` if no cosignature is needed")
    return WitnessPolicy(tuple(reader.witnesses), reader.groups, reader.quorum or NONE, tuple(reader.logs))


class _Reader:
    """What the lines so far have defined."""

    def __init__(self) -> None:
        self.witnesses: list[TrustedWitness] = []
        self.groups: dict[str, tuple[int, tuple[str, ...]]] = {}
        self.quorum: str | None = None
        self.logs: list[str] = []
        self._defined: set[str] = set()
        self._members: set[str] = set()

    def take(self, words: list[str], number: int) -> None:
        keyword, *rest = words
        if keyword == "log" and len(rest) in (1, 2):
            self._log(rest[0], number)
        elif keyword == "witness" and len(rest) in (2, 3):
            self._define(rest[0], number)
            key = _key(rest[1], number)
            if any(witness.key.public == key.public for witness in self.witnesses):
                raise BadPolicy(f"line {number}: two witnesses have the same key")
            self.witnesses.append(TrustedWitness(rest[0], key, rest[2] if len(rest) == 3 else ""))
        elif keyword == "group" and len(rest) >= 3:
            self._group(rest[0], rest[1], tuple(rest[2:]), number)
        elif keyword == "quorum" and len(rest) == 1:
            if self.quorum is not None:
                raise BadPolicy(f"line {number}: a policy has exactly one line quorum")
            if rest[0] != NONE and rest[0] not in self._defined:
                raise BadPolicy(f"line {number}: nothing above is called {rest[0]}")
            self.quorum = rest[0]
        else:
            raise BadPolicy(f"line {number}: a line begins with log, witness, group or quorum, with its parts after it")

    def _define(self, name: str, number: int) -> None:
        if name == NONE or name in self._defined:
            raise BadPolicy(f"line {number}: the name {name} is taken")
        self._defined.add(name)

    def _log(self, vkey: str, number: int) -> None:
        public = vkey.partition("+")[2].partition("+")[2]
        if not public or any(known.endswith(f"+{public}") for known in self.logs):
            raise BadPolicy(f"line {number}: this is not the key of a log, or it was named before")
        self.logs.append(vkey)

    def _group(self, name: str, threshold: str, members: tuple[str, ...], number: int) -> None:
        needed = {"any": "1", "all": str(len(members))}.get(threshold, threshold)
        if not (needed.isascii() and needed.isdecimal()) or not 1 <= int(needed[:9]) <= len(members):
            raise BadPolicy(f"line {number}: a group needs any, all or 1 to {len(members)} of its members")
        for member in members:
            if member not in self._defined:
                raise BadPolicy(f"line {number}: nothing above is called {member}")
            if member in self._members:
                raise BadPolicy(f"line {number}: {member} is a member already; it can count once only")
            self._members.add(member)
        self._define(name, number)
        self.groups[name] = (int(needed), members)


def _key(text: str, number: int) -> WitnessKey:
    try:
        return WitnessKey.parse(text)
    except BadKey as error:
        raise BadPolicy(f"line {number}: {error}") from None
