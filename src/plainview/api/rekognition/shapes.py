"""The parameters of the operations, as botocore's model of Amazon Rekognition has them.

Owns their names and limits. A parameter of that interface that has no meaning here is refused by name, unless leaving it
out changes nothing.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from plainview.api.common import Base64

Percent = Annotated[float, Field(ge=0, le=100)]
Name = Annotated[str, Field(min_length=1, max_length=255)]
Filter = Literal["NONE", "AUTO", "LOW", "MEDIUM", "HIGH"]
FaceId = Annotated[str, Field(min_length=1, max_length=64)]

LEAST_QUALITY = {"NONE": 0, "AUTO": 20, "LOW": 20, "MEDIUM": 40, "HIGH": 60}
"""QualityFilter -> least overall quality of a face, 0 to 100 (recognition.quality): chosen, equal steps."""


class Parameters(BaseModel):
    """The parameters of an operation."""

    model_config = ConfigDict(extra="forbid")


class Image(Parameters):
    """A picture: its bytes. Pictures are never fetched from an address."""

    Bytes: Base64 | None = None
    S3Object: dict[str, Any] | None = None


class Collection(Parameters):
    """A collection."""

    CollectionId: Name
    Tags: dict[str, str] = Field(default={}, max_length=200)


class Part(Parameters):
    """A part of a list."""

    MaxResults: int = Field(default=1000, ge=1, le=4096)
    NextToken: str = Field(default="", max_length=255)


class IndexFaces(Parameters):
    """A picture whose faces become references."""

    CollectionId: Name
    Image: Image
    ExternalImageId: str = Field(default="", max_length=255, pattern=r"^[a-zA-Z0-9_.\-:]*$")
    DetectionAttributes: list[str] = Field(default=[], max_length=50)
    MaxFaces: int = Field(default=100, ge=1, le=100)
    QualityFilter: Filter = "AUTO"


class ListFaces(Part):
    """The faces of a collection, or some of them."""

    CollectionId: Name
    FaceIds: list[FaceId] = Field(default=[], max_length=4096)


class DeleteFaces(Parameters):
    """Faces to erase."""

    CollectionId: Name
    FaceIds: list[FaceId] = Field(min_length=1, max_length=4096)


class DetectFaces(Parameters):
    """A picture whose faces are found."""

    Image: Image
    Attributes: list[str] = Field(default=[], max_length=50)


class CompareFaces(Parameters):
    """Two pictures."""

    SourceImage: Image
    TargetImage: Image
    SimilarityThreshold: Percent = 80.0
    QualityFilter: Filter = "NONE"


class SearchByImage(Parameters):
    """A probe."""

    CollectionId: Name
    Image: Image
    MaxFaces: int = Field(default=80, ge=1, le=4096)
    FaceMatchThreshold: Percent = 80.0
    QualityFilter: Filter = "NONE"


class SearchByFace(Parameters):
    """A reference as the probe."""

    CollectionId: Name
    FaceId: FaceId
    MaxFaces: int = Field(default=80, ge=1, le=4096)
    FaceMatchThreshold: Percent = 80.0
