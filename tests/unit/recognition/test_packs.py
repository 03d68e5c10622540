"""Cards, the use that a licence permits, and manifests of packs that people bring."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.factories import models

from plainview.recognition import packs
from plainview.recognition.align import TEMPLATES
from plainview.recognition.errors import PackError
from plainview.recognition.manifest import MAX_BYTES, read_manifest

ROOT = Path(__file__).parents[3]
NETWORK = models.tiny_recogniser()


def test_requirements_and_card_pin_the_same_wheel() -> None:
    lines = (ROOT / "requirements" / "models.txt").read_text(encoding="utf-8").splitlines()
    pinned = [line for line in lines if line and not line.startswith("#")]
    assert pinned == [pack.source.requirement for pack in packs.PACKS.values() if pack.source is not None]


@pytest.mark.parametrize("pack", packs.PACKS.values(), ids=lambda pack: pack.name)
def test_every_known_card_is_complete(pack: packs.ModelPack) -> None:
    assert packs.PACKS[pack.name] is pack
    assert pack.alignment in TEMPLATES
    assert pack.permitted_uses <= packs.USES.keys()
    assert pack.permitted_uses
    assert pack.calibration is not None
    assert pack.figures
    assert pack.group_differences
    for file in pack.files:
        assert re.fullmatch("[0-9a-f]{64}", file.sha256)
        assert re.fullmatch("[0-9a-f]{64}", file.source_sha256)
        assert file.licence
        assert file.training_data
    for figure in pack.figures:
        assert all(dataclasses.asdict(figure).values()), figure


def test_alignments_are_those_that_align_knows() -> None:
    assert set(packs.ALIGNMENTS) == set(TEMPLATES)


def test_default_pack_states_licences_dimension_and_training_data() -> None:
    pack = packs.get_pack("yunet-sface")
    assert pack.detector is not None
    assert (pack.detector.licence, pack.recogniser.licence) == ("MIT", "Apache-2.0")
    assert pack.recogniser.training_data.startswith("unknown, and publicly disputed")
    assert pack.dimension == 128


def test_card_text_says_what_the_card_knows() -> None:
    text = packs.card_text(packs.YUNET_SFACE)
    pack = packs.YUNET_SFACE
    assert pack.detector is not None
    for said in (
        "MIT",
        "Apache-2.0",
        "not stated",
        "publicly disputed",
        "128 numbers",
        pack.recogniser.sha256,
        pack.detector.sha256,
    ):
        assert said in text
    for figure in pack.figures:
        assert f"{figure.quantity}: {figure.value} ({figure.data}" in text
    for sentence in pack.group_differences:
        assert sentence in text


def test_card_is_plain_json() -> None:
    plain = json.loads(json.dumps(packs.card(packs.YUNET_SFACE)))
    assert plain["identity"] == "yunet-sface 3"
    assert plain["permitted_uses"] == sorted(packs.USES)
    assert plain["recogniser"]["sha256"] == packs.YUNET_SFACE.recogniser.sha256


def test_a_use_that_the_licence_forbids_is_refused() -> None:
    research_only = dataclasses.replace(packs.YUNET_SFACE, permitted_uses=frozenset({"research"}))
    packs.check_use(research_only, "research")
    with pytest.raises(PackError, match="does not permit investigation"):
        packs.check_use(research_only, "investigation")


def test_an_unknown_use_or_pack_is_refused_with_what_there_is() -> None:
    with pytest.raises(PackError, match="investigation, evaluation, research"):
        packs.check_use(packs.YUNET_SFACE, "marketing")
    with pytest.raises(PackError, match="yunet-sface"):
        packs.get_pack("nothing")


def test_a_whole_manifest_becomes_a_card() -> None:
    pack = read_manifest(models.manifest(NETWORK).encode())
    assert pack.identity == "tiny 1.2"
    assert pack.folder_name == "tiny-1.2"
    assert pack.source is None
    assert pack.detector is None
    assert pack.embed == packs.EmbedInput("face", "template", "RGB", (127.5,) * 3, (128.0,) * 3)
    assert pack.calibration == packs.Calibration(((1e-3, 0.3), (1e-4, 0.4)), "10 pictures", "the tests")
    longest = models.manifest(NETWORK).encode()
    assert read_manifest(longest + b"#" * (MAX_BYTES - len(longest))) == pack
    assert "licence CC0-1.0; training data: none" in packs.card_text(pack)
    assert f"Detector: that of {packs.DEFAULT_PACK}" in packs.card_text(pack)


def test_a_manifest_may_ask_for_mirror_images() -> None:
    line = 'template = "arcface-112"'
    assert read_manifest(models.manifest(NETWORK).encode()).mirrored == "never"
    asked = models.manifest(NETWORK, template=f"{line}\nmirrored = true")
    assert read_manifest(asked.encode()).mirrored == "always"
    probes = models.manifest(NETWORK, template=f'{line}\nmirrored = "probe"')
    assert read_manifest(probes.encode()).mirrored == "probe"
    assert "a probe's is the mean" in packs.card_text(read_manifest(probes.encode()))
    assert "mirror image" in packs.card_text(read_manifest(asked.encode()))
    with pytest.raises(PackError, match="true or false"):
        read_manifest(models.manifest(NETWORK, template=f"{line}\nmirrored = 1").encode())


def test_calibration_may_be_left_out() -> None:
    whole = models.manifest(NETWORK)
    without = whole[: whole.index("[calibration]")]
    assert read_manifest(without.encode()).calibration is None


REQUIRED = [
    "manifest",
    "name",
    "version",
    "summary",
    "maker",
    "licence",
    "training_data",
    "permitted_uses",
    "file",
    "bytes",
    "sha256",
    "input",
    "output",
    "colour",
    "mean",
    "std",
    "template",
    "dimension",
    "data",
    "measured_by",
    "cosine_at_fmr",
]


@pytest.mark.parametrize("key", REQUIRED)
def test_a_missing_statement_is_named(key: str) -> None:
    with pytest.raises(PackError, match=rf'"(\w+\.)?{key}" is missing'):
        read_manifest(models.manifest(NETWORK, **{key: None}).encode())


@pytest.mark.parametrize(
    ("key", "line", "said"),
    [
        ("manifest", "manifest = 2", '"manifest" must be 1'),
        ("manifest", "manifest = true", '"manifest" must be a whole number'),
        ("name", 'name = "../evil"', '"name" must look like'),
        ("name", 'name = "yunet-sface"', "is a pack of Plainview"),
        ("version", 'version = "one"', '"version" must look like'),
        ("summary", 'summary = "two\\nlines"', '"summary" must be a text of one line'),
        ("training_data", 'training_data = " "', '"training_data" must be a text'),
        ("licence", 'licence = "Non-commercial research only"', "does not permit"),
        ("permitted_uses", 'permitted_uses = ["anything"]', "not 'anything'"),
        ("permitted_uses", "permitted_uses = []", '"permitted_uses" must be a list'),
        ("extra", 'licens = "MIT"', '"licens" is not known'),
        ("extra", 'group_differences = ["a\\u001b[2J"]', '"group_differences" must be a list of texts'),
        ("file", 'file = "../../etc/passwd"', '"model.file" must look like'),
        ("file", 'file = "model.bin"', '"model.file" must look like'),
        ("bytes", "bytes = 0", '"model.bytes" must be from 1'),
        ("sha256", 'sha256 = "abc"', '"model.sha256" must look like'),
        ("colour", 'colour = "GRB"', '"model.colour" must be one of RGB, BGR'),
        ("mean", "mean = [1, 2]", '"model.mean" must be three numbers'),
        ("mean", "mean = [1, 2, nan]", '"model.mean" must be three numbers'),
        ("std", "std = [1, 0, 1]", '"model.std" must be three numbers'),
        ("std", f"std = [1, 1, 1{'0' * 400}]", '"model.std" must be three numbers'),
        ("template", 'template = "mine"', '"model.template" must be one of arcface-112'),
        ("dimension", "dimension = 1", '"model.dimension" must be from 2'),
        ("dimension", "dimension = 8.0", '"model.dimension" must be a whole number'),
        ("cosine_at_fmr", 'cosine_at_fmr = { "1e-3" = 0.4, "1e-4" = 0.3 }', "cosines rise as the rates fall"),
        ("cosine_at_fmr", 'cosine_at_fmr = { "often" = 0.4 }', "keyed by rates"),
        ("cosine_at_fmr", 'cosine_at_fmr = { "1e-3" = 1.4 }', "must be from -1 to 1"),
        ("cosine_at_fmr", "cosine_at_fmr = {}", "needs rates"),
        ("cosine_at_fmr", 'cosine_at_fmr = { "1e-3" = 0.3, "1e-4" = 0.3 }', "cosines rise as the rates fall"),
        ("cosine_at_fmr", 'cosine_at_fmr = { "1e-3" = 0.3, "0.001" = 0.4 }', "cosines rise as the rates fall"),
        ("cosine_at_fmr", 'cosine_at_fmr = { "0" = 0.4 }', "keyed by rates"),
        ("cosine_at_fmr", 'cosine_at_fmr = { "1" = 0.4 }', "keyed by rates"),
        ("cosine_at_fmr", 'cosine_at_fmr = { "1e-3" = -1.01 }', "must be from -1 to 1"),
        ("cosine_at_fmr", 'cosine_at_fmr = { "1e-3" = true }', "must be a number"),
        ("summary", f'summary = "{"s" * 2001}"', '"summary" must be a text of one line'),
        ("bytes", "bytes = 1099511627777", '"model.bytes" must be from 1 to 1,099,511,627,776'),
        ("dimension", "dimension = 4097", '"model.dimension" must be from 2 to 4,096'),
        ("mean", "mean = [0, 0, 1000001.0]", '"model.mean" must be three numbers'),
        ("mean", "mean = [0, 0, true]", '"model.mean" must be three numbers'),
        ("std", "std = [1, 1, -1]", '"model.std" must be three numbers'),
        ("dimension", "dimension = 8\nlooks = 3", '"model.looks" must be 2 or 4'),
        ("dimension", "dimension = 8\ncubic = 1", '"model.cubic" must be true or false'),
        ("extra", 'group_differences = [""]', '"group_differences" must be a list of texts'),
        ("licence", 'licence = "Free for NC"', "does not permit"),
    ],
)
def test_a_wrong_statement_is_named(key: str, line: str, said: str) -> None:
    with pytest.raises(PackError, match=re.escape(said)):
        read_manifest(models.manifest(NETWORK, **{key: line}).encode())


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("summary", f'summary = "{"s" * 2000}"'),
        ("bytes", "bytes = 1"),
        ("bytes", "bytes = 1099511627776"),
        ("dimension", "dimension = 2"),
        ("dimension", "dimension = 4096"),
        ("mean", "mean = [-1000000.0, 0, 1000000.0]"),
        ("std", "std = [0.001, 1, 1]"),
        ("cosine_at_fmr", 'cosine_at_fmr = { "0.5" = -1, "1e-4" = 1 }'),
        ("extra", "group_differences = []"),
        ("licence", 'licence = "Commercial"'),
    ],
)
def test_a_statement_at_its_limit_is_taken(key: str, line: str) -> None:
    assert read_manifest(models.manifest(NETWORK, **{key: line}).encode()).name == "tiny"


def test_what_may_be_left_out_has_its_default() -> None:
    plain = read_manifest(models.manifest(NETWORK).encode())
    assert (plain.looks, plain.cubic, plain.group_differences) == (4, False, ())
    line = 'template = "arcface-112"'
    for looks in (2, 4):
        asked = models.manifest(NETWORK, template=f"{line}\nlooks = {looks}\ncubic = true")
        assert (read_manifest(asked.encode()).looks, read_manifest(asked.encode()).cubic) == (looks, True)


def test_a_non_commercial_pack_may_be_used_for_research() -> None:
    changes = {"licence": 'licence = "CC-BY-NC-4.0"', "permitted_uses": 'permitted_uses = ["research"]'}
    pack = read_manifest(models.manifest(NETWORK, **changes).encode())
    with pytest.raises(PackError, match="does not permit investigation"):
        packs.check_use(pack, "investigation")


@pytest.mark.parametrize("text", [b"\xff\xfe", b"name = ", b"x = " + b"1" * 5000, b"#" * (MAX_BYTES + 1)])
def test_what_is_no_manifest_is_refused(text: bytes) -> None:
    with pytest.raises(PackError, match="The manifest cannot be used"):
        read_manifest(text)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_damaged_manifest_is_read_or_refused_never_a_crash(data: st.DataObject) -> None:
    text = bytearray(models.manifest(NETWORK).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text) - 1))
        end = data.draw(st.integers(start, min(len(text), start + 30)))
        text[start:end] = data.draw(st.binary(max_size=12) | st.sampled_from([b"=", b"[", b"nan", b"-1", b'"', b"\n"]))
    try:
        pack = read_manifest(bytes(text))
    except PackError:
        return
    assert pack.permitted_uses <= packs.USES.keys()
    assert pack.alignment in TEMPLATES
    assert "/" not in pack.folder_name + pack.recogniser.name
    assert min(pack.embed.std) > 0
