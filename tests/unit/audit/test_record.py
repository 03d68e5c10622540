"""An entry has one spelling, keeps its rules, and gives nothing away about what it seals."""

from __future__ import annotations

import enum
import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from plainview.audit.merkle import Frontier, leaf_hash
from plainview.audit.record import (
    MAX_DEPTH,
    MAX_ENTRY_BYTES,
    BadEntry,
    Entry,
    Opening,
    check_opening,
    format_time,
    is_behind,
    next_entry,
    parse_line,
    seal,
    written,
)

FIELDS = {
    "v": 1,
    "seq": 7,
    "at": "2026-11-23T03:38:24.12Z",
    "log": "agency.example/log",
    "action": "search.requested",
    "actor": "m42",
    "subject": {"case": 12, "gallery": "g1"},
    "sealed": {"purpose": "ab" * 32},
}
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

texts = st.text(st.characters(max_codepoint=127)) | st.text()
scalars = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(st.characters(codec="utf-8"))
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
    ),
    max_leaves=8,
)


def line(**changes: object) -> bytes:
    return rfc8785.dumps({**FIELDS, **changes})  # type: ignore[arg-type]


def test_the_canonical_form_is_these_very_bytes() -> None:
    entry = Entry(7, "2026-11-23T03:38:24.12Z", "agency.example/log", "search.requested", "m42", {"b": 1, "a": "é"}, {})
    assert (
        entry.canonical
        == (
            '{"action":"search.requested","actor":"m42","at":"2026-11-23T03:38:24.12Z","log":"agency.example/log",'
            '"sealed":{},"seq":7,"subject":{"a":"é","b":1},"v":1}'
        ).encode()
    )
    assert entry.leaf() == hashlib.sha256(b"\x00" + entry.canonical).digest()


@given(subject=st.dictionaries(st.text(st.characters(codec="utf-8")), values, max_size=4))
def test_what_is_written_is_read_back(subject: dict[str, object]) -> None:
    entry = Entry(0, FIELDS["at"], "log", "a.b", "system", subject, {})  # type: ignore[arg-type]
    assert parse_line(entry.canonical) == entry


@given(subject=st.dictionaries(texts, st.recursive(st.integers() | texts, st.lists) | values, max_size=4))
def test_an_entry_is_spelt_as_the_library_of_the_standard_spells_it(subject: dict[str, object]) -> None:
    """Ordinary values take a shorter way; quotes, control characters, long numbers and other alphabets are among these."""
    fields = {**FIELDS, "subject": subject}
    try:
        standard = rfc8785.dumps(fields)  # type: ignore[arg-type]
    except ValueError:
        with pytest.raises(BadEntry):
            Entry(**{name: value for name, value in fields.items() if name != "v"})  # type: ignore[arg-type]
    else:
        assert Entry(**{name: value for name, value in fields.items() if name != "v"}).canonical == standard  # type: ignore[arg-type]


