"""The operations: each calls the act that its page and its command call, and translates the answer.

Owns the translation. No rule is here, and nothing is compared here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from plainview.api.common import after, cursor
from plainview.api.problems import Unusable
from plainview.api.rekognition import shapes
from plainview.api.rekognition.errors import AwsError, invalid
from plainview.api.rekognition.faces import box_of, detail, reference_face
from plainview.casework import find
from plainview.casework.enrolment.incoming import MAX_FILE_BYTES
from plainview.casework.enrolment.sent import Sent, enrol_sent
from plainview.casework.erasure.expunge import expunge
from plainview.casework.examination.pairs import compare_pair
from plainview.casework.galleries.read import galleries, gallery_size
from plainview.casework.models import Member, Reference, Token
from plainview.casework.people.read import binding
from plainview.casework.probes.probe import Probe, probe_of
from plainview.casework.search.answers import Answer
from plainview.casework.search.meaning import meanings
from plainview.casework.search.run import Request, authorise, run_search
from plainview.casework.workspace.services import services
from plainview.policy.agency import MIN_LIST
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.search import UNDECLARED
from plainview.recognition.types import Face, Picture
from plainview.scores.similarity import similarity
from plainview.storage.base import digest_of


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks, with which key, under which case and purpose, with a probe of which origin."""

    member: Member
    token: Token
    case: str
    purpose: str
    origin: str


def create_collection(asked: Asked, wanted: shapes.Collection) -> dict[str, Any]:
    """Refuse: a gallery needs a passport, which this interface cannot state."""
    raise Refused(
        "rekognition.create_collection",
        "Gallery not created",
        "A gallery needs a passport: legal basis, source, owner and last day.",
        "Create it with POST /api/v1/galleries, which states them; then use its name as CollectionId.",
        act=Permission.GALLERY_CREATE,
    )


def delete_collection(asked: Asked, wanted: shapes.Collection) -> dict[str, Any]:
    """Refuse: a gallery ends with its passport, and its references are erased by retention."""
    raise Refused(
        "rekognition.delete_collection",
        "Gallery not deleted",
        "A gallery is not deleted at once: it ends with its passport, and rules of retention erase its references.",
        "Change its last day with PATCH /api/v1/galleries/NAME, or erase references with DeleteFaces.",
        act=Permission.GALLERY_CREATE,
    )


def list_collections(asked: Asked, part: shapes.Part) -> dict[str, Any]:
    """List the agency's galleries."""
    names = [gallery.name for gallery in galleries(asked.member)]
    shown, following = _slice(names, part)
    return {"CollectionIds": shown, "FaceModelVersions": [_pack()] * len(shown)} | following


def describe_collection(asked: Asked, wanted: shapes.Collection) -> dict[str, Any]:
    """Describe a gallery."""
    gallery = find.gallery(wanted.CollectionId, asked.member)
    return {
        "FaceCount": gallery_size(gallery),
        "FaceModelVersion": gallery.pack or _pack(),
        "CollectionARN": f"arn:plainview:rekognition:::collection/{gallery.name}",
        "CreationTimestamp": gallery.created_at.timestamp(),
        "UserCount": 0,
    }


def index_faces(asked: Asked, wanted: shapes.IndexFaces) -> dict[str, Any]:
    """Enrol the faces of a picture."""
    data = _data(wanted.Image)
    picture = services().decoder.decode(data)
    faces, size = services().engine.enrol_faces(picture), _size(picture)
    least = shapes.LEAST_QUALITY[wanted.QualityFilter]
    good = [number for number, face in enumerate(faces, start=1) if face.quality.overall >= least]
    chosen = good[: wanted.MaxFaces]
    unindexed = [
        {
            "Reasons": ["EXCEEDS_MAX_FACES" if number in good else "LOW_FACE_QUALITY"],
            "FaceDetail": detail(face, size),
        }
        for number, face in enumerate(faces, start=1)
        if number not in chosen
    ]
    records: list[dict[str, Any]] = []
    if chosen:
        name = wanted.ExternalImageId or "picture"
        sent = Sent(name, data, external_id=wanted.ExternalImageId, only=frozenset(chosen))
        enrolled = enrol_sent(wanted.CollectionId, [sent], acting_member=asked.member, cores=1)
        for failure in enrolled.result.failed:
            raise AwsError("InvalidImageFormatException", f"{failure['why']} [media.{failure['code']}]")
        for reference in enrolled.references.get(digest_of(data), ()):
            face = _nearest(faces, reference)
            records.append({"Face": reference_face(reference), "FaceDetail": detail(face, size)})
    else:
        find.gallery(wanted.CollectionId, asked.member)
    return {"FaceRecords": records, "FaceModelVersion": _pack(), "UnindexedFaces": unindexed}


