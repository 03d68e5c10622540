"""The compatible interface in this process: what boto3's own error classes decide by. tests/deployed/test_boto3.py has the rest."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.factories.work import entries, gallery, person

from plainview.api.rekognition import acts, errors, shapes
from plainview.casework.erasure.holds import place_hold
from plainview.casework.models import Reference
from plainview.casework.people.tokens import Wish, make_token
from plainview.policy.decision import Refused


def asked(who: str) -> acts.Asked:
    token, _ = make_token(Wish(("all",), signs=True), acting_member=person(who))
    return acts.Asked(person(who), token, "", "", "")


def test_a_face_under_a_hold_is_named_and_the_others_are_erased(workspace: Path, tmp_path: Path) -> None:
    """An error in the middle would leave a caller without the list of those that are gone."""
    gallery(tmp_path / "pictures")
    first, second = (reference.public_id for reference in Reference.objects.order_by("pk"))
    place_hold(reason="a court asked for it", authority="court", reference=second, acting_member=person("admin"))
    wanted = shapes.DeleteFaces(CollectionId="g", FaceIds=[second, first, "none"])
    assert acts.delete_faces(asked("admin"), wanted) == {
        "DeletedFaces": [first],
        "UnsuccessfulFaceDeletions": [
            {"FaceId": second, "Reasons": ["hold.in_force"]},
            {"FaceId": "none", "Reasons": ["FACE_NOT_FOUND"]},
        ],
    }
    assert len(entries("reference.expunged")) == 1
    with pytest.raises(Refused, match=r"member\.no_permission"):
        acts.delete_faces(asked("examiner"), wanted)


def test_a_face_that_is_gone_is_a_wrong_parameter(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    reference = Reference.objects.order_by("pk")[0].public_id
    acts.delete_faces(asked("admin"), shapes.DeleteFaces(CollectionId="g", FaceIds=[reference]))
    for face in (reference, "none"):
        with pytest.raises(Refused) as caught:
            acts.search_by_face(asked("examiner"), shapes.SearchByFace(CollectionId="g", FaceId=face))
        assert errors.of_refusal(caught.value).name == "InvalidParameterException"
