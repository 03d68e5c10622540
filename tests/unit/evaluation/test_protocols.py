"""Verification and identification on templates whose answers are known."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from tests.factories.evaluation import made_up, samples, unit

from plainview.evaluation import pairs as pairs_module
from plainview.evaluation.identification import identify
from plainview.evaluation.metrics import FMR_POINTS, FPIR_POINTS
from plainview.evaluation.pairs import compare_all, impostor_weight
from plainview.evaluation.samples import CosineScorer, Samples, raw_scorer
from plainview.evaluation.verification import verify_all
from plainview.scores.subjects import mean_template

HOW = {"seed": 7, "replicates": 60}


def all_probes(some: Samples) -> np.ndarray:
    return ~some.masked


def test_every_pair_once_and_none_of_one_person_among_impostors() -> None:
    some = made_up(people=5, each=3, singles=4)
    found = compare_all(some, CosineScorer())
    mated = {frozenset(pair) for pair in zip(found.mated_a.tolist(), found.mated_b.tolist(), strict=True)}
    tail = {frozenset(pair) for pair in zip(found.tail_a.tolist(), found.tail_b.tolist(), strict=True)}
    every = {frozenset(pair) for pair in combinations(range(len(some.person)), 2)}
    assert mated == {pair for pair in every if len({some.person[i] for i in pair}) == 1}
    assert tail == every - mated
    assert found.impostors == len(tail) == impostor_weight(some, some.usable, np.ones(9))
    assert found.impostor_histogram.sum() == len(tail)
    assert found.mated_histogram.sum() == len(mated)
    assert (np.diff(found.tail) <= 0).all()


def test_blocks_and_the_kept_tail_change_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    some = made_up()
    whole = verify_all(some, CosineScorer(), **HOW)
    monkeypatch.setattr(pairs_module, "_BLOCK", 7)
    monkeypatch.setattr(pairs_module, "_KEEP_ALL", 0)
    blocks = verify_all(some, CosineScorer(), **HOW)
    assert len(blocks.pairs.tail) < len(whole.pairs.tail) / 10
    assert blocks.tar == whole.tar
    assert blocks.pairs.impostors == whole.pairs.impostors


def test_tar_is_counted_over_all_mated_pairs() -> None:
    some = made_up(people=150, each=2, singles=0, noise=1.3)
    found = verify_all(some, CosineScorer(), **HOW)
    scores = some.templates @ some.templates.T
    a, b = np.triu_indices(len(scores), 1)
    same = some.person[a] == some.person[b]
    impostor, mated = np.sort(scores[a, b][~same])[::-1], scores[a, b][same]
    allowed = int(len(impostor) * 1e-2)
    expected = (mated > impostor[allowed]).mean()
    assert found.tar["1e-2"].value == pytest.approx(expected)
    assert found.tar["1e-2"].low < expected < found.tar["1e-2"].high  # type: ignore[operator]


def test_a_rate_with_too_few_expected_errors_is_not_stated() -> None:
    found = verify_all(made_up(people=40, each=2, singles=0), CosineScorer(), **HOW)  # 3,120 impostor pairs
    assert found.tar["1e-2"].value is not None
    assert [found.tar[point].value for point in ("1e-3", "1e-4", "1e-5", "1e-6")] == [None] * 4
    assert found.thresholds["1e-3"] is None
    assert "3.1 false matches expected" in found.tar["1e-3"].why
    assert found.groups["sex"]["a"].fmr.value is None


def test_few_people_give_no_figure_whatever_the_pictures() -> None:
    some = made_up(people=9, each=40, singles=0)
    found = verify_all(some, CosineScorer(), **HOW)
    assert {each.value for each in found.tar.values()} == {None}
    result = identify(some, some.templates, all_probes(some), raw_scorer, **HOW)
    assert result.rank1.value is None
    assert result.cmc == []
    assert {each.value for each in result.fnir.values()} == {None}


def test_a_failure_to_acquire_is_in_no_pair() -> None:
    some = made_up(people=12, each=3, singles=0)
    templates = some.templates.copy()
    templates[0] = np.nan
    found = compare_all(replace(some, templates=templates), CosineScorer())
    assert 0 not in {*found.mated_a.tolist(), *found.tail_a.tolist(), *found.tail_b.tolist()}
    assert len(found.mated) == 12 * 3 - 2


def test_ruled_out_people_are_compared_with_nobody_wrongly() -> None:
    some = made_up(people=6, each=2, singles=0)
    ruled = replace(some, ignored=((0, 1),))
    found = compare_all(ruled, CosineScorer())
    who = {frozenset((some.person[a], some.person[b])) for a, b in zip(found.tail_a, found.tail_b, strict=True)}
    assert frozenset((0, 1)) not in who
    assert found.impostors == compare_all(some, CosineScorer()).impostors - 4
    assert impostor_weight(ruled, ruled.usable, np.ones(6)) == found.impostors


def test_groups_are_compared_at_one_threshold() -> None:
    some = made_up(people=300, each=2, singles=0, noise=1.4)
    # One group's directions lie close together, so that its people are mistaken for each other more often.
    templates = some.templates.copy()
    in_b = some.groups["sex"] == "b"
    templates[in_b] = unit(templates[in_b] + 0.35 * np.eye(24, dtype=np.float32)[0])
    some = replace(some, templates=templates)
    found = verify_all(some, CosineScorer(), **HOW)
    threshold = found.thresholds["1e-3"]
    scores = templates @ templates.T
    a, b = np.triu_indices(len(scores), 1)
    inside = in_b[a] & in_b[b] & (some.person[a] != some.person[b])
    rates = found.groups["sex"]
    assert rates["b"].fmr.value == pytest.approx((scores[a, b][inside] >= threshold).mean())
    assert rates["b"].fmr.value > rates["a"].fmr.value  # type: ignore[operator]
    assert rates["b"].people == 150
    assert rates["b"].impostor_pairs == inside.sum()
    apart = found.differential["sex"]
    assert apart["fmr_max_over_min"].value == pytest.approx(rates["b"].fmr.value / rates["a"].fmr.value)  # type: ignore[operator]
    assert apart["fmr_gap"].value == pytest.approx(rates["b"].fmr.value - rates["a"].fmr.value)  # type: ignore[operator]


def test_permuting_the_people_changes_nothing_that_is_counted() -> None:
    some = made_up(people=50, each=2, singles=50)
    order = np.random.default_rng(3).permutation(len(some.person))
    mixed = samples(some.templates[order], some.person[order], sex=some.groups["sex"][order])
    one, two = (verify_all(each, CosineScorer(), **HOW) for each in (some, mixed))
    assert one.tar == two.tar
    assert one.groups == two.groups


def test_identification_by_hand() -> None:
    """Twelve enrolled on the axes; one probe on its own axis, one on another's; twelve strangers near nobody."""
    axes = np.eye(30, dtype=np.float32)
    rows, person = [], []
    for who in range(12):
        rows += [axes[who], axes[(who + 1) % 12] if who < 3 else axes[who] * 0.8 + axes[29] * 0.6]
        person += [who, who]
    rows += [axes[12 + i] * 0.9 + axes[i] * (0.1 + 0.05 * i) for i in range(12)]
    person += list(range(12, 24))
    some = samples(unit(np.array(rows)), np.array(person))
    found = identify(some, some.templates, all_probes(some), raw_scorer, splits=1, **HOW)
    assert (found.gallery_size, found.mated_probes, found.strangers, found.left_out) == (12, 12, 12, 0)
    assert found.rank1.value == 0.75
    assert found.cmc[0] == 0.75
    # Of twelve strangers a rate of 0.1 lets one pass: too few for the rule of 3.
    assert found.fnir["0.1"].value is None