def list_faces(asked: Asked, wanted: shapes.ListFaces) -> dict[str, Any]:
    """List the references of a gallery."""
    gallery = find.gallery(wanted.CollectionId, asked.member)
    rows = Reference.objects.filter(gallery=gallery).exclude(template=b"").defer("template").order_by("pk")
    if wanted.FaceIds:
        rows = rows.filter(public_id__in=wanted.FaceIds)
    begin = _begin(wanted)
    part = list((rows.filter(pk__gt=begin) if begin else rows)[: wanted.MaxResults + 1])
    more = len(part) > wanted.MaxResults
    part = part[: wanted.MaxResults]
    shown = {"Faces": [reference_face(reference) for reference in part], "FaceModelVersion": gallery.pack or _pack()}
    return shown | ({"NextToken": cursor(part[-1].pk)} if more else {})


def delete_faces(asked: Asked, wanted: shapes.DeleteFaces) -> dict[str, Any]:
    """Erase references for good."""
    gallery = find.gallery(wanted.CollectionId, asked.member)
    deleted, kept_back = [], []
    for identity in dict.fromkeys(wanted.FaceIds):
        if not Reference.objects.filter(gallery=gallery, public_id=identity).exclude(template=b"").exists():
            kept_back.append({"FaceId": identity, "Reasons": ["FACE_NOT_FOUND"]})
            continue
        reason = f"Asked for by the program with the key {asked.token.public_id}: DeleteFaces."
        try:
            expunge(identity, reason=reason, acting_member=asked.member)
        except Refused as refused:
            if not refused.rule_id.startswith("hold."):
                raise  # nobody may erase anything: it is said before the first
            kept_back.append({"FaceId": identity, "Reasons": [refused.rule_id]})
        else:
            deleted.append(identity)
    return {"DeletedFaces": deleted, "UnsuccessfulFaceDeletions": kept_back}


def detect_faces(asked: Asked, wanted: shapes.DetectFaces) -> dict[str, Any]:
    """Find the faces of a picture: where they are and how good; nothing about the person is inferred."""
    picture = services().decoder.decode(_data(wanted.Image))
    return {"FaceDetails": [detail(face, _size(picture)) for face in services().engine.faces(picture)]}


def compare_faces(asked: Asked, wanted: shapes.CompareFaces) -> dict[str, Any]:
    """Compare the largest face of one picture with every face of another."""
    source, target = _data(wanted.SourceImage, "SourceImage"), _data(wanted.TargetImage, "TargetImage")
    compared = compare_pair(source, target, acting_member=asked.member)
    least = shapes.LEAST_QUALITY[wanted.QualityFilter]
    matches: list[tuple[float, dict[str, Any]]] = []
    others = []
    for face, score, once_in in compared.faces:
        if face.quality.overall < least:
            continue
        shown, near = detail(face, compared.target_size), similarity(once_in, score)
        if near >= wanted.SimilarityThreshold:
            matches.append((near, shown))
        else:
            others.append(shown)
    matches.sort(key=lambda match: -match[0])
    return {
        "SourceImageFace": {
            "BoundingBox": box_of(compared.source.detection.box, compared.source_size),
            "Confidence": round(100 * compared.source.detection.score, 4),
        },
        "FaceMatches": [{"Similarity": near, "Face": shown} for near, shown in matches],
        "UnmatchedFaces": others,
    }


