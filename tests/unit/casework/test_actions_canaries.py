"""Canaries: nobody ever sees one, a healthy gallery raises no alarm, and each kind of tampering raises one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.utils import timezone
from tests.factories.models import collins, hopper, installed, scaled
from tests.factories.work import at, case, entries, gallery, person, probe, search, write

from plainview.casework.actions import canary_checks
from plainview.casework.actions.canaries import acknowledge, add_canary, retire_canary
from plainview.casework.actions.canary_checks import Run, run_all
from plainview.casework.actions.disclose import disclose
from plainview.casework.actions.enrol import enrol
from plainview.casework.actions.examine import _foils
from plainview.casework.actions.expunge import expunge
from plainview.casework.actions.galleries import create_gallery
from plainview.casework.actions.policy import change_policy
from plainview.casework.manifest import Item
from plainview.casework.models import Canary, CanaryAlarm, CanaryCheck, Examination, Gallery, Reference
from plainview.casework.package import verify_package
from plainview.casework.queries.answers import cautions
from plainview.casework.queries.canaries import alarms, canaries
from plainview.casework.queries.canary_state import state
from plainview.casework.queries.galleries import changes_after, gallery_size, gallery_templates
from plainview.casework.queries.log import verify_log
from plainview.casework.queries.policy import dry_run
from plainview.casework.queries.register import register
from plainview.casework.services import services
from plainview.index.base import catch_up
from plainview.index.exact import ExactIndex
from plainview.policy.agency import SAMPLE, parse
from plainview.policy.decision import Refused
from plainview.recognition.install import default_models_dir
from plainview.recognition.packs import YUNET_SFACE
from plainview.storage.base import BlobMissing

BASIS = "consent of a colleague"
REASON = "the disk was replaced and checked"


def rule_of(act: Callable[..., object], *arguments: object, **options: object) -> str:
    with pytest.raises(Refused) as caught:
        act(*arguments, **options)
    return caught.value.rule_id


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """Two renderings of Grace Hopper, neither of them the gallery's."""
    return write(scaled(hopper(), 0.7), tmp_path / "kept.png"), write(
        scaled(hopper(), 0.5), tmp_path / "asked.png"
    )


@pytest.fixture
def canary(workspace: Path, tmp_path: Path, pair: tuple[Path, Path]) -> Canary:
    gallery(tmp_path / "pictures")
    case()
    return add_canary("g", *pair, basis=BASIS, acting_member=person("admin"))


def held() -> ExactIndex:
    """The gallery's index of this process."""
    pack = services().engine.pack
    index = services().index(Gallery.objects.get(name="g").pk, pack.identity, pack.dimension)
    assert isinstance(index, ExactIndex)
    return index


def another_process() -> None:
    """From here on nothing is in memory: the index is built from the database again."""
    services().close()
    services.cache_clear()


def faults(run: Run) -> list[str]:
    return [fault.fault for row in run.checked for fault in row.faults]


# --- hidden -----------------------------------------------------------------------------------------------------


def test_nobody_sees_or_counts_a_canary(canary: Canary, tmp_path: Path, pair: tuple[Path, Path]) -> None:
    hidden = canary.reference
    asked = search(pair[1], top=2)
    assert [row.rank for row in asked.candidates] == [
        1,
        2,
    ]  # not shortened: both ordinary references are there
    assert hidden.pk not in {row.reference_id for row in asked.candidates}
    assert float(asked.candidates[0].score) < 1
    assert asked.search.gallery_size == gallery_size(Gallery.objects.get()) == 2
    assert len(held()) == 3
    assert Reference.objects.count() == 2
    assert len(gallery_templates(hidden.gallery_id, canary.pack)) == 2
    assert register()["agencies"][0]["galleries"][0]["references"] == 2
    foils = _foils(Examination(candidate=asked.candidates[1]))
    assert hidden not in foils
    package = tmp_path / "package.zip"
    disclose(asked.search.public_id, package, acting_member=person("supervisor"))
    assert hidden.public_id.encode() not in package.read_bytes()
    report = verify_package(package)
    assert (report.ok, report.rerun_identical) == (True, True)
    told = " ".join(json.dumps(entry.subject) for entry in entries())
    assert hidden.public_id not in told
    assert BASIS not in told
    assert (
        rule_of(expunge, hidden.public_id, reason=REASON, acting_member=person("admin"))
        == "reference.unknown"
    )


