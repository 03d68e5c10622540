"""What must be answered before a lead exists; a blank is never an answer, and one person is never two."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.factories.decisions import rule_of

from plainview.policy import examination as looking
from plainview.policy.decision import Allow, Decision, Refused
from plainview.policy.examination import COMPONENTS, CONTRADICTIONS, INCONCLUSIVE, NOT, POTENTIAL

SIMILAR: dict[str, str] = dict.fromkeys(COMPONENTS, "similar")
BLIND: dict[str, str] = dict.fromkeys(COMPONENTS, "not comparable")
UNLIKE: dict[str, str] = dict.fromkeys(COMPONENTS, "dissimilar")
MIXED: dict[str, str] = SIMILAR | {"nose": "dissimilar", "ears": "not comparable"}
CHECKED: dict[str, str] = dict.fromkeys(CONTRADICTIONS, "checked: nothing was found")


def rule(decision: Decision) -> str | None:
    return rule_of(decision)


def test_there_are_the_nineteen_components() -> None:
    assert len(COMPONENTS) == len(set(COMPONENTS)) == 19
    assert looking.WHAT_TO_LOOK_AT.keys() == set(COMPONENTS)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (SIMILAR, None),
        (SIMILAR | {"nose": ""}, "examination.components"),
        (SIMILAR | {"nose": "identical"}, "examination.components"),
        (dict.fromkeys(COMPONENTS[1:], "similar"), "examination.components"),
        (SIMILAR | {"interpupillary distance": "similar"}, "examination.components"),
    ],
)
def test_components(answers: dict[str, str], expected: str | None) -> None:
    assert rule(looking.components_answered(answers)) == expected


@pytest.mark.parametrize(
    ("decision", "expected"),
    [
        (looking.conclusion_known(POTENTIAL), None),
        (looking.conclusion_known("match"), "examination.conclusion"),
        (looking.conclusion_fits(POTENTIAL, SIMILAR), None),
        (looking.conclusion_fits(POTENTIAL, BLIND), "examination.nothing_compared"),
        (looking.conclusion_fits(NOT, BLIND), "examination.nothing_compared"),
        (looking.conclusion_fits(INCONCLUSIVE, BLIND), None),
        (looking.conclusion_fits(POTENTIAL, UNLIKE), "examination.nothing_similar"),
        (looking.conclusion_fits(NOT, SIMILAR), "examination.nothing_dissimilar"),
        (looking.conclusion_fits(NOT, UNLIKE), None),
        (looking.conclusion_fits(POTENTIAL, MIXED), None),
        (looking.dissimilar_explained(POTENTIAL, MIXED, "the light differs"), None),
        (looking.dissimilar_explained(POTENTIAL, MIXED, "  light  "), "examination.dissimilar_unexplained"),
        (looking.dissimilar_explained(POTENTIAL, SIMILAR, ""), None),
        (looking.dissimilar_explained(NOT, MIXED, ""), None),
        (looking.cautions_acknowledged({}, []), None),
        (looking.cautions_acknowledged({"age_gap": "12 years."}, ["age_gap", "x"]), None),
        (looking.cautions_acknowledged({"age_gap": "12 years."}, ["x"]), "examination.cautions"),
        (looking.face_answered(NOT, {}), None),
        (looking.face_answered("", {}), "examination.conclusion"),
        (looking.face_answered(POTENTIAL, {}), "examination.components"),
        (looking.face_answered(POTENTIAL, BLIND), "examination.nothing_compared"),
        (looking.face_answered(POTENTIAL, SIMILAR), None),
        (looking.explained("seen near there", "x"), None),
        (looking.explained(" ok  then ", "x"), "examination.explain"),
        (looking.verifier_independent("A", ["B", "C"]), None),
        (looking.verifier_independent("A", ["B", "A"]), "verification.not_independent"),
        (looking.comparison_blind(0), None),
        (looking.comparison_blind(1), "verification.undecided"),
        (looking.contradictions_answered(CHECKED), None),
        (looking.contradictions_answered(CHECKED | {"alibi": " "}), "lead.contradictions"),
        (looking.contradictions_answered(CHECKED | {"race": "x"}), "lead.contradictions"),
        (looking.outcome_known("cleared"), None),
        (looking.outcome_known("convicted"), "lead.outcome"),
        (looking.verified(NOT, [POTENTIAL], True), "lead.not_examined"),
        (looking.verified(POTENTIAL, [], True), "lead.not_verified"),
        (looking.verified(POTENTIAL, [POTENTIAL], False), None),
        (looking.verified(POTENTIAL, [NOT], False), "lead.disagreement"),
        (looking.verified(POTENTIAL, [INCONCLUSIVE], False), "lead.disagreement"),
        (looking.verified(POTENTIAL, [NOT], True), None),
        (looking.verified(POTENTIAL, [NOT, POTENTIAL], False), None),
        (looking.verified(POTENTIAL, [NOT, NOT], False), "lead.disagreement"),
    ],
)
def test_rule(decision: Decision, expected: str | None) -> None:
    assert rule(decision) == expected


@given(st.dictionaries(st.sampled_from(COMPONENTS), st.text(max_size=12)), st.sampled_from(COMPONENTS))
def test_a_blank_is_never_an_answer(answers: dict[str, Any], blank: str) -> None:
    answers.pop(blank, None)
    assert not isinstance(looking.components_answered(answers), Allow)


def test_a_verifier_sees_three_other_faces_and_a_lead_is_asked_about_every_month() -> None:
    assert (looking.FOILS, looking.REMIND_DAYS) == (3, 30)


def test_the_caution_that_was_not_read_is_said() -> None:
    answer = looking.cautions_acknowledged({"a": "First.", "b": "Second."}, [])
    assert isinstance(answer, Refused)
    assert answer.why == "A caution is not acknowledged: First."


def test_three_words_explain_and_two_do_not() -> None:
    assert rule(looking.dissimilar_explained(POTENTIAL, MIXED, "a b")) == "examination.dissimilar_unexplained"
    assert rule(looking.dissimilar_explained(POTENTIAL, MIXED, "a b c")) is None


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("checked: at work until eleven", ""),
        ("checked: at work", "fewer than 3 words"),
        ("he was at work until eleven", "begins with none of"),
        ("work", "begins with none of"),
    ],
)
def test_each_contradiction_is_answered_by_a_check_and_three_words(answer: str, says: str) -> None:
    for name in CONTRADICTIONS:
        whole = CHECKED | {name: answer}
        decision = looking.contradictions_answered(whole)
        assert rule(decision) == ("lead.contradictions" if says else None)
        if isinstance(decision, Refused):
            assert f"about {name} " in decision.why
            assert says in decision.why
