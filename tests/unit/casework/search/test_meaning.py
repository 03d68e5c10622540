"""What a recorded answer tells about covers, for references from before they were measured too."""

from __future__ import annotations

from pathlib import Path

from tests.factories.models import collins, engine, picture
from tests.factories.work import case, gallery, search, write

from plainview.casework.models import Reference
from plainview.casework.search.answers import Answer
from plainview.casework.search.meaning import cautions
from plainview.evaluation.covers import draw_cover


def test_covers_of_probe_and_references_are_told(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    case()
    face = engine().faces(collins())[0]
    masked = picture(draw_cover(collins().pixels, face.detection.points, 2))
    answer = search(write(masked, tmp_path / "masked.png"))

    def told(answer: Answer) -> list[tuple[str, int | None]]:
        rows = list(answer.search.candidate_set.select_related("reference").order_by("rank"))
        return [(row.id, row.rank) for row in cautions(answer.search, rows) if row.id.endswith("_cover")]

    assert told(answer) == [("probe_cover", None)]
    row = answer.candidates[1].reference
    detail = Reference.objects.get(pk=row.pk).quality_detail
    Reference.objects.filter(pk=row.pk).update(quality_detail=detail | {"cover": 0.7})
    assert told(answer) == [("probe_cover", None), ("reference_cover", 2)]
    Reference.objects.filter(pk=row.pk).update(quality_detail={"yaw": 1.0})  # enrolled before there was a component
    assert told(answer) == [("probe_cover", None)]