def test_keys_are_ordered_by_utf16_code_units() -> None:
    # RFC 8785, 3.2.3: U+1F600 (a surrogate pair, D83D DE00) sorts before U+FB33, a smaller code point.
    entry = Entry(0, FIELDS["at"], "log", "a", "m", {"\ufb33": 1, "\U0001f600": 2}, {})  # type: ignore[arg-type]
    assert entry.canonical.index("\U0001f600".encode()) < entry.canonical.index("\ufb33".encode())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        line() + b"\n",
        b" " + line(),
        b"\xef\xbb\xbf" + line(),
        line().replace(b'"v":1', b'"v": 1'),
        line().replace(b'"v":1', b'"v":1,"v":1'),
        line().replace(b'"v":1', b'"v":1.0'),
        line().replace(b'"v":1', b'"v":true'),
        line().replace(b'"v":1', b'"v":2'),
        line().replace(b'"seq":7', b'"seq":07'),
        line().replace(b'"seq":7', b'"seq":-0'),
        line().replace(b'"seq":7', b'"seq":-7'),
        line().replace(b'"seq":7', b'"seq":true'),
        line().replace(b'"seq":7', b'"seq":"7"'),
        line().replace(b'"seq":7', b'"seq":9007199254740992'),
        line().replace(b'"case":12', b'"case":1.5'),
        line().replace(b'"case":12', b'"case":NaN'),
        line().replace(b'"case":12', b'"case":1e3'),
        line().replace(b'"case":12', b'"case":' + b"9" * 5000),
        line().replace(b'"g1"', b'"\\u0067\\u0031"'),
        line().replace(b'"g1"', b'"\\ud83d"'),
        line().replace(b'"g1"', b'"\xff"'),
        line().replace(b'"g1"', b"[" * 5000),
        line(extra=1),
        line(subject=[]),
        line(subject=None),
        line(sealed=[]),
        line(sealed={"purpose": "AB" * 32}),
        line(sealed={"purpose": "ab" * 31}),
        line(sealed={"purpose": 1}),
        line(sealed={"Purpose": "ab" * 32}),
        line(sealed={"": "ab" * 32}),
        line(at="2026-11-23T03:38:24.123Z"),
        line(at="2026-11-23T03:38:24Z"),
        line(at="2026-11-23 03:38:24.12Z"),
        line(at="2026-11-23T03:38:24.12+00:00"),
        line(at="2026-02-29T03:38:24.12Z"),
        line(at="2026-11-23T24:00:00.00Z"),
        line(at="2026-11-23T03:38:60.00Z"),
        line(at="0000-01-01T00:00:00.00Z"),
        line(at="٢٠٢٦-11-23T03:38:24.12Z"),
        line(at="2026-11-23T03:38:24.12Z\n"),
        line(at=None),
        line(log=""),
        line(log="agency example"),
        line(log="a+b"),
        line(log="a" * 201),
        line(action="Search"),
        line(action="search."),
        line(action="a" * 65),
        line(action=None),
        line(actor="examiner@agency.example"),
        line(actor=""),
        line(actor="a" * 65),
        line(actor=3),
    ],
)
def test_anything_but_the_canonical_form_of_a_valid_entry_is_refused(data: bytes) -> None:
    with pytest.raises(BadEntry):
        parse_line(data)


@pytest.mark.parametrize("field", sorted(FIELDS))
def test_every_field_is_required(field: str) -> None:
    with pytest.raises(BadEntry):
        parse_line(rfc8785.dumps({name: value for name, value in FIELDS.items() if name != field}))


def test_floats_are_refused_with_the_reason() -> None:
    with pytest.raises(BadEntry, match="fixed decimals"):
        Entry(0, "2026-11-23T03:38:24.12Z", "log", "a", "m", {"score": 0.4317}, {})  # type: ignore[dict-item]
    with pytest.raises(BadEntry, match="bytes cannot"):
        Entry(0, "2026-11-23T03:38:24.12Z", "log", "a", "m", {"raw": b"x"}, {})  # type: ignore[dict-item]


def nested(levels: int) -> object:
    value: object = "leaf"
    for _ in range(levels):
        value = [value]
    return value


def test_nesting_is_bounded() -> None:
    parse_line(line(subject={"deep": nested(MAX_DEPTH - 1)}))
    with pytest.raises(BadEntry, match="nested"):
        parse_line(line(subject={"deep": nested(MAX_DEPTH)}))


def test_length_is_bounded() -> None:
    room = MAX_ENTRY_BYTES - len(line(subject={"text": ""}))
    assert len(parse_line(line(subject={"text": "x" * room})).canonical) == MAX_ENTRY_BYTES
    with pytest.raises(BadEntry, match="longer"):
        parse_line(line(subject={"text": "x" * (room + 1)}))
    with pytest.raises(BadEntry, match="longer"):
        Entry(0, "2026-11-23T03:38:24.12Z", "log", "a", "m", {"text": "x" * MAX_ENTRY_BYTES}, {})


