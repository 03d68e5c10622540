"""Cards of openly licensed recognisers that Plainview does not ship: what their makers say, and what nobody knows.

Owns the statements and the hash by which each file is recognised; where the file comes from is the operator's choice. It
must never state more about training data than the maker does, nor where a file is to be had.
"""

from __future__ import annotations

from dataclasses import dataclass

_AURAFACE = """\
manifest = 1
name = "auraface"
version = "1"
summary = "AuraFace v1, a ResNet100 with the additive angular margin of ArcFace, by fal: open for commercial use."
maker = "fal (AuraFace-v1, the file glintr100.onnx alone: the other networks beside it are InsightFace's, non-commercial)"
licence = "Apache-2.0"
training_data = "\\"commercially and publicly available data sources\\", says the maker, who names none of them and has \
not published the training code; whether the people in them agreed is not known"
permitted_uses = ["investigation", "evaluation", "research"]
group_differences = ["Not measured by the Plainview authors. Measure it on your own pictures: plainview evaluate."]

[model]
file = "glintr100.onnx"
bytes = {bytes}
sha256 = "{sha256}"
input = "{input}"
output = "{output}"
colour = "RGB"
mean = [127.5, 127.5, 127.5]
std = [127.5, 127.5, 127.5]
template = "arcface-112"
dimension = 512
"""


@dataclass(frozen=True, slots=True)
class OpenCard:
    """A manifest without what only the file itself says.

    Attributes:
        name: of the pack.
        sha256: of the file, hex, as its maker publishes it.
        text: the manifest, with places for bytes, sha256, input and output.
    """

    name: str
    sha256: str
    text: str

    def manifest(self, size: int, sha256: str, inputs: str, outputs: str) -> bytes:
        """Return the whole manifest.

        Args:
            size: bytes of the file.
            sha256: its digest, hex.
            inputs: the name of the network's one input.
            outputs: the name of its one output.
        """
        places = {"bytes": size, "sha256": sha256, "input": inputs, "output": outputs}
        return self.text.format(**places).encode()


OPEN_CARDS = (OpenCard("auraface", "a7933ea5330113b01c9b60351d8f4c33003f145d8470ac5f0e52ee2effe25c60", _AURAFACE),)
"""Every card. The hash of AuraFace is that of its maker's own page (Git LFS details of glintr100.onnx)."""


def open_card(sha256: str) -> OpenCard | None:
    """Return the card of a file by its digest."""
    return next((card for card in OPEN_CARDS if card.sha256 == sha256), None)
