"""boto3, unmodified, against a real server: the same acts, its own error classes, its signatures."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import boto3
import botocore.auth
import cv2
import numpy as np
import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.config import Config
from botocore.credentials import Credentials
from tests.factories import forks
from tests.factories.deployed import Server
from tests.factories.models import collins, hopper
from urllib3 import HTTPResponse

EXAMINER, ADMIN = "examiner@agency.example", "admin@agency.example"


def key_of(home: Path, who: str, *options: str) -> dict[str, str]:
    done = forks.run(home, ["token", "new", "--compat", "--scope", "all", "--as", who, "--json", *options])
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.fixture
def server(home: Path, served: Callable[..., Server]) -> Server:
    passport = ["--basis", "law", "--source", "tests", "--expires", "2999-01-01", "--as", ADMIN]
    assert forks.run(home, ["gallery", "create", "g", *passport]).returncode == 0
    assert forks.run(home, ["case", "open", "C-1", "--offence", "robbery", "--as", EXAMINER]).returncode == 0
    return served(home, "--no-worker")


@pytest.fixture
def client(server: Server) -> Callable[..., Any]:
    def connect(key: dict[str, str]) -> Any:
        return boto3.client(
            "rekognition",
            endpoint_url=f"http://127.0.0.1:{server.port}/compat/rekognition",
            region_name="eu-west-1",
            aws_access_key_id=key["access_key_id"],
            aws_secret_access_key=key["secret_access_key"],
            config=Config(retries={"max_attempts": 2, "mode": "standard"}),
        )

    return connect


def jpeg(pixels: Any) -> dict[str, bytes]:
    return {"Bytes": cv2.imencode(".jpg", pixels)[1].tobytes()}


def test_a_script_for_rekognition_runs_as_it_is(server: Server, client: Callable[..., Any]) -> None:
    admin = client(key_of(server.home, ADMIN))
    examiner = client(key_of(server.home, EXAMINER, "--case", "C-1", "--purpose", "find the rider"))
    with pytest.raises(admin.exceptions.AccessDeniedException, match=r"rekognition\.create_collection"):
        admin.create_collection(CollectionId="h")
    faces = {}
    for name, picture in {"collins": collins(), "hopper": hopper()}.items():
        made = admin.index_faces(CollectionId="g", Image=jpeg(picture.pixels), ExternalImageId=name, MaxFaces=1)
        (record,) = made["FaceRecords"]
        assert record["Face"]["ExternalImageId"] == name
        assert 0 < record["Face"]["BoundingBox"]["Width"] < 1
        assert {point["Type"] for point in record["FaceDetail"]["Landmarks"]} >= {"eyeLeft", "eyeRight", "nose"}
        faces[name] = record["Face"]["FaceId"]
    again = admin.index_faces(CollectionId="g", Image=jpeg(collins().pixels))
    assert [record["Face"]["FaceId"] for record in again["FaceRecords"]] == [faces["collins"]]
    assert admin.list_collections()["CollectionIds"] == ["g"]
    assert admin.describe_collection(CollectionId="g")["FaceCount"] == 2
    pages = admin.get_paginator("list_faces").paginate(CollectionId="g", PaginationConfig={"PageSize": 1})
    assert [face["FaceId"] for page in pages for face in page["Faces"]] == list(faces.values())

    probe = jpeg(cv2.resize(collins().pixels, None, fx=0.8, fy=0.8))
    found = examiner.search_faces_by_image(CollectionId="g", Image=probe, MaxFaces=1)
    (match,) = found["FaceMatches"]
    assert match["Face"]["FaceId"] == faces["collins"]
    assert match["Similarity"] > 90
    everything = examiner.search_faces_by_image(CollectionId="g", Image=probe, FaceMatchThreshold=0)
    assert [entry["Face"]["ExternalImageId"] for entry in everything["FaceMatches"]] == ["collins", "hopper"]
    assert everything["FaceMatches"][1]["Similarity"] < match["Similarity"]
    others = examiner.search_faces(CollectionId="g", FaceId=faces["collins"], FaceMatchThreshold=0)
    assert [entry["Face"]["FaceId"] for entry in others["FaceMatches"]] == [faces["hopper"]]
    assert len(examiner.detect_faces(Image=probe, Attributes=["ALL"])["FaceDetails"]) == 1
    same = examiner.compare_faces(SourceImage=probe, TargetImage=jpeg(collins().pixels))
    assert len(same["FaceMatches"]) == 1
    differing = examiner.compare_faces(SourceImage=probe, TargetImage=jpeg(hopper().pixels))
    assert (differing["FaceMatches"], len(differing["UnmatchedFaces"])) == ([], 1)
    with pytest.raises(examiner.exceptions.AccessDeniedException, match=r"member\.no_permission"):
        examiner.delete_faces(CollectionId="g", FaceIds=[faces["hopper"]])
    gone = admin.delete_faces(CollectionId="g", FaceIds=[faces["hopper"], "no-face"])
    assert gone["DeletedFaces"] == [faces["hopper"]]
    assert gone["UnsuccessfulFaceDeletions"][0]["Reasons"] == ["FACE_NOT_FOUND"]


def test_a_search_has_a_case_and_obeys_the_rules(server: Server, client: Callable[..., Any]) -> None:
    admin, examiner = client(key_of(server.home, ADMIN)), client(key_of(server.home, EXAMINER))
    admin.index_faces(CollectionId="g", Image=jpeg(collins().pixels))
    asked = {"CollectionId": "g", "Image": jpeg(collins().pixels)}
    with pytest.raises(examiner.exceptions.AccessDeniedException, match=r"case\.missing"):
        examiner.search_faces_by_image(**asked)
    headers = {"X-Plainview-Case": "C-1", "X-Plainview-Purpose": "find the rider"}

    def under_case(request: Any, **_: Any) -> None:
        for name, value in headers.items():
            del request.headers[name]
            request.headers[name] = value

    examiner.meta.events.register("before-sign.rekognition", under_case)
    assert len(examiner.search_faces_by_image(**asked)["FaceMatches"]) == 1
    headers["X-Plainview-Case"] = "C-9"
    with pytest.raises(examiner.exceptions.AccessDeniedException, match=r"case\.unknown"):
        examiner.search_faces_by_image(**asked)
    headers["X-Plainview-Case"] = "C-1"
    with pytest.raises(examiner.exceptions.ResourceNotFoundException):
        examiner.search_faces_by_image(**(asked | {"CollectionId": "other"}))
    with pytest.raises(examiner.exceptions.InvalidImageFormatException):
        examiner.search_faces_by_image(CollectionId="g", Image={"Bytes": b"no picture"})
    with pytest.raises(examiner.exceptions.InvalidParameterException):
        examiner.search_faces_by_image(CollectionId="g", Image=jpeg(np.full((200, 200, 3), 200, np.uint8)))
    with pytest.raises(examiner.exceptions.InvalidS3ObjectException):
        examiner.search_faces_by_image(CollectionId="g", Image={"S3Object": {"Bucket": "bucket", "Name": "name"}})
    with pytest.raises(examiner.exceptions.InvalidPaginationTokenException):
        examiner.list_faces(CollectionId="g", NextToken="!!")


def test_a_large_picture_arrives_whole(server: Server, client: Callable[..., Any]) -> None:
    """15 MB of bytes: three times what Amazon takes."""
    noise = np.random.default_rng(1).integers(0, 255, (2400, 2400, 3), dtype=np.uint8)
    noise[:900, :900] = cv2.resize(collins().pixels, (900, 900))
    data = cv2.imencode(".png", noise)[1].tobytes()
    assert len(data) > 14_000_000
    made = client(key_of(server.home, ADMIN)).index_faces(CollectionId="g", Image={"Bytes": data}, MaxFaces=1)
    assert len(made["FaceRecords"]) == 1


def signed(server: Server, key: dict[str, str], body: bytes, when: datetime, secret: str = "") -> AWSRequest:
    """A request signed by botocore at this moment."""
    request = AWSRequest(
        "POST",
        f"http://127.0.0.1:{server.port}/compat/rekognition/",
        data=body,
        headers={
            "X-Amz-Target": "RekognitionService.ListCollections",
            "Content-Type": "application/x-amz-json-1.1",
        },
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.auth, "get_current_datetime", lambda: when)
        SigV4Auth(Credentials(key["access_key_id"], secret or key["secret_access_key"]), "rekognition", "x").add_auth(
            request
        )
    return request


def send(request: AWSRequest, body: bytes | None = None, **headers: str) -> requests.Response:
    sent = {**dict(request.headers), **headers}
    return requests.post(request.url, data=request.body if body is None else body, headers=sent, timeout=60)


def test_only_a_fresh_and_whole_signature_is_taken(server: Server) -> None:
    key, now = key_of(server.home, ADMIN), datetime.now(UTC)
    request = signed(server, key, b"{}", now)
    assert send(request).json()["CollectionIds"] == ["g"]
    assert "signature.replayed" in send(request).text
    for late in (timedelta(minutes=-6), timedelta(minutes=6)):
        refused = send(signed(server, key, b"{}", now + late))
        assert (refused.status_code, refused.json()["__type"]) == (403, "InvalidSignatureException")
        assert "Signature expired" in refused.text
    changed = send(signed(server, key, b'{"MaxResults": 5}', now), b'{"MaxResults": 6}')
    assert changed.json()["__type"] == "InvalidSignatureException"
    wrong = send(signed(server, key, b"{}", now, secret="another"))  # noqa: S106
    assert wrong.json()["__type"] == "InvalidSignatureException"
    unknown = send(signed(server, key | {"access_key_id": "K000000000000"}, b"{}", now))
    assert unknown.json()["__type"] == "UnrecognizedClientException"
    moved = send(signed(server, key, b'{"MaxResults": 7}', now), **{"X-Amz-Date": "20200101T000000Z"})
    assert moved.json()["__type"] == "InvalidSignatureException"
    unsigned = requests.post(
        request.url, data=b"{}", headers={"X-Amz-Target": "RekognitionService.ListFaces"}, timeout=60
    )
    assert unsigned.json()["__type"] == "MissingAuthenticationTokenException"
    assert forks.run(server.home, ["token", "revoke", key["access_key_id"], "--as", ADMIN]).returncode == 0
    assert send(signed(server, key, b'{"MaxResults": 8}', now)).json()["__type"] == "UnrecognizedClientException"


def test_two_equal_calls_in_a_second_and_a_retry_are_answered_and_act_once(
    server: Server, client: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """boto3 signs neither the call nor its attempt, so within a second both have the signature of the first."""
    now = datetime.now(UTC)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: now)
    admin = client(key_of(server.home, ADMIN))
    examiner = client(key_of(server.home, EXAMINER, "--case", "C-1", "--purpose", "find the rider"))
    assert [admin.list_collections()["CollectionIds"] for _ in range(2)] == [["g"]] * 2
    admin.index_faces(CollectionId="g", Image=jpeg(collins().pixels))
    asked = {"CollectionId": "g", "Image": jpeg(cv2.resize(collins().pixels, None, fx=0.8, fy=0.8))}
    lost: list[int] = []

    def lose_the_first_answer(request: Any, **_: Any) -> Any:
        if lost:
            return None
        lost.append(
            requests.post(request.url, data=request.body, headers=dict(request.headers), timeout=60).status_code
        )
        return AWSResponse(request.url, 503, {}, HTTPResponse(BytesIO(b"{}"), preload_content=False))

    examiner.meta.events.register("before-send.rekognition.SearchFacesByImage", lose_the_first_answer)
    answer = examiner.search_faces_by_image(**asked)
    assert (lost, answer["ResponseMetadata"]["RetryAttempts"]) == ([200], 1)
    assert len(answer["FaceMatches"]) == 1
    assert examiner.search_faces_by_image(**asked)["FaceMatches"] == answer["FaceMatches"]
    made = forks.run(server.home, ["token", "new", "--scope", "case.read", "--as", EXAMINER, "--json"])
    bearer = {"Authorization": f"Bearer {json.loads(made.stdout)['token']}"}
    searches = requests.get(f"http://127.0.0.1:{server.port}/api/v1/searches", headers=bearer, timeout=60).json()
    assert len(searches["items"]) == 1, searches


def test_what_decides_an_act_is_signed(server: Server) -> None:
    key, now = key_of(server.home, ADMIN), datetime.now(UTC)
    request = signed(server, key, b"{}", now)
    for name in ("X-Plainview-Case", "X-Plainview-Purpose"):
        assert send(request, **{name: "C-1"}).json()["__type"] == "IncompleteSignatureException"
    without = AWSRequest("POST", request.url, data=b"{}", headers={"Content-Type": "application/x-amz-json-1.1"})
    SigV4Auth(Credentials(key["access_key_id"], key["secret_access_key"]), "rekognition", "x").add_auth(without)
    other = send(without, **{"X-Amz-Target": "RekognitionService.ListCollections"})
    assert (other.status_code, other.json()["__type"]) == (403, "IncompleteSignatureException")


def test_a_key_signs_and_opens_nothing_else(server: Server) -> None:
    key = key_of(server.home, ADMIN)
    for text in (key["secret_access_key"], f"{key['access_key_id']}.{key['secret_access_key']}"):
        answer = requests.get(
            f"http://127.0.0.1:{server.port}/api/v1/me", headers={"Authorization": f"Bearer {text}"}, timeout=60
        )
        assert answer.status_code == 401
