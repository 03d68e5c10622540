"""The form of the retention rules ends in the file that it shows, and says what would change."""

from __future__ import annotations

import pytest
from django.http import QueryDict

from plainview.policy.decision import Refused
from plainview.policy.retention import BEGINNING, parse
from plainview.web.retention_form import COLUMNS, differences, posted_rows, rows, text_of

NOW = parse(
    BEGINNING
    + '\n[[rule]]\nid = "old-case"\nwhat = "searches"\nafter = "case closed"\ndays = 30\ncase = "26-0142 \\"b\\""\n'
    + '\n[[rule]]\nid = "arrests"\nwhat = "references"\nafter = "enrolment"\ndays = 9\ngallery = "Arrêts № 7"\n'
)


def form(*more: dict[str, str], **other: str) -> QueryDict:
    """The form as a browser posts it, changed: {row number: {field: value}} by its `number`."""
    posted = QueryDict(mutable=True)
    shown = rows(NOW, NOW)
    for row in shown:
        changes = next((change for change in more if change["number"] == str(row.number)), {})
        for name in COLUMNS:
            posted.appendlist(name, changes.get(name, getattr(row, name)))
    posted["automatic"] = "no"
    for name, value in other.items():
        posted[name] = value
    return posted


LAST = str(len(rows(NOW, NOW)))


def test_the_form_as_it_was_shown_changes_nothing() -> None:
    assert parse(text_of(form())) == NOW
    assert differences(NOW, parse(text_of(form()))) == []
    assert not any(row.changed for row in rows(NOW, NOW))


def test_a_changed_a_new_and_a_removed_rule_are_three_differences() -> None:
    after = parse(
        text_of(
            form(
                {"number": "4", "days": "0"},
                {"number": LAST, "kind": "videos", "after": "case closed", "days": "1"},
                remove="2",
            )
        )
    )
    assert differences(NOW, after) == [
        ("consent-end", "References are erased at once after consent ended.", ""),
        (
            "gallery-end",
            "References are erased 30 days after the gallery's passport ended.",
            "References are erased at once after the gallery's passport ended.",
        ),
        ("videos-case-closed", "", "Videos with their stills are erased a day after the case was closed."),
    ]
    assert [row.id for row in rows(NOW, after) if row.changed] == ["gallery-end", "videos-case-closed"]
    assert [name for name, *_ in differences(NOW, parse(text_of(form(automatic="yes"))))] == ["approval"]


def test_a_new_rule_like_an_earlier_one_gets_a_name_of_its_own() -> None:
    posted = form({"number": LAST, "kind": "references", "after": "enrolment", "days": "5", "place": "7"})
    for name, value in {"id": "", "kind": "references", "after": "enrolment", "days": "6", "place": "№ 7"}.items():
        posted.appendlist(name, value)
    ids = [rule.id for rule in parse(text_of(posted)).rules]
    assert ids[-2:] == ["references-enrolment-7", "references-enrolment-7-2"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"days": "soon"}, "days is a whole number"),
        ({"days": "-1"}, "days is a whole number"),
        ({"days": "99999999999"}, "days is a whole number"),
        ({"after": "case closed"}, "after is one of"),
        ({"kind": "people"}, "what is one of"),
        ({"id": 'x"\nautomatic = true'}, "id is 1 to 40"),
    ],
)
def test_what_cannot_be_a_rule_is_refused_and_stays_in_the_form(change: dict[str, str], why: str) -> None:
    posted = form({"number": "1", **change})
    with pytest.raises(Refused, match=why):
        parse(text_of(posted))
    (name, value), row = next(iter(change.items())), posted_rows(posted, NOW)[0]
    assert getattr(row, name) == " ".join(value.split())