def search_by_image(asked: Asked, wanted: shapes.SearchByImage) -> dict[str, Any]:
    """Search a gallery with the largest face of a picture."""
    data = _data(wanted.Image)
    answer, probe = _search(asked, wanted.CollectionId, data, wanted.MaxFaces, quality=wanted.QualityFilter)
    return {
        "SearchedFaceBoundingBox": box_of(probe.face.detection.box, _size(probe.picture)),
        "SearchedFaceConfidence": round(100 * probe.face.detection.score, 4),
        "FaceMatches": _matches(answer, wanted.FaceMatchThreshold)[: wanted.MaxFaces],
        "FaceModelVersion": answer.search.pack,
    }


def search_by_face(asked: Asked, wanted: shapes.SearchByFace) -> dict[str, Any]:
    """Search a gallery with one of its references; the reference itself is left out."""
    reference = find.reference(wanted.FaceId, asked.member)
    if reference.gallery.name != wanted.CollectionId:
        raise invalid(f"The face {wanted.FaceId} is not in this collection [reference.unknown].")
    data = services().blobs.get(reference.blob)
    answer, _ = _search(asked, wanted.CollectionId, data, wanted.MaxFaces + 1, of=reference)
    matches = _matches(answer, wanted.FaceMatchThreshold)
    others = [match for match in matches if match["Face"]["FaceId"] != reference.public_id]
    return {
        "SearchedFaceId": reference.public_id,
        "FaceMatches": others[: wanted.MaxFaces],
        "FaceModelVersion": answer.search.pack,
    }


def _search(
    asked: Asked, gallery: str, data: bytes, most: int, *, quality: str = "NONE", of: Reference | None = None
) -> tuple[Answer, Probe]:
    _, policy = binding(asked.member.agency)
    top = max(MIN_LIST, min(most, policy.list_max))
    request = Request(asked.case, asked.purpose, gallery, top, asked.origin or UNDECLARED, digest_of(data))
    authorise(request, acting_member=asked.member)  # refuses before anything is decoded
    number = None
    if of is not None:
        faces = services().engine.faces(services().decoder.decode(data))
        number = faces.index(_nearest(faces, of)) + 1
    probe = probe_of(of.file_name if of else "picture", data, number)
    if probe.face.quality.overall < shapes.LEAST_QUALITY[quality]:
        raise invalid(f"The quality of the largest face is {probe.face.quality.overall} of 100: below QualityFilter.")
    return run_search(probe, request, acting_member=asked.member), probe


def _matches(answer: Answer, threshold: float) -> list[dict[str, Any]]:
    matches = []
    for candidate, meaning in zip(answer.candidates, meanings(answer.search, answer.candidates), strict=True):
        near = similarity(meaning.rate.once_in if meaning.rate else None, float(candidate.score))
        if near >= threshold:
            matches.append({"Similarity": near, "Face": reference_face(candidate.reference)})
    return matches


def _nearest(faces: Sequence[Face], reference: Reference) -> Face:
    def distance(face: Face) -> float:
        return sum(abs(a - float(b)) for a, b in zip(face.detection.box, reference.box, strict=True))

    return min(faces, key=distance)


def _data(image: shapes.Image, name: str = "Image") -> bytes:
    if image.S3Object is not None:
        raise AwsError("InvalidS3ObjectException", f"{name}: pictures are not fetched from an address; send Bytes.")
    if image.Bytes is None:
        raise invalid(f"{name}: Bytes is missing.")
    if len(image.Bytes) > MAX_FILE_BYTES:
        raise AwsError("ImageTooLargeException", f"{name} has more than {MAX_FILE_BYTES >> 20} MB [media.too_large].")
    return image.Bytes


def _size(picture: Picture) -> tuple[int, int]:
    height, width = picture.pixels.shape[:2]
    return width, height


def _pack() -> str:
    return services().engine.pack.identity


def _begin(part: shapes.Part) -> int:
    try:
        return after(part.NextToken) or 0
    except Unusable:
        raise AwsError("InvalidPaginationTokenException", "NextToken is not one of this list.") from None


def _slice(rows: Sequence[Any], part: shapes.Part) -> tuple[list[Any], dict[str, str]]:
    first = _begin(part)
    following = first + part.MaxResults
    return list(rows[first:following]), {"NextToken": cursor(following)} if following < len(rows) else {}
