"""A restore erases again what was erased since, whatever it was; not only references."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import transaction
from tests.factories.models import collins, scaled
from tests.factories.retention import searched
from tests.factories.work import entries, person, write

from plainview.casework.alerts.ends import close_alert
from plainview.casework.alerts.erase import erase_alert
from plainview.casework.alerts.open import create_alert
from plainview.casework.erasure.expunged import bring_level
from plainview.casework.models import Alert, Case, Preparation, Search, Video
from plainview.casework.probes.preparations import discard, prepare
from plainview.casework.probes.probe import prepare_probe
from plainview.casework.search.erase import erase_search
from plainview.casework.search.run import Request
from plainview.casework.upkeep.restore import settle
from plainview.casework.videos.erase import drop_blobs, erase_rows
from plainview.casework.workspace.services import services

ABOUT = {"backup": "B", "made_at": "2026-01-01T00:00:00Z"}


def test_searches_alerts_videos_and_drafts_do_not_come_back(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plainview.casework.upkeep.restore.bring_tables_up", lambda: None)  # the test's own are there
    searched(tmp_path)
    examiner = person("examiner")
    picture = write(scaled(collins(), 0.7), tmp_path / "again.png")
    draft = prepare("C-1", "again.png", picture.read_bytes(), acting_member=examiner)
    alert = create_alert(
        prepare_probe(picture), Request("C-1", "find the rider", ""), ["g"], days=5, acting_member=examiner
    )
    close_alert(alert.public_id, reason="the person was found", acting_member=examiner)
    video = Video.objects.create(case=Case.objects.get(), member=examiner, name="v.mp4", size=9)
    before = [model.objects.values().get() for model in (Search, Alert, Video, Preparation)]
    with transaction.atomic():
        erase_search(Search.objects.get(), "a retention rule")
        erase_alert(Alert.objects.get(), "a retention rule")
        drop_blobs(erase_rows(video, "the case is over", acting_member=None))
    discard(draft.public_id, acting_member=examiner)
    listed = bring_level()
    assert [line.kind for line in listed] == ["search", "alert", "video", "preparation"]

    # As if an older backup had been unpacked: its rows and its probe are there again.
    for model, row in zip((Search, Alert, Video, Preparation), before, strict=True):
        model.objects.filter(pk=row["id"]).update(**{name: value for name, value in row.items() if name != "id"})
    services().blobs.put(picture.read_bytes())
    done = settle(ABOUT, log=None, kept_checkpoint=None, listed=listed)
    assert set(done.erased_again) == {line.reference for line in listed}
    assert Search.objects.get().probe_blob == Alert.objects.get().probe_blob == Preparation.objects.get().blob == ""
    assert Video.objects.get().state == Video.State.ERASED
    assert not services().blobs.exists(before[1]["probe_blob"])
    assert len(entries("search.erased")) == len(entries("search.erased_again")) == 1
    assert settle(ABOUT, log=None, kept_checkpoint=None, listed=listed).erased_again == ()