def test_fnir_at_a_threshold_that_lets_the_rate_of_strangers_pass() -> None:
    some = made_up(people=60, each=2, singles=60, noise=1.2)
    found = identify(some, some.templates, all_probes(some), raw_scorer, splits=1, **HOW)
    gallery = np.arange(0, 120, 2)
    scores = some.templates @ some.templates[gallery].T
    tops = np.sort(scores[120:].max(axis=1))[::-1]
    mates = scores[1:120:2].diagonal()
    assert found.fnir["0.1"].value == pytest.approx((mates <= tops[6]).mean())
    assert 0 < found.fnir["0.1"].value <= 1  # type: ignore[operator]
    assert found.fnir["0.01"].value is None
    assert found.gallery_size == 60


def test_a_probe_without_a_template_is_a_missed_search() -> None:
    some = made_up(people=40, each=2, singles=40, noise=0.1)
    probes = some.templates.copy()
    probes[1:80:2] = np.nan
    found = identify(some, probes, all_probes(some), raw_scorer, splits=1, **HOW)
    assert found.failed_probes == 40
    assert found.rank1.value == 0.0
    assert found.fnir["0.1"].value == 1.0
    assert max(found.cmc) == 0.0


def test_strangers_are_made_where_everybody_has_two_pictures() -> None:
    some = made_up(people=90, each=2, singles=0)
    found = identify(some, some.templates, all_probes(some), raw_scorer, **HOW)
    assert (found.gallery_size, found.left_out, found.stranger_people) == (60, 30, 30)
    assert found.fnir["0.1"].value is not None


def test_real_covers_are_probes_and_never_references() -> None:
    some = made_up(people=30, each=2, singles=30, noise=0.1)
    masked = np.zeros(len(some.person), bool)
    masked[1:60:2] = True
    masked[60:] = True
    some = replace(some, masked=masked)
    found = identify(some, some.templates, masked, raw_scorer, **HOW)
    assert (found.gallery_size, found.mated_probes, found.stranger_people) == (30, 30, 30)
    assert found.rank1.value == 1.0