def test_a_list_is_as_long_as_without_canaries(canary: Canary, tmp_path: Path) -> None:
    for factor in (0.9, 0.8, 0.6):
        other = write(scaled(hopper(), factor), tmp_path / f"{factor}.png")
        add_canary("g", other, write(scaled(hopper(), factor / 2), tmp_path / f"{factor}p.png"), basis=BASIS,
                   acting_member=person("admin"))  # fmt: skip
    answer = search(write(scaled(hopper(), 0.75), tmp_path / "probe.png"))
    assert len(answer.candidates) == answer.search.gallery_size == 2
    assert len(held()) == 6


def test_the_same_picture_can_be_enrolled_by_anybody(canary: Canary, pair: tuple[Path, Path]) -> None:
    result = enrol("g", [Item(pair[0], "kept.png", "", "", None)], acting_member=person("admin"))
    assert (result.enrolled, result.duplicates) == (1, 0)
    (found, *_) = search(write(scaled(hopper(), 0.69), pair[0].with_name("another.png"))).candidates
    assert found.reference.file_name == "kept.png"
    assert run_all().ok
    expunge(found.reference.public_id, reason=REASON, acting_member=person("admin"))
    assert run_all().ok  # the canary still has its picture
    enrol("g", [Item(pair[1], "asked.png", "", "", None)], acting_member=person("admin"))
    retire_canary(canary.public_id, reason=REASON, acting_member=person("admin"))
    with pytest.raises(BlobMissing):
        services().blobs.get(canary.reference.blob)
    assert services().blobs.get(Reference.objects.get(file_name="asked.png").blob)


def test_a_retired_canary_is_erased_and_the_index_forgets_it(canary: Canary, pair: tuple[Path, Path]) -> None:
    search(pair[1])
    admin = person("admin")
    assert (
        rule_of(retire_canary, canary.public_id, reason="gone", acting_member=admin) == "examination.explain"
    )
    retire_canary(canary.public_id, reason=REASON, acting_member=admin)
    assert rule_of(retire_canary, canary.public_id, reason=REASON, acting_member=admin) == "canary.unknown"
    answer = search(pair[1])
    assert (len(held()), answer.search.gallery_size, len(answer.candidates)) == (2, 2, 2)
    row = Canary.objects.select_related("reference").get()
    assert (bytes(row.probe_template), bytes(row.reference.template), row.reference.box) == (b"", b"", [])
    assert run_all().checked == []
    assert verify_log().ok
    another_process()
    assert search(pair[1]).search.gallery_size == 2


# --- refusals ---------------------------------------------------------------------------------------------------