def test_an_entry_does_not_change_with_the_dictionaries_it_was_made_of() -> None:
    subject: dict[str, object] = {"list": [1]}
    sealed = {"a": "00" * 32}
    entry = Entry(0, "2026-11-23T03:38:24.12Z", "log", "a", "m", subject, sealed)  # type: ignore[arg-type]
    subject["list"].append(2)  # type: ignore[attr-defined]
    sealed.clear()
    assert parse_line(entry.canonical) == entry


def test_members_of_enumerations_become_plain_words() -> None:
    class Word(str, enum.Enum):  # noqa: UP042  the older form, whose str() is "Word.YES"
        YES = "yes"

    entry = Entry(0, "2026-11-23T03:38:24.12Z", "log", "a", "m", {"word": Word.YES}, {})
    assert json.loads(entry.canonical)["subject"] == {"word": "yes"}


def test_time_is_utc_cut_to_hundredths() -> None:
    moment = datetime(2026, 11, 23, 5, 38, 24, 129_999, tzinfo=timezone(timedelta(hours=2)))
    assert format_time(moment) == "2026-11-23T03:38:24.12Z"
    assert format_time(NOON) == "2026-11-23T12:00:00.00Z"
    with pytest.raises(ValueError, match="time zone"):
        format_time(datetime(2026, 11, 23))  # noqa: DTZ001


# --- commitments


@given(name=st.from_regex(r"[a-z][a-z0-9_.]{0,20}", fullmatch=True), value=values)
def test_an_opening_opens_its_commitment_and_survives_storage(name: str, value: object) -> None:
    commitment, opening = seal(name, value)  # type: ignore[arg-type]
    assert check_opening(commitment, opening)
    assert check_opening(commitment, Opening.from_json(opening.to_json()))


def test_the_commitment_is_the_documented_hash() -> None:
    commitment, opening = seal("purpose", {"b": 1, "a": "x"})
    value = b'{"a":"x","b":1}'
    encoded = b"plainview.audit.seal.v1\x00" + opening.salt + (7).to_bytes(8, "big") + b"purpose"
    assert commitment == hashlib.sha256(encoded + (15).to_bytes(8, "big") + value).hexdigest()


def test_another_name_value_or_salt_does_not_open() -> None:
    commitment, opening = seal("purpose", "theft")
    assert not check_opening(commitment, Opening("reason", opening.salt, "theft"))
    assert not check_opening(commitment, Opening("purpose", opening.salt, "fraud"))
    assert not check_opening(commitment, Opening("purpose", bytes(32), "theft"))
    assert not check_opening(commitment, Opening("purpose", opening.salt + b"\x00", "theft"))


def test_a_salt_of_another_length_opens_nothing() -> None:
    # Otherwise the end of a longer salt could be read as a length and a name: one commitment, two openings.
    name, value = (1).to_bytes(8, "big") + b"a", (1).to_bytes(8, "big") + b"7"
    commitment = hashlib.sha256(b"plainview.audit.seal.v1\x00" + bytes(40) + name + value).hexdigest()
    assert not check_opening(commitment, Opening("a", bytes(40), 7))
    commitment = hashlib.sha256(b"plainview.audit.seal.v1\x00" + bytes(32) + name + value).hexdigest()
    assert check_opening(commitment, Opening("a", bytes(32), 7))


def test_name_and_value_cannot_run_into_each_other() -> None:
    # Without the lengths, both would be the bytes purpose12.
    commitment, opening = seal("purpose", 12)
    assert not check_opening(commitment, Opening("purpose1", opening.salt, 2))


def test_equal_values_have_unequal_commitments() -> None:
    (one, first), (two, second) = seal("purpose", "theft"), seal("purpose", "theft")
    assert one != two
    assert first.salt != second.salt
    assert len(first.salt) == 32