def test_a_person_ruled_to_be_enrolled_under_another_name_is_no_false_positive() -> None:
    some = made_up(people=40, each=2, singles=40, noise=0.05)
    templates = some.templates.copy()
    templates[80:90] = templates[0:20:2]  # ten strangers are people 0 to 9
    some = replace(some, templates=templates)
    ruled = replace(some, ignored=tuple((i, 40 + i) for i in range(10)))
    before = identify(some, templates, all_probes(some), raw_scorer, splits=1, **HOW)
    after = identify(ruled, templates, all_probes(ruled), raw_scorer, splits=1, **HOW)
    assert before.fnir["0.1"].value == 1.0
    assert after.fnir["0.1"].value == 0.0


def test_the_same_seed_gives_the_same_result() -> None:
    some = made_up(each=4)
    one, two, other = (
        identify(some, some.templates, all_probes(some), raw_scorer, seed=seed, replicates=50) for seed in (1, 1, 2)
    )
    assert one == two
    assert one.rank1 != other.rank1 or one.fnir != other.fnir


def test_every_point_is_there() -> None:
    some = made_up(people=3, singles=2)
    assert set(verify_all(some, CosineScorer(), **HOW).tar) == set(FMR_POINTS)
    found = identify(some, some.templates, all_probes(some), raw_scorer, **HOW)
    assert set(found.fnir) == set(FPIR_POINTS)


def test_several_pictures_of_a_person_are_one_reference_and_each_keeps_a_probe() -> None:
    some = made_up(people=40, each=4, singles=40, noise=1.0)
    several = identify(some, some.templates, all_probes(some), raw_scorer, **HOW, splits=1, enrol=3)
    alone = identify(some, some.templates, all_probes(some), raw_scorer, **HOW, splits=1, enrol=3, compare=1)
    assert (several.gallery_size, several.gallery_pictures) == (40, 120)
    assert several.mated_probes == alone.mated_probes == 40
    rows = [np.flatnonzero(some.person == person) for person in range(40)]
    means = np.stack([mean_template(some.templates[own[:3]]) for own in rows])
    probes = some.templates[[own[3] for own in rows]]
    best = (probes @ means.T).argmax(axis=1)
    assert several.rank1.value == pytest.approx((best == np.arange(40)).mean())
    first = some.templates[[own[0] for own in rows]]
    assert alone.rank1.value == pytest.approx(((probes @ first.T).argmax(axis=1) == np.arange(40)).mean())
    assert several.rank1.value > alone.rank1.value


def test_a_person_with_fewer_pictures_is_enrolled_with_all_but_one() -> None:
    some = made_up(people=40, each=2, singles=40)
    found = identify(some, some.templates, all_probes(some), raw_scorer, **HOW, splits=1, enrol=3)
    assert (found.gallery_pictures, found.mated_probes) == (40, 40)


def test_the_discard_curve_falls_to_nothing_where_quality_knows_every_miss_and_stays_where_it_knows_none() -> None:
    some = made_up(people=150, each=2, singles=320, noise=1.5)
    how = {"seed": 1, "replicates": 50, "splits": 1}
    blind = identify(some, some.templates, ~some.masked, raw_scorer, **how)
    assert blind.fnir["0.01"].value is not None
    assert [rate for _, rate in blind.discard] == pytest.approx([blind.fnir["0.01"].value] * len(blind.discard))
    mates = (some.templates @ some.templates.T)[np.arange(300), np.arange(300) ^ 1]
    threshold = float(np.float32(blind.thresholds["0.01"]))
    knowing = replace(some, quality=np.concatenate([np.where(mates < threshold, 10, 90), np.full(320, 50)]))
    curve = dict(identify(knowing, some.templates, ~some.masked, raw_scorer, **how).discard)
    assert curve[0.0] == pytest.approx(blind.fnir["0.01"].value)
    assert curve[0.2] <= max(0.0, (curve[0.0] - 0.2) / 0.8) + 0.01


def test_the_misses_of_each_group_add_up_to_those_of_all_at_one_threshold() -> None:
    some = made_up(people=60, each=3, singles=300)
    found = identify(some, some.templates, all_probes(some), raw_scorer, splits=2, **HOW)
    groups = found.by_group["sex"]
    assert sum(group.mated_probes for group in groups.values()) == found.mated_probes
    assert sum(group.mated_people for group in groups.values()) == found.mated_people
    misses = sum((group.fnir.value or 0) * group.mated_probes for group in groups.values())
    assert found.fnir["0.01"].value is not None
    assert misses == pytest.approx(found.fnir["0.01"].value * found.mated_probes, abs=1e-6)
    assert all(group.fnir.interval is not None for group in groups.values())
    few = replace(some, groups={"sex": np.array(["a", *[""] * (len(some.person) - 1)], dtype=object)})
    assert (
        identify(few, some.templates, all_probes(few), raw_scorer, splits=1, **HOW).by_group["sex"]["a"].fnir.value
        is None
    )