def test_what_is_not_added(
    workspace: Path, tmp_path: Path, pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery(tmp_path / "pictures")
    admin, (kept, asked) = person("admin"), pair
    other = write(collins(), tmp_path / "other.png")
    copy = tmp_path / "copy.png"
    shutil.copyfile(kept, copy)

    def refusal(*names: object, basis: str = BASIS, member: str = "admin") -> str:
        return rule_of(add_canary, *names, basis=basis, acting_member=person(member))

    assert refusal("g", kept, asked, member="auditor") == "member.no_permission"
    assert refusal("g", kept, asked, member="examiner") == "member.no_permission"
    assert refusal("h", kept, asked) == "gallery.unknown"
    assert refusal("g", kept, asked, basis="consent") == "examination.explain"
    assert refusal("g", kept, copy) == "canary.same_picture"
    assert refusal("g", kept, other) == "canary.not_alike"
    assert Canary.objects.count() == Reference.everything.filter(is_canary=True).count() == 0
    assert len(entries("canary.add.refused")) == 6
    monkeypatch.setattr("plainview.casework.actions.canaries.MOST", 1)
    add_canary("g", kept, asked, basis=BASIS, acting_member=admin)
    assert refusal("g", kept, asked) == "canary.many"
    with at(timezone.now().replace(year=3000)):
        assert refusal("g", kept, asked) == "gallery.expired"
        assert run_all().checked == []  # nobody uses a gallery whose legal basis has ended


def test_an_alarm_is_acknowledged_once_with_a_reason_by_those_who_may(canary: Canary) -> None:
    _forget_a_row()
    run_all()
    (alarm,) = alarms(person("auditor"))
    assert (
        rule_of(acknowledge, alarm.public_id, reason=REASON, acting_member=person("examiner"))
        == "member.no_permission"
    )
    assert (
        rule_of(acknowledge, alarm.public_id, reason="fine", acting_member=person("auditor"))
        == "examination.explain"
    )
    assert rule_of(acknowledge, "Y0", reason=REASON, acting_member=person("auditor")) == "alarm.unknown"
    done = acknowledge(alarm.public_id, reason=REASON, acting_member=person("auditor"))
    assert done.reason == REASON
    assert alarms(person("auditor"), open_only=True) == []
    assert (
        rule_of(acknowledge, alarm.public_id, reason=REASON, acting_member=person("admin"))
        == "canary.acknowledged"
    )
    assert entries("canary.acknowledged")[0].actor == person("auditor").public_id


# --- checks -----------------------------------------------------------------------------------------------------


def test_a_healthy_gallery_raises_nothing(canary: Canary, tmp_path: Path) -> None:
    for _ in range(2):
        run = run_all()
        assert run.ok
        assert [(row.gallery, row.canaries, row.sampled) for row in run.checked] == [("g", 1, 2)]
    search(probe(tmp_path))
    another_process()
    assert run_all().ok
    assert CanaryAlarm.objects.count() == 0
    assert mail.outbox == []
    assert [entry.subject["faults"] for entry in entries("canary.checked")] == [[], [], []]
    assert CanaryCheck.objects.filter(ok=True).count() == 3


def _forget_a_row() -> None:
    """The index loses its last row, whatever it is, and keeps its watermark."""
    index = held()
    catch_up(index, changes_after(Gallery.objects.get(name="g").pk))
    last = int(index._references[len(index) - 1])
    index._remove(last)


def _flip_the_canary(canary: Canary) -> None:
    index = held()
    words = index._matrix.view(np.uint32)
    words[index._row_of[canary.reference_id], 0] ^= np.uint32(1 << 30)


def _flip_another(canary: Canary) -> None:
    index = held()
    other = next(key for key in index._row_of if key != canary.reference_id)
    words = index._matrix.view(np.uint32)
    words[index._row_of[other], 5] ^= np.uint32(1 << 31)


def _swap_two_rows(canary: Canary) -> None:
    index = held()
    index._matrix[[0, 1]] = index._matrix[[1, 0]]


def _lose_the_canary(canary: Canary) -> None:
    held()._remove(canary.reference_id)


def _add_a_stranger(canary: Canary) -> None:
    """A row that no log names, as near to the probe as the canary itself."""
    index = held()
    index._append(np.array([999_999]), index._matrix[[index._row_of[canary.reference_id]]].copy())


def _wrong_template_of_the_canary(canary: Canary) -> None:
    other = services().templates.seal(_noise().tobytes(), f"template:{canary.reference.public_id}".encode())
    Reference.everything.filter(pk=canary.reference_id).update(template=other)


def _wrong_probe_template(canary: Canary) -> None:
    other = services().templates.seal(_noise().tobytes(), f"canary probe:{canary.public_id}".encode())
    Canary.objects.update(probe_template=other)


def _another_rows_template(canary: Canary) -> None:
    row = Reference.objects.exclude(pk=canary.reference_id).first()
    Reference.everything.filter(pk=canary.reference_id).update(template=row.template)


def _wrong_template_of_another(canary: Canary) -> None:
    row = Reference.objects.first()
    other = services().templates.seal(_noise().tobytes(), f"template:{row.public_id}".encode())
    Reference.objects.filter(pk=row.pk).update(template=other)


def _broken_template_of_another(canary: Canary) -> None:
    row = Reference.objects.first()
    Reference.objects.filter(pk=row.pk).update(template=bytes(row.template)[:-1] + b"?")


def _lose_the_picture(canary: Canary) -> None:
    services().blobs.delete(canary.probe_blob)


def _noise() -> np.ndarray:
    row = np.random.default_rng(3).normal(size=128)
    return np.asarray(row / np.linalg.norm(row), np.float32)


@pytest.mark.parametrize(
    ("tamper", "expected"),
    [
        (_flip_the_canary, "index"),
        (_flip_another, "sample"),
        (_swap_two_rows, "sample"),
        (_lose_the_canary, "index"),
        (_add_a_stranger, "index"),
        (_wrong_template_of_the_canary, "template"),
        (_wrong_probe_template, "template"),
        (_another_rows_template, "template"),
        (_wrong_template_of_another, "sample"),
        (_broken_template_of_another, "sample"),
        (_lose_the_picture, "template"),
    ],
)
def test_tampering_raises_an_alarm_on_the_next_run(
    canary: Canary, tamper: Callable[[Canary], None], expected: str
) -> None:
    assert run_all().ok
    tamper(canary)
    run = run_all()
    assert not run.ok
    assert expected in faults(run)
    assert expected in {row.fault for row in alarms(person("auditor"), open_only=True)}
    assert expected in {entry.subject["fault"] for entry in entries("canary.alarm")}
    assert verify_log().ok


@pytest.mark.parametrize(
    "tamper", [_wrong_template_of_the_canary, _another_rows_template, _broken_template_of_another]
)
def test_a_template_that_was_altered_before_the_index_was_built_is_noticed_too(
    canary: Canary, tamper: Callable[[Canary], None]
) -> None:
    tamper(canary)
    another_process()
    run = run_all()
    assert not run.ok
    assert CanaryAlarm.objects.count() >= 1


def test_a_model_file_that_was_swapped_raises_an_alarm(
    canary: Canary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = tmp_path / "models"
    shutil.copytree(default_models_dir() / YUNET_SFACE.folder_name, models / YUNET_SFACE.folder_name)
    monkeypatch.setenv("PLAINVIEW_MODELS", str(models))
    assert run_all().ok
    name = YUNET_SFACE.recogniser.name
    file = models / YUNET_SFACE.folder_name / name
    content = bytearray(installed(name).read_bytes())
    content[len(content) // 2] ^= 1
    file.chmod(0o600)
    file.write_bytes(content)
    run = run_all()  # the model in memory is still the right one; the file is read anew
    assert faults(run) == ["model"]
    file.unlink()
    assert faults(run_all()) == ["model"]
    assert len(entries("canary.alarm")) == 1


def test_a_model_whose_card_was_swapped_with_it_raises_an_alarm(
    canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    Canary.objects.update(pack_sha256="0" * 64)
    run = run_all()
    assert faults(run) == ["model"]
    assert "000000000000" in run.checked[0].faults[0].says


def test_a_model_that_gives_other_templates_raises_an_alarm(
    canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    true = type(services().engine).template

    def drifted(self: object, picture: object, detection: object) -> np.ndarray:
        row = true(self, picture, detection).astype(np.float64) + 0.06 * _noise()
        return np.asarray(row / np.linalg.norm(row), np.float32)

    monkeypatch.setattr(type(services().engine), "template", drifted)
    assert "template" in faults(run_all())


# --- alarms -----------------------------------------------------------------------------------------------------


def test_an_alarm_is_told_once_and_raised_again_after_it_was_acknowledged(canary: Canary) -> None:
    run_all()
    _forget_a_row()
    assert faults(run_all()) == ["index"]
    (letter,) = mail.outbox
    assert sorted(letter.to) == ["admin@agency.example", "auditor@agency.example"]
    assert "gallery g" in letter.body
    (alarm,) = alarms(person("auditor"))
    assert alarm.since is not None
    assert faults(run_all()) == ["index"]  # still wrong: no second alarm, no second letter
    assert (len(alarms(person("auditor"))), len(mail.outbox)) == (1, 1)
    acknowledge(alarm.public_id, reason=REASON, acting_member=person("admin"))
    assert faults(run_all()) == ["index"]
    assert (len(alarms(person("auditor"))), len(mail.outbox)) == (2, 2)
    with pytest.raises(IntegrityError), transaction.atomic():
        CanaryAlarm.objects.create(
            gallery=alarm.gallery, fault="index", says="", raised_at=timezone.now(), seen_at=timezone.now()
        )


def test_a_letter_that_cannot_be_sent_is_sent_by_the_next_run(
    canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **options: object) -> int:
        raise OSError("no mail server")

    _forget_a_row()
    with monkeypatch.context() as patch:
        patch.setattr(canary_checks, "send_mail", refuse)
        run = run_all()
    assert (faults(run), run.untold, mail.outbox) == (["index"], 1, [])
    assert entries("canary.told") == []
    assert len(entries("canary.alarm")) == 1  # the alarm stands
    assert run_all().untold == 0
    assert len(mail.outbox) == len(entries("canary.told")) == 1


def test_searches_carry_a_caution_while_an_alarm_casts_doubt_on_them(canary: Canary, tmp_path: Path) -> None:
    def told(answer: object) -> list[str]:
        return [row.id for row in cautions(answer.search, answer.candidates)]  # type: ignore[attr-defined]

    image = probe(tmp_path)
    before = search(image)
    run_all()
    between = search(image)
    _forget_a_row()
    run_all()
    during = search(image)
    assert "canary_alarm" not in told(before)  # found in order since
    assert "canary_alarm" in told(between)  # answered after the last check that was in order
    assert told(during)[0] == "canary_alarm"
    acknowledge(alarms(person("admin"))[0].public_id, reason=REASON, acting_member=person("admin"))
    after = search(image)
    assert "canary_alarm" not in told(after)
    (first, *_) = cautions(during.search, during.candidates)
    assert "was explained on" in first.text


def test_a_policy_can_stop_searches_while_an_alarm_is_open(canary: Canary, tmp_path: Path) -> None:
    image, admin = probe(tmp_path), person("admin")
    stop = SAMPLE.replace('canary_alarm = "caution"', 'canary_alarm = "stop"')
    _forget_a_row()
    run_all()
    search(image)
    assert dry_run(parse(stop), admin).by_rule == {"gallery.canary_alarm": 1}
    change_policy(stop, why="an alarm means stop", acting_member=admin)
    assert rule_of(search, image) == "gallery.canary_alarm"
    acknowledge(alarms(admin)[0].public_id, reason=REASON, acting_member=admin)
    assert search(image).candidates


def test_state_names_what_is_missing_late_or_wrong(canary: Canary, tmp_path: Path) -> None:
    fields = {"legal_basis": "law", "source": "s", "owner": "o", "expires_on": date(2999, 1, 1)}
    create_gallery("bare", **fields, acting_member=person("admin"))
    bare, first = state()
    assert (bare.gallery, bare.canaries, bare.overdue, bare.alarms) == ("bare", 0, False, ())
    assert (first.canaries, first.checked_at, first.overdue) == (1, None, False)
    now = timezone.now()
    with at(now + timedelta(hours=37)):
        assert [row.overdue for row in state()] == [False, True]
    _forget_a_row()
    run_all()
    assert [len(row.alarms) for row in state()] == [0, 1]
    assert [row.public_id for row in canaries(person("auditor"))] == [canary.public_id]


def test_only_what_is_due_is_checked(canary: Canary) -> None:
    now = timezone.now()
    assert len(run_all(due_only=True).checked) == 1
    assert run_all(due_only=True).checked == []
    with at(now + timedelta(hours=25)):
        assert len(run_all(due_only=True).checked) == 1
        assert len(run_all().checked) == 1


def test_a_long_running_process_checks_the_index_that_it_searches_with(
    canary: Canary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr(canary_checks.time, "monotonic", lambda: clock[0])
    image = probe(tmp_path)
    search(image)
    _lose_the_canary(canary)
    clock[0] = 23 * 3600.0
    search(image)
    assert CanaryCheck.objects.count() == 0
    clock[0] = 24 * 3600.0
    answer = search(image)
    assert [row.fault for row in alarms(person("auditor"))] == ["index"]
    assert "canary_alarm" in {row.id for row in cautions(answer.search, answer.candidates)}
    search(image)
    assert CanaryCheck.objects.count() == 1
