"""Makes a template of an aligned face, and compares two templates.

Owns the numbers that go into the recognition network and the vector that comes out. It embeds one face at a
time: measured with the default pack, a batch is slower for each face than one by one in parallel threads. It
must never give out a template that is not a unit vector.
"""

from __future__ import annotations

import cv2
import numpy as np

from plainview.recognition.detect import Session
from plainview.recognition.packs import EmbedInput
from plainview.recognition.types import Pixels, Vector


class Embedder:
    """A recognition network on one onnxruntime session. Safe to use from several threads."""

    def __init__(self, session: Session, spec: EmbedInput, dimension: int) -> None:
        self._session = session
        self._spec = spec
        self._dimension = dimension
        self._plain = spec.mean == (0.0, 0.0, 0.0) and spec.std == (1.0, 1.0, 1.0)
        self._mean = np.array(spec.mean, np.float32).reshape(3, 1, 1)
        self._std = np.array(spec.std, np.float32).reshape(3, 1, 1)

    def template(self, aligned: Pixels) -> Vector:
        """Make the template of one aligned face.

        Args:
            aligned: uint8, shape (112, 112, 3), BGR, 0-255, from `align.align`.

        Returns:
            float32, shape (dimension,), length 1.

        Raises:
            ValueError: the network gave no direction (a vector of zeros, or not finite), or not `dimension`
            numbers.
        """
        blob = cv2.dnn.blobFromImage(aligned, swapRB=self._spec.colour == "RGB")
        if not self._plain:
            blob = (blob - self._mean) / self._std
        (output,) = self._session.run([self._spec.output], {self._spec.input: blob})
        vector = np.asarray(output, np.float64).reshape(-1)
        length = float(np.linalg.norm(vector))
        if vector.shape != (self._dimension,) or not np.isfinite(length) or length == 0.0:
            raise ValueError(f"the model did not give a template of {self._dimension} numbers with a direction")
        return (vector / length).astype(np.float32)


def compare(a: Vector, b: Vector) -> float:
    """The score of two templates: their cosine, computed in float64.

    Args:
        a: float32, shape (dimension,).
        b: float32, shape (dimension,), of the same pack.

    Returns:
        -1 to 1; 1 for the same template. It is no probability that two faces are of one person.

    Raises:
        ValueError: the templates differ in dimension, or have no direction.
    """
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(f"templates of different packs: shapes {a.shape} and {b.shape}")
    x, y = a.astype(np.float64), b.astype(np.float64)
    lengths = float(np.linalg.norm(x)) * float(np.linalg.norm(y))
    if not lengths > 0 or not np.isfinite(lengths):
        raise ValueError("a template is zero or not finite")
    return min(1.0, max(-1.0, float(x @ y) / lengths))
