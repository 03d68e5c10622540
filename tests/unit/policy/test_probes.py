"""How many photographs make one probe, and which ones."""

from __future__ import annotations

from tests.factories.decisions import rule_of

from plainview.policy.probes import another_photograph, approved_alone, photographs_fit


def test_a_probe_has_at_most_four_photographs() -> None:
    assert [rule_of(photographs_fit(count)) for count in (1, 4)] == [None, None]
    assert rule_of(photographs_fit(5)) == "probe.too_many"


def test_a_probe_has_each_photograph_once() -> None:
    assert rule_of(another_photograph("aa", [])) is None
    assert rule_of(another_photograph("aa", ["ab", "ba"])) is None
    assert rule_of(another_photograph("aa", ["ab", "aa"])) == "probe.same_photograph"


def test_an_approval_is_for_one_picture() -> None:
    assert rule_of(approved_alone(1)) is None
    assert [rule_of(approved_alone(count)) for count in (0, 2, 4)] == ["search.approved_alone"] * 3
