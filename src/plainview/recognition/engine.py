"""Pictures in, faces and templates out: the one thing of this package that others use.

Owns the loaded model pack and the rules on which faces of a picture are good enough to be compared or
enrolled. It must never load a network whose hash or licence was not checked, and never choose between
people: which face of several is the probe is said by a person, or is the largest.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

from plainview.recognition.align import ALIGNED_SIDE, align
from plainview.recognition.box import face_in_box
from plainview.recognition.detect import LARGE_SIDE, MIN_SCORE, Detector
from plainview.recognition.embed import Embedder, compare
from plainview.recognition.errors import BadMedia, PackError
from plainview.recognition.helper import both
from plainview.recognition.install import default_models_dir, find, read_verified
from plainview.recognition.packs import DEFAULT_PACK, ModelPack, check_use, get_pack
from plainview.recognition.quality import MIN_FACE_PX, MIN_PROBE_PX, USUAL_FACE_PX, assess
from plainview.recognition.turned import turned_by
from plainview.recognition.types import Detection, Face, Picture, Pixels, Vector

__all__ = ["Engine", "compare"]

_DRAWN = "A person drew the box of this face; the detector did not choose it."
_UNPLACED = (
    "No eyes, nose and mouth were found in the box. The face is aligned by the box alone: its scores say little."
)


class Engine:
    """A loaded model pack. Safe to use from several threads; each call runs on one core.

    Attributes:
        pack: the card of the loaded pack.
        detector: finds the faces, whatever the pack.
    """

    def __init__(self, pack: ModelPack, detector: Detector, embedder: Embedder) -> None:
        self.pack = pack
        self.detector = detector
        self._embedder = embedder

    @classmethod
    def load(
        cls,
        pack_name: str = DEFAULT_PACK,
        models_dir: Path | None = None,
        declared_use: str = "investigation",
    ) -> Engine:
        """Load an installed pack, after checking that it may be used and is what its card says.

        Args:
            pack_name: name of a known pack, or of one installed with a manifest.
            models_dir: the models folder; None: `install.default_models_dir()`.
            declared_use: what this deployment uses it for, a name in `packs.USES`.

        Raises:
            PackError: the pack is unknown, not permitted for this use, not installed, altered, or no such
            network.
        """
        folder = default_models_dir() if models_dir is None else models_dir
        return cls.load_pack(find(pack_name, folder), folder, declared_use)

    @classmethod
    def load_pack(cls, pack: ModelPack, folder: Path, declared_use: str) -> Engine:
        """As `load`, of a pack whose card is at hand.

        Raises:
            PackError: as `load`.
        """
        cv2.setNumThreads(1)  # its helper thread waits by spinning: 1.7 ms of CPU for each picture of an enrolment
        check_use(pack, declared_use)
        finder = pack if pack.detector is not None else get_pack(DEFAULT_PACK)
        check_use(finder, declared_use)
        if finder.detector is None:
            raise PackError(f"The pack {finder.identity} has no detector.", "Choose another pack.")
        detector = Detector(_session(read_verified(finder, finder.detector, folder), finder))
        session = _session(read_verified(pack, pack.recogniser, folder), pack)
        inputs = [node.name for node in session.get_inputs()]
        if inputs != [pack.embed.input] or pack.embed.output not in [node.name for node in session.get_outputs()]:
            raise PackError(
                f"The network of {pack.identity} has different inputs or outputs from those on its card.",
                "Correct input and output in its manifest, and install the pack again.",
            )
        embedder = Embedder(session, pack.embed, pack.dimension)
        if pack.source is None:
            _try_out(pack, embedder)
        return cls(pack, detector, embedder)

    def faces(self, picture: Picture) -> list[Face]:
        """Every face that is found, largest first, each with its quality; where a person drew a box, that face alone."""
        if picture.drawn is not None:
            return [self._drawn(picture, picture.drawn)]
        detections = self.detector.detect(picture.pixels)
        return [Face(detection, assess(picture.pixels, detection)) for detection in detections]

    def _drawn(self, picture: Picture, box: tuple[int, int, int, int]) -> Face:
        """The face in a box that a person drew: by the points that are found in it, else by the box alone."""
        detection = face_in_box(self.detector, picture.pixels, box)
        quality = assess(picture.pixels, detection)
        advice = [_DRAWN] if detection.score else [_DRAWN, _UNPLACED]
        return Face(detection, replace(quality, advice=(*advice, *quality.advice)))

    def glance(self, pixels: Pixels, longest: int = LARGE_SIDE, min_score: float = MIN_SCORE) -> list[Detection]:
        """Faces of one frame of a video, largest first; see `Detector.glance`."""
        return self.detector.glance(pixels, longest=longest, min_score=min_score)

    def aligned_template(self, aligned: Pixels) -> Vector:
        """The template of a face that `align` has cut out: uint8 (112, 112, 3), BGR.

        Raises:
            ValueError: the network gave no direction.
        """
        return self._embedder.template(aligned)

    def template(self, picture: Picture, detection: Detection, *, helped: bool = False) -> Vector:
        """The template of one face that is searched with.

        Args:
            picture: the picture in which it was found.
            detection: from `faces`.
            helped: a second thread may make one of its two passes, where a core is free: for one that a person waits for.

        Returns:
            float32, shape (pack.dimension,), length 1. The same on every run on the same machine.

        Raises:
            ValueError: the face's points are all the same, or the network gave no direction.
        """
        return self.both_templates(picture, detection, helped=helped)[1]

    def reference_template(self, picture: Picture, detection: Detection) -> Vector:
        """The template of one face that is searched for: comparable with those of `template`, and made in less time.

        Args, returns and raises as `template`.
        """
        if self.pack.mirrored == "always":
            return self.template(picture, detection)
        return self._embedder.template(self._aligned(picture, detection))

    def both_templates(self, picture: Picture, detection: Detection, *, helped: bool = False) -> tuple[Vector, Vector]:
        """The template of a face as a reference, and as a probe; see `reference_template` and `template`."""
        aligned = self._aligned(picture, detection)
        if self.pack.mirrored == "never":
            plain = self._embedder.template(aligned)
            return plain, plain
        mirrored = np.ascontiguousarray(aligned[:, ::-1])
        plain, other = both(
            lambda: self._embedder.template(aligned), lambda: self._embedder.template(mirrored), worth=helped
        )
        together = plain + other
        length = float(np.linalg.norm(together.astype(np.float64)))
        if not length > 0:
            raise ValueError("a face and its mirror image gave opposite templates")
        mean = (together / length).astype(np.float32)
        return (mean if self.pack.mirrored == "always" else plain), mean

    def found_turned(self, picture: Picture, detection: Detection) -> Face | None:
        """The face with its points where they are, if it lies turned and was enrolled as if it did not; else None.

        Args:
            picture: the picture.
            detection: as it was stored.
        """
        again = self.detector.upright(picture.pixels, detection)
        if not turned_by(again.points) or turned_by(detection.points):
            return None
        return Face(again, assess(picture.pixels, again))

    def _aligned(self, picture: Picture, detection: Detection) -> Pixels:
        pack = self.pack
        points = self.detector.steady(picture.pixels, detection.points, pack.looks, cubic=pack.cubic)
        return align(picture.pixels, points, pack.alignment, cubic=pack.cubic)

    def plain_template(self, picture: Picture, detection: Detection) -> Vector:
        """The template of one face from the points as they were found and one pass of the network: for measuring only.

        Args and returns as `template`; the two are of different making and are never compared with each other.

        Raises:
            ValueError: as `template`.
        """
        return self._embedder.template(align(picture.pixels, detection.points, self.pack.alignment))

    def probe_face(self, picture: Picture, number: int | None = None) -> tuple[int, Face]:
        """The face to search with.

        Args:
            picture: the probe.
            number: which face of `faces`, from 1; None: the largest.

        Returns:
            (its number from 1, the face).

        Raises:
            BadMedia: no_face, no_such_face, or face_too_small.
        """
        faces = self.faces(picture)
        if not faces:
            raise _no_face()
        chosen = 1 if number is None else number
        if not 1 <= chosen <= len(faces):
            count = "one face" if len(faces) == 1 else f"{len(faces)} faces"
            raise BadMedia(
                "no_such_face",
                f"There is no face {chosen}: the picture has {count}.",
                "Choose a number from 1, the largest face.",
            )
        face = faces[chosen - 1]
        if face.detection.box[2] < MIN_PROBE_PX:
            raise _too_small(face, MIN_PROBE_PX)
        return chosen, face

    def enrol_faces(self, picture: Picture) -> list[Face]:
        """Every face that is large and sure enough to become a reference, largest first.

        A picture in which only a doubtful face is found (below `detect.MIN_SCORE`) gives its largest one:
        somebody put that picture into the gallery because of it.

        Raises:
            BadMedia: no_face, or face_too_small when every face found is.
        """
        faces = self.faces(picture)
        if not faces:
            raise _no_face()
        wide = [face for face in faces if face.detection.box[2] >= MIN_FACE_PX]
        if not wide:
            raise _too_small(faces[0], MIN_FACE_PX)
        return [face for face in wide if face.detection.score >= MIN_SCORE] or wide[:1]


def _session(content: bytes, pack: ModelPack) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # faces run in parallel threads instead: twice the throughput on two cores
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises its own kinds, which differ between its versions
        raise PackError(
            f"The network of {pack.identity} does not run in this onnxruntime.",
            "Bring the network as an fp32 ONNX file that onnxruntime runs on a CPU.",
        ) from error


def _try_out(pack: ModelPack, embedder: Embedder) -> None:
    """Embed a plain grey square once: does a network that somebody brought do what its manifest says?"""
    try:
        embedder.template(np.full((ALIGNED_SIDE, ALIGNED_SIDE, 3), 127, np.uint8))
    except Exception as error:  # ValueError of the embedder, or onnxruntime's own kinds
        raise PackError(
            f"The network of {pack.identity} does not return {pack.dimension} numbers for an aligned face.",
            "Correct its manifest, and install the pack again.",
        ) from error


def _no_face() -> BadMedia:
    return BadMedia(
        "no_face",
        "No face was found in this picture.",
        f"Choose a picture with an upright face at least {MIN_FACE_PX} pixels wide, or draw a box around the face.",
    )


def _too_small(face: Face, least: int) -> BadMedia:
    return BadMedia(
        "face_too_small",
        f"The face is {face.detection.box[2]:.1f} pixels wide; {least} are needed, and {USUAL_FACE_PX} or more are usual.",
        "Use a larger original of this picture. Enlarging it does not help.",
    )
