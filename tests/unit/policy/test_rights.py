"""What a person may write into the form, and the rules of their request, for every text and every day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.factories.decisions import rule_of

from plainview.policy import rights
from plainview.policy.agency import NEW_AGENCY, parse
from plainview.policy.decision import Allow, Refused
from plainview.policy.permissions import Permission
from plainview.policy.rights import read_filing, read_named
from plainview.policy.roles import GRANTS, Role

TEXT = st.text(max_size=300)
REFERENCE = st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=12, max_size=12).map("R{}".format)
LINK = st.from_regex(r"https?://[a-z]{1,9}\.example/[a-z0-9/_.-]{0,40}", fullmatch=True)


@given(
    st.lists(st.sampled_from([*rights.WISHES, "everything"]), max_size=4), st.booleans(), TEXT, TEXT, TEXT, TEXT, TEXT
)
def test_whatever_is_written_is_taken_tidied_or_refused_by_a_rule_of_the_form(
    wishes: list[str], own: bool, name: str, email: str, post: str, about: str, named: str
) -> None:
    taken, said = None, None
    try:
        taken = read_filing(wishes, own=own, name=name, email=email, post=post, about=about, named=named)
    except Refused as refused:
        said = refused
    if taken is None:
        assert said is not None
        assert said.rule_id.startswith("rights.")
        assert said.why
        assert said.next_step
        return
    assert own
    assert set(taken.wishes) == set(wishes) <= rights.WISHES.keys()
    assert taken.name == " ".join(taken.name.split()) != ""
    assert taken.email or taken.post
    # What was tidied once is tidy: read again it stays as it is.
    again = read_filing(
        taken.wishes,
        own=True,
        name=taken.name,
        email=taken.email,
        post=taken.post,
        about=taken.about,
        named="\n".join(taken.named),
    )
    assert again == taken


@given(st.lists(st.one_of(REFERENCE, LINK), max_size=rights.NAMED), st.sampled_from(["\n", " ", "\t \r\n"]))
def test_references_and_links_are_read_each_once_in_their_order(words: list[str], between: str) -> None:
    assert read_named(between.join(words)) == tuple(dict.fromkeys(words))


@pytest.mark.parametrize(
    "text",
    [
        "R12345",
        "javascript:alert(1)",
        "ftp://x.example/a",
        "https://",
        "R0000000000000",
        "rABCDEFGHJKMN",
        "../etc",
    ],
)
def test_anything_else_is_neither(text: str) -> None:
    with pytest.raises(Refused) as caught:
        read_named(text)
    assert caught.value.rule_id == "rights.named"


def test_more_than_the_most_are_refused() -> None:
    with pytest.raises(Refused):
        read_named("\n".join(f"https://x.example/{i}" for i in range(rights.NAMED + 1)))


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"wishes": ()}, "rights.wish"),
        ({"own": None}, "rights.whose"),
        ({"own": False}, "rights.another_person"),
        ({"name": " \n"}, "rights.name"),
        ({"email": " ", "post": "\n"}, "rights.contact"),
        ({"about": "x" * 2001}, "rights.text"),
        ({"named": "me"}, "rights.named"),
    ],
)
def test_each_fault_has_its_rule(changed: dict[str, object], rule: str) -> None:
    told = {
        "wishes": ("access",),
        "own": True,
        "name": "N",
        "email": "e@x.example",
        "post": "",
        "about": "",
        "named": "",
    }
    with pytest.raises(Refused) as caught:
        read_filing(**(told | changed))  # type: ignore[arg-type]
    assert caught.value.rule_id == rule


@given(st.integers(-10, 100), st.booleans(), st.integers(-5, 5))
def test_a_deadline_is_extended_once_in_time_by_two_months_at_most(days: int, before: bool, left: int) -> None:
    today = date(2026, 5, 1)
    answer = rights.extension(days, before=before, today=today, due_on=today + timedelta(days=left))
    allowed = not before and left >= 0 and 1 <= days <= rights.MAX_EXTENSION
    assert isinstance(answer, Allow if allowed else Refused)


@pytest.mark.parametrize("text", ["ID 123456789", "passport C01X00T47 1234 5", "12 34 56"])
def test_a_number_as_documents_have_it_is_not_kept(text: str) -> None:
    assert isinstance(rights.no_document_number(text), Refused)


@pytest.mark.parametrize("text", ["met at the desk at 14:30 on 3 May", "two officers, room 204"])
def test_other_words_are(text: str) -> None:
    assert isinstance(rights.no_document_number(text), Allow)


@pytest.mark.parametrize(
    "purpose",
    [
        "data subject request",
        "DATA  subject's Request",
        "a data-subject request for a friend",
        "Subject access requests",
    ],
)
def test_the_purpose_is_kept_for_the_person(purpose: str) -> None:
    assert isinstance(rights.purpose_free(purpose), Refused)
    with pytest.raises(Refused) as caught:
        parse(NEW_AGENCY.replace('"find a witness"', f'"{purpose}"'))
    assert caught.value.rule_id == "policy.invalid"


def test_other_purposes_are_free() -> None:
    for purpose in parse(NEW_AGENCY).purposes:
        assert isinstance(rights.purpose_free(purpose), Allow)


@given(st.integers(0, 50))
def test_of_open_cases_nothing_is_told_by_a_policy_that_withholds(found: int) -> None:
    withheld = rights.open_cases(found, rights.WITHHOLD)
    assert isinstance(withheld, Refused)
    assert str(withheld) == str(rights.open_cases(0, rights.WITHHOLD))
    counted = rights.open_cases(found, rights.COUNT)
    assert isinstance(counted, Refused) == (found > 0)
    assert not isinstance(counted, Refused) or f" {found} search" in counted.why


def test_the_edges_of_the_limits() -> None:
    assert isinstance(rights.room(rights.UNCONFIRMED - 1, photo=True), Allow)
    assert isinstance(rights.room(rights.UNCONFIRMED, photo=True), Refused)
    assert isinstance(rights.room(10**6, photo=False), Allow)
    assert isinstance(rights.not_too_often(rights.FILED - 1, rights.TRIES), Allow)
    assert isinstance(rights.not_too_often(rights.FILED, 1), Refused)
    assert isinstance(rights.not_too_often(0, rights.TRIES + 1), Refused)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("rights_days = 30 ", "rights_days = 31 "),
        ("rights_days = 30 ", "rights_days = 0 "),
        ('rights_open_cases = "withhold"', 'rights_open_cases = "tell"'),
        ('"the data protection authority of your country"', '" "'),
    ],
)
def test_a_policy_outside_the_limits_is_refused(old: str, new: str) -> None:
    assert old in NEW_AGENCY
    with pytest.raises(Refused) as caught:
        parse(NEW_AGENCY.replace(old, new))
    assert caught.value.rule_id == "policy.invalid"


def test_only_an_administrator_answers_and_an_auditor_reads() -> None:
    assert {role for role in Role if Permission.RIGHTS_ANSWER in GRANTS[role]} == {Role.ADMINISTRATOR}
    assert {role for role in Role if Permission.RIGHTS_READ in GRANTS[role]} == {
        Role.ADMINISTRATOR,
        Role.SUPERVISOR,
        Role.AUDITOR,
    }


@pytest.mark.parametrize(
    ("answer", "rule"),
    [
        (rights.identity_checked(True), None),
        (rights.identity_checked(False), "rights.not_confirmed"),
        (rights.still_open(False), None),
        (rights.still_open(True), "rights.closed"),
        (rights.all_decided(0), None),
        (rights.all_decided(1), "rights.undecided"),
        (rights.looked_for(True, True), None),
        (rights.looked_for(False, True), "rights.not_searched"),
        (rights.looked_for(False, False), None),
        (rights.looked_for(True, False), None),
        (rights.room(200, photo=True), "rights.full"),
        (rights.room(199, photo=True), None),
        (rights.not_too_often(5, 1), "rights.often"),
        (rights.not_too_often(4, 20), None),
        (rights.not_too_often(4, 21), "rights.often"),
        (rights.extension(60, before=False, today=date(2026, 5, 1), due_on=date(2026, 5, 1)), None),
        (rights.extension(61, before=False, today=date(2026, 5, 1), due_on=date(2026, 5, 1)), "rights.extension"),
    ],
)
def test_rule(answer: object, rule: str | None) -> None:
    assert rule_of(answer) == rule


@pytest.mark.parametrize(("field", "most"), [("name", 200), ("email", 254), ("post", 500), ("about", 2000)])
def test_a_text_has_so_many_characters_at_most(field: str, most: int) -> None:
    form = {"name": "N", "email": "e@x.example", "post": "", "about": ""}

    def rules(length: int) -> list[str]:
        texts = form | {field: "x" * length}
        return [fault.rule_id for fault in rights.faults(["access"], own=True, named="", **texts)]

    assert rules(most) == []
    assert rules(most + 1) == ["rights.text"]


def test_twenty_things_may_be_named() -> None:
    assert len(read_named("\n".join(f"https://x.example/{i}" for i in range(20)))) == 20


def test_every_fault_of_a_form_is_named_at_once() -> None:
    empty = {"name": "", "email": "", "post": "", "about": ""}
    rules = [fault.rule_id for fault in rights.faults([], own=None, named="?", **empty)]
    assert rules == ["rights.wish", "rights.whose", "rights.named", "rights.name", "rights.contact"]
    strange = [
        fault.rule_id
        for fault in rights.faults(["access", "tea"], own=True, named="", **(empty | {"post": "P", "name": "N"}))
    ]
    assert strange == ["rights.wish"]


def test_the_limits_of_the_law_and_those_that_were_chosen() -> None:
    assert (rights.MAX_DAYS, rights.WARN_DAYS, rights.KEEP_DAYS, rights.WRONG_CODES) == (30, 7, 365, 10)
    assert rights.PHOTO_BYTES == 10 * 2**20


def test_a_policy_that_withholds_gives_no_number_away() -> None:
    counted, withheld = rights.open_cases(3, rights.COUNT), rights.open_cases(3, rights.WITHHOLD)
    assert isinstance(counted, Refused)
    assert isinstance(withheld, Refused)
    assert "3 search" in counted.why
    assert "3" not in withheld.why
    assert counted.rule_id == withheld.rule_id == "rights.open_cases"


def test_a_filing_has_the_wishes_that_were_chosen_in_their_order() -> None:
    told = {"name": " N  M ", "email": "e@x.example", "post": "", "about": ""}
    filing = read_filing(["erasure", "access"], own=True, named="", **told)
    assert (filing.wishes, filing.name) == (("access", "erasure"), "N M")


def test_nothing_is_withheld_where_nothing_was_found_and_policy_counts() -> None:
    assert isinstance(rights.open_cases(0, rights.COUNT), Allow)


def test_twenty_one_things_are_too_many() -> None:
    with pytest.raises(Refused):
        read_named("\n".join(f"https://x.example/{i}" for i in range(21)))


def test_two_more_faces_are_listed_for_each_that_is_the_persons() -> None:
    assert [rights.faces_listed(persons) - rights.FACES for persons in (0, 1, 5)] == [0, 2, 10]
