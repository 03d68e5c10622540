"""The report of an evaluation: one HTML page without outside parts, and a PDF/UA made by typst.

Owns both layouts and the one list of rows they share. It must never show a figure that the JSON does not hold,
and never a number where data is insufficient.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from plainview.documents.typeset import pdf, string, text
from plainview.evaluation.identification import DISCARD_FPIR
from plainview.evaluation.plots import Plot, plots
from plainview.storage.output import PRIVATE, replace_files

Line = tuple[str, ...]
"""(figure, value, interval), and the value and interval of a second pack."""

_FEW = "insufficient data"

_STYLE = """body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:52rem;padding:0 1rem;background:#f6f5f2;color:#1c1e21}
table{border-collapse:collapse;width:100%;margin:1rem 0}th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #d8d6d0}
td:nth-child(n+2){font-variant-numeric:tabular-nums;white-space:nowrap}figure{margin:1.5rem 0;background:#fff;padding:1rem;border:1px solid #d8d6d0}
svg{max-width:100%;height:auto}figcaption{font-size:.875rem}code{overflow-wrap:anywhere}"""


def write_report(result: dict[str, Any], folder: Path) -> list[Path]:
    """Write report.html and report.pdf.

    Args:
        result: of `run.evaluate`.
        folder: made when it is not there.

    Returns:
        The two files.
    """
    drawn = plots(result)
    page, document = folder / "report.html", folder / "report.pdf"
    files = {page.name: to_html(result, drawn).encode(), document.name: to_pdf(result, drawn)}
    replace_files(folder, files, mode=PRIVATE)
    return [page, document]


def sections(result: dict[str, Any]) -> Iterator[tuple[str, list[Line]]]:
    """Yield the tables: title and rows; where a second pack was measured, its figures are beside the first one's."""
    if "beside" not in result:
        yield from _sections(result)
        return
    # By place: both were measured in the same way, and a title may count what one pack found no face in.
    for (title, rows), (_, second) in zip(_sections(result), _sections(result["beside"]), strict=True):
        others = {line[0]: line[1:] for line in second}
        yield title, [(*line, *others.get(line[0], (_FEW, ""))) for line in rows]


def _head(result: dict[str, Any]) -> list[str]:
    if "beside" not in result:
        return ["Figure", "Value", "95 % interval"]
    first, second = result["repeat"]["pack"], result["beside"]["repeat"]["pack"]
    return ["Figure", first, "95 % interval", second, "95 % interval"]


def _sections(result: dict[str, Any]) -> Iterator[tuple[str, list[Line]]]:
    verification = result.get("verification")
    if verification:
        rows = [
            _line(f"TAR at FMR {point}", value, verification["tar_ci"][point])
            for point, value in verification["tar"].items()
        ]
        yield (
            (
                f"Verification: {verification['mated_pairs']:,} pairs of one person, "
                f"{verification['impostor_pairs']:,} of two"
            ),
            rows,
        )
    ratio = result.get("likelihood_ratio")
    if ratio:
        yield (
            "Likelihood ratios, by people that they were not made from",
            [_line("Cllr, bits (0: always know, 1: say nothing)", ratio["cllr"], ratio["cllr_ci"])],
        )
    for key, title in (
        ("identification", "Identification"),
        ("identification_multi", "Several pictures of a person"),
        ("masked", "Lower face covered"),
        ("masked_multi", "Several pictures of a person, lower face covered"),
    ):
        part = result.get(key)
        if not part:
            continue
        rows = [_line("Rank-1 identification rate", part["rank1"], part["rank1_ci"])]
        rows += [_line(f"FNIR at FPIR {p}", value, part["fnir_ci"][p]) for p, value in part["fnir"].items()]
        alone = part.get("one_reference") or {"fnir": {}}
        rows += [
            _line(f"FNIR at FPIR {p}, the same with one each", value, alone["fnir_ci"][p])
            for p, value in alone["fnir"].items()
        ]
        rows += [
            _line(f"FNIR at FPIR {DISCARD_FPIR}, {column}: {value}{words}", group["fnir"], group["ci"])
            for words, groups in (("", part.get("groups", {})), (", the same with one each", alone.get("groups", {})))
            for column, values in groups.items()
            for value, group in values.items()
        ]
        covers = f", {part['covers']} covers" if "covers" in part else ""
        of = f" by {part['pictures']:,} pictures, at most {part['k']} each" if "k" in part else ""
        yield (
            (
                f"{title}{covers}: gallery of {part['gallery_size']:,} people{of}, {part['mated_probes']:,} mated probes, "
                f"{part['non_mated_probes']:,} of {part['non_mated_people']:,} strangers"
            ),
            rows,
        )
    for column, values in (result.get("groups") or {}).items():
        rows = []
        for value, rates in values.items():
            rows.append(_line(f"{value}: FMR ({rates['impostor_pairs']:,} pairs)", rates["fmr"], rates["ci"]["fmr"]))
            rows.append(_line(f"{value}: FNMR ({rates['mated_pairs']:,} pairs)", rates["fnmr"], rates["ci"]["fnmr"]))
        apart = result["differential"][column]
        for kind in ("fmr", "fnmr"):
            for name, words in (("max_over_min", "greatest over least"), ("gap", "greatest less least")):
                rows.append(_line(f"{kind.upper()}, {words}", apart[f"{kind}_{name}"], apart["ci"][f"{kind}_{name}"]))
        yield f"Groups by {column}, at the threshold of an overall FMR of 1e-3", rows
    for kind, strata in (result.get("strata") or {}).items():
        rows = [
            _line(f"FNMR, {name} ({part['mated_pairs']:,} pairs)", part["fnmr"], part["ci"])
            for name, part in strata.items()
        ]
        yield f"{kind.replace('_', ' ').capitalize()} of mated pairs, at the same threshold", rows


def _line(name: str, value: float | None, bounds: list[float] | None) -> Line:
    if value is None:
        return name, _FEW, ""
    digits = 5 if abs(value) < 0.01 else 4
    return name, f"{value:.{digits}f}", f"{bounds[0]:.{digits}f} to {bounds[1]:.{digits}f}" if bounds else ""


def _facts(result: dict[str, Any]) -> list[str]:
    repeat = result["repeat"]
    seconds = result["seconds_per_probe"]
    facts = [
        (
            f"{result['n_people']:,} people, {result['n_images']:,} pictures of {repeat['dataset']}; no template could be "
            f"made of {result['fta_count']:,} (failure to acquire {result['fta']:.4f})."
        ),
        f"Model pack {repeat['pack']}; scores: {result['normalisation']}"
        + (f"; {seconds:.3f} s from file to template on this machine." if seconds is not None else "."),
    ]
    if "beside" in result:
        other = result["beside"]
        facts.append(
            f"Beside it: model pack {other['repeat']['pack']}; scores: {other['normalisation']}; no template of "
            f"{other['fta_count']:,} pictures. The plots are of the first pack."
        )
    if "rulings" in result:
        counts = ", ".join(f"{count} {ruling}" for ruling, count in result["rulings"]["counts"].items())
        facts.append(
            f"With a person's rulings on suspicious pairs ({counts}); "
            f"{len(result['rulings']['left_out'])} pictures left out. The JSON has the figures without them."
        )
    return facts


def _foot(result: dict[str, Any]) -> list[str]:
    repeat = result["repeat"]
    versions = ", ".join(f"{name} {version}" for name, version in repeat["versions"].items())
    return [
        repeat["how"],
        f"Definitions: {repeat['definitions']}.",
        f"Seed {repeat['seed']}, {repeat['replicates']} resamples, {repeat['galleries']} galleries; {versions}.",
        f"Data set sha256 {repeat['dataset_sha256']}; recogniser sha256 {repeat['recogniser_sha256']}.",
        *(
            [f"Second recogniser sha256 {result['beside']['repeat']['recogniser_sha256']}."]
            if "beside" in result
            else []
        ),
        *(f"{key}: {why}." for key, why in result["insufficient_data"].items()),
    ]


def to_html(result: dict[str, Any], drawn: list[Plot]) -> str:
    """Return the page; it loads nothing."""
    parts = [
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
        f"<title>Measured error rates</title><style>{_STYLE}</style><h1>Measured error rates</h1>",
        *(f"<p>{html.escape(fact)}</p>" for fact in _facts(result)),
    ]
    for title, rows in sections(result):
        cells = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in line) + "</tr>" for line in rows)
        head = "<tr>" + "".join(f"<th>{html.escape(word)}</th>" for word in _head(result)) + "</tr>"
        parts.append(f"<h2>{html.escape(title)}</h2><table>{head}{cells}</table>")
    for plot in drawn:
        # Two drawings on one page may not share the names that their parts refer to each other by.
        svg = re.sub(r'(id="|href="#|url\(#)', rf"\g<1>{plot.name.replace(' ', '-')}-", plot.svg)
        alt = html.escape(plot.alt, quote=True)
        svg = svg.replace("<svg ", f'<svg role="img" aria-label="{alt}" ', 1)
        caption = f"<strong>{html.escape(plot.title)}</strong><br>{html.escape(plot.alt)}"
        parts.append(f"<figure>{svg}<figcaption>{caption}</figcaption></figure>")
    parts.append("<h2>How to repeat this</h2>")
    parts += [f"<p><code>{html.escape(line)}</code></p>" for line in _foot(result)]
    return "\n".join(parts) + "</html>\n"


def to_pdf(result: dict[str, Any], drawn: list[Plot]) -> bytes:
    """Return the same as PDF/UA-1."""
    lines = [
        (
            '#set document(title: "Measured error rates")\n#set text(lang: "en", size: 10pt)\n'
            '#set page(paper: "a4", margin: 2cm, numbering: "1")\n#show heading: set block(above: 1.4em, sticky: true)\n'
            "= Measured error rates"
        ),
        *map(text, _facts(result)),
    ]
    head = _head(result)
    for title, rows in sections(result):
        cells = ", ".join(f"[{text(cell)}]" for line in rows for cell in line)
        lines.append(
            f"== {text(title)}\n#table(columns: (1fr{', auto' * (len(head) - 1)}), stroke: 0.4pt + luma(80%), "
            f"table.header({', '.join(f'[{text(word)}]' for word in head)}), {cells})"
        )
    for plot in drawn:
        lines.append(
            f'#figure(image(bytes({string(plot.svg)}), format: "svg", width: 100%, alt: {string(plot.alt)}), caption: [{text(plot.title)}])'
        )
    lines.append("== How to repeat this")
    lines += [text(line) for line in _foot(result)]
    return pdf("\n\n".join(lines))