def test_an_opening_prints_neither_salt_nor_value() -> None:
    _, opening = seal("purpose", "theft")
    assert repr(opening) == "Opening(name='purpose')"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'{"name":"a"}',
        b'{"name":"a","salt":"00","value":1}',
        b'{"name":1,"salt":"' + b"00" * 32 + b'","value":1}',
    ],
)
def test_what_is_not_an_opening_is_refused(data: bytes) -> None:
    with pytest.raises(BadEntry):
        Opening.from_json(data)


def test_a_value_that_no_entry_may_hold_cannot_be_sealed() -> None:
    with pytest.raises(BadEntry):
        seal("score", 0.5)  # type: ignore[arg-type]
    with pytest.raises(BadEntry):
        seal("Score", 1)


# --- the next entry


def test_next_entry_numbers_seals_and_grows_the_tree() -> None:
    frontier = Frontier().append(leaf_hash(b"the one before"))
    made = next_entry(
        frontier,
        log="log",
        at=NOON,
        action="search.requested",
        actor="m1",
        subject={"case": 3},
        secret={"purpose": "theft", "plate": None},
    )
    assert made.entry.seq == 1
    assert made.entry.at == "2026-11-23T12:00:00.00Z"
    assert made.leaf == leaf_hash(made.entry.canonical)
    assert made.frontier == frontier.append(made.leaf)
    assert frontier.size == 1, "the frontier before is untouched"
    assert [opening.name for opening in made.openings] == ["purpose", "plate"]
    assert all(check_opening(made.entry.sealed[opening.name], opening) for opening in made.openings)
    assert b"theft" not in made.entry.canonical
    assert parse_line(made.entry.canonical) == made.entry


def test_a_small_step_back_of_the_clock_takes_the_time_of_the_entry_before() -> None:
    made = next_entry(
        Frontier(),
        log="log",
        at=NOON - timedelta(seconds=2),
        action="a",
        actor="m",
        subject={},
        previous_at=format_time(NOON),
    )
    assert made.entry.at == format_time(NOON)


@pytest.mark.parametrize("back", [timedelta(seconds=2, milliseconds=10), timedelta(hours=1), timedelta(days=1100)])
def test_a_clock_that_is_behind_is_stated_and_the_order_of_the_log_does_not_go_back(back: timedelta) -> None:
    made = next_entry(
        Frontier(),
        log="log",
        at=NOON - back,
        action="a",
        actor="m",
        subject={"thing": 1},
        previous_at=format_time(NOON),
    )
    assert made.entry.at == format_time(NOON)
    assert made.entry.time == format_time(NOON - back)
    assert made.entry.subject == {"thing": 1, "clock": format_time(NOON - back)}
    assert written(json.loads(made.entry.canonical)) == made.entry.time


def test_the_time_of_an_entry_is_its_own_unless_it_states_a_clock() -> None:
    plain = Entry(0, format_time(NOON), "log", "a", "m", {}, {})
    odd = Entry(0, format_time(NOON), "log", "a", "m", {"clock": "noon"}, {})
    assert (plain.time, odd.time) == (plain.at, odd.at)
    assert [written(json.loads(entry.canonical)) for entry in (plain, odd)] == [plain.at, odd.at]


def test_a_clock_is_behind_only_what_was_logged_before() -> None:
    assert is_behind(NOON, None) is False
    assert not is_behind(NOON - timedelta(seconds=2), format_time(NOON))
    assert is_behind(NOON - timedelta(seconds=2, milliseconds=10), format_time(NOON))


def test_the_longest_name_of_an_action_has_64_characters() -> None:
    assert Entry(0, format_time(NOON), "log", "a" * 64, "m", {}, {}).action == "a" * 64
    with pytest.raises(BadEntry, match="64"):
        Entry(0, format_time(NOON), "log", "a" * 65, "m", {}, {})
