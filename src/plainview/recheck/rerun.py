"""Running the search of a disclosure package again, from the templates and the probe that are in it.

Owns the comparison of the list that was recorded with the list that comes out. What it reads is hostile: no shape, number
or name in it is believed before it was checked, and nothing is written.
"""

from __future__ import annotations

import io
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from plainview.index.base import BadTemplate, Block
from plainview.index.exact import ExactIndex
from plainview.policy.agency import MAX_LIST
from plainview.policy.disclosure import COARSE, ERASED, WHOLE
from plainview.recheck.findings import ListedCandidate, PackageReport, json_item
from plainview.recheck.people import People
from plainview.recognition.decode import Decoder, DecoderUnavailable
from plainview.recognition.edits import apply, read
from plainview.recognition.errors import BadMedia
from plainview.recognition.foreign import reason
from plainview.scores.scoring import Scorer, ordered, short_list
from plainview.storage.base import digest_of

_ROUNDING: Final = 1.0  # grey levels, on average: JPEG decoders may differ by one in a pixel, then light multiplies it

# What a value of a hostile file can raise on its way into a template, a number or a name.
_BAD = (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError, BadTemplate, EOFError)


def probe_as_said(described: dict[str, Any], items: dict[str, bytes], report: PackageReport) -> None:
    """Every picture of the probe is the one that its hash names, and its chain of edits gives the edited one."""
    try:
        shown = [("probe/original", "probe/edited.png", described["probe_sha256"], described.get("probe_edits") or [])]
        for frame in described.get("probe_frames") or []:
            still, number = frame["still"], int(frame["number"])
            name = f"probe/photograph-{number}" if "photograph" in still else f"probe/frame-{number}.png"
            shown.append((name, f"{name}-edited.png", frame["sha256"], still.get("edits") or []))
        for name, edited, digest, edits in shown:
            if digest_of(items[name]) != digest:
                report.problems.append(f"{name}: it is not the picture that search.json names")
            elif edits:
                _edit_again(name, edited, list(edits), items, report)
    except _BAD as error:
        report.problems.append(f"probe: its pictures cannot be read: {reason(error)}")


def _edit_again(name: str, edited: str, edits: list[str], items: dict[str, bytes], report: PackageReport) -> None:
    """Apply the chain of edits to the original and compare; decoders of other versions may round differently."""
    try:
        with Decoder() as decoder:
            again = apply(decoder.decode(items[name]), read(edits)).pixels
            enclosed = decoder.decode(items[edited]).pixels
    except (BadMedia, DecoderUnavailable, *_BAD) as error:
        report.problems.append(f"{name}: its edits could not be applied again: {reason(error)}")
        return
    same = again.shape == enclosed.shape
    if not same or float(np.abs(again.astype(np.int16) - enclosed).mean()) > _ROUNDING:
        report.problems.append(f"{edited}: the edits of the original do not give this picture")


def pictures_as_said(described: dict[str, Any], items: dict[str, bytes], report: PackageReport) -> None:
    """Every candidate's picture is there in the form that its row says, and a whole one is the one it names."""
    try:
        for candidate in described["candidates"]:
            rank, how = int(candidate["rank"]), candidate["picture"]
            whole, coarse = f"candidates/{rank:02}", f"candidates/{rank:02}-coarse.png"
            wanted = {WHOLE: [whole], COARSE: [coarse], ERASED: []}[how]
            if [name for name in (whole, coarse) if name in items] != wanted:
                report.problems.append(f"{whole}: the picture of rank {rank} is not there as its row says")
            elif how == WHOLE and digest_of(items[whole]) != candidate["picture_sha256"]:
                report.problems.append(f"{whole}: it is not the picture that its row names")
    except _BAD as error:
        report.problems.append(f"search.json: its candidates cannot be read: {reason(error)}")


def run_again(described: dict[str, Any], items: dict[str, bytes], report: PackageReport) -> None:
    """Search the enclosed templates with the enclosed probe and compare both lists."""
    references = json_item(items, "rerun/references.json", report)
    order = json_item(items, "rerun/order.json", report)
    try:
        probe = array(items["rerun/probe.npy"], 1)
        templates = array(items["rerun/templates.npy"], 2)
        keys = np.array([reference["key"] for reference in references], dtype=np.int64)
        public = {int(reference["key"]): str(reference["reference"]) for reference in references}
        if not len(keys) == len(public) == len(templates):
            raise ValueError("its references are not those of its templates")
        top = int(described["top"])
        if not 1 <= top <= MAX_LIST:
            raise ValueError(f"a list of {top}")
        report.recorded = [_recorded(reference) for reference in described["candidates"]]
        cohort = np.array([reference["cohort"] for reference in references], dtype=np.bool_)
        apart = np.array([reference.get("apart") is True for reference in references], dtype=np.bool_)
        if apart.any() and not described.get("missing"):
            raise ValueError("references are left out of a complete search")
        erased = set(map(str, described.get("erased_since", [])))
        _same_templates(described, public, keys, templates, report)
        people = People(references, keys, templates, probe)
        keys, templates, cohort, apart = people.leads, people.templates, cohort[people.rows], apart[people.rows]
        public = people.nearest(public)
        index = ExactIndex(len(probe))
        index.apply([Block.of_adds(1, keys[~apart], templates[~apart])])
        remade = {int(key) for key in order.get("remade", [])}
        erased |= {public[key] for key in remade if key in public}
        candidates = [scored for scored in index.search(probe, short_list(top)) if scored.reference not in remade]
        left = [reference for reference in report.recorded if reference.reference not in erased]
        if int(order["cohort_erased"]):
            # What the order was measured against is not all there: the cosines are computed again, the order is the recorded one.
            scores = {public[reference.reference]: f"{reference.score:.6f}" for reference in candidates}
            report.again = [
                ListedCandidate(
                    reference.rank, reference.reference, scores.get(reference.reference, "-"), reference.adjusted
                )
                for reference in left
            ]
            adjusted = [float(reference.adjusted) for reference in report.recorded]
            report.rerun_identical = adjusted == sorted(adjusted, reverse=True) and report.again == left
        else:
            scorer = Scorer(templates[cohort])
            nearness = dict(zip(keys.tolist(), scorer.nearness(templates).tolist(), strict=True))
            listed = ordered(candidates, float(scorer.nearness(probe[np.newaxis])[0]), nearness)[:top]
            report.again = [
                ListedCandidate(rank, public[reference.reference], f"{reference.cosine:.6f}", f"{reference.score:.6f}")
                for rank, reference in enumerate(listed, start=1)
            ]
            same = [reference.values for reference in report.again[: len(left)]] == [
                reference.values for reference in left
            ]
            report.rerun_identical = (
                scorer.name == order["scorer"] == described["scorer"]
                and same
                and (bool(erased) or len(report.again) == len(left))
            )
    except _BAD as error:
        report.problems.append(f"rerun: it could not be run again: {reason(error)}")
        return
    if not report.rerun_identical:
        report.problems.append("rerun: the search gives another list")


def _recorded(candidate: dict[str, Any]) -> ListedCandidate:
    return ListedCandidate(
        int(candidate["rank"]), str(candidate["reference"]), str(candidate["score"]), str(candidate["adjusted"])
    )


def _same_templates(
    described: dict[str, Any],
    public: dict[int, str],
    keys: NDArray[np.int64],
    templates: NDArray[np.float32],
    report: PackageReport,
) -> None:
    """The template that a candidate's row names by its hash is the one that is compared."""
    stated = {str(candidate["reference"]): candidate["template_sha256"] for candidate in described["candidates"]}
    for key, template in zip(keys.tolist(), templates, strict=True):
        wanted = stated.get(public[key])
        if wanted is not None and digest_of(template.tobytes()) != wanted:
            report.problems.append(f"rerun/templates.npy: the template of {public[key]} is not its own")


def array(data: bytes, dimensions: int) -> NDArray[np.float32]:
    """Read a float32 array of so many dimensions from the bytes of an .npy file.

    Its shape is compared with the bytes that are there before anything is laid out: a header may claim any size.

    Raises:
        ValueError: it is anything else.
    """
    file = io.BytesIO(data)
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError("an array of another format")
    shape, by_columns, dtype = np.lib.format.read_array_header_1_0(file)
    body = memoryview(data)[file.tell() :]
    if dtype != np.dtype("<f4") or len(shape) != dimensions or (by_columns and dimensions > 1):
        raise ValueError("an array of another kind")
    if any(side < 0 for side in shape) or int(np.prod(shape, dtype=object)) * 4 != len(body):
        raise ValueError("an array that is not as long as it says")
    return np.ascontiguousarray(np.frombuffer(body, dtype=np.float32).reshape(shape))


def saved(values: NDArray[np.float32]) -> bytes:
    """The bytes of an .npy file."""
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(values, dtype=np.float32), allow_pickle=False)
    return buffer.getvalue()
