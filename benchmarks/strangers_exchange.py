"""Exchange files of other people: what an independent reading finds in each, and what Plainview does.

    python benchmarks/strangers_exchange.py DIR [--json]

The independent reading is the library nistitl (which Plainview uses to write such files, not to read them). A file whose
faces we do not give has a reason; a file without one and with another number is an error, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from pathlib import Path
from typing import Any

import nistitl

from plainview.casework.galleries.nist import read_nist
from plainview.recognition.decode import Decoder
from plainview.recognition.errors import BadMedia

_IMAGE_TYPE, _PICTURE = 3, 999  # fields of a Type-10 record


def rows(folder: Path) -> list[dict[str, Any]]:
    """Return one row for each file of a folder.

    Returns:
        {file, records, faces, ours, reason}: Type-10 records and faces by the independent reading, None where it fails;
        the faces that Plainview gives, decoded; why it gives fewer, or "".
    """
    with Decoder() as decoder:
        return [_of(path, decoder) for path in sorted(folder.iterdir()) if path.is_file()]


def _of(path: Path, decoder: Decoder) -> dict[str, Any]:
    data = path.read_bytes()
    records, faces, failure = _independent(data)
    ours, reasons = _ours(data, decoder)
    reason = "; ".join(dict.fromkeys(reasons))
    if failure:
        reason = f"{reason + '; ' if reason else ''}the independent reading fails: {failure}"
    return {"file": path.name, "records": records, "faces": faces, "ours": ours, "reason": reason}


def _independent(data: bytes) -> tuple[int | None, int | None, str]:
    message = nistitl.Message()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            message.parse(data)
    except Exception as error:  # what it raises differs by field
        return None, None, str(error) or type(error).__name__
    faces_and_others = [record for record in message if record.type == 10]
    faces = [
        record for record in faces_and_others if record[_IMAGE_TYPE] is not None and record[_IMAGE_TYPE].value == "FACE"
    ]
    return len(faces_and_others), len(faces), ""


def _ours(data: bytes, decoder: Decoder) -> tuple[int, list[str]]:
    try:
        records = read_nist(data)
    except BadMedia as bad:
        return 0, [bad.why]
    reasons, faces = [], 0
    for record in records:
        try:
            decoder.decode(record.picture())
            faces += 1
        except BadMedia as bad:
            reasons.append(f"record {record.number}: {bad.why}")
    return faces, reasons


def main() -> int:
    """Print the table, or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    asked = parser.parse_args()
    table = rows(asked.folder)
    wrong = [file for file in table if file["faces"] != file["ours"] and not file["reason"]]
    if asked.json:
        sys.stdout.write(json.dumps({"files": table, "wrong": len(wrong)}, indent=1) + "\n")
    else:
        sys.stdout.write(f"{'file':70} {'faces':>5} {'ours':>4}  reason\n")
        for file in table:
            faces = "-" if file["faces"] is None else file["faces"]
            sys.stdout.write(f"{file['file'][:70]:70} {faces:>5} {file['ours']:>4}  {file['reason']}\n")
        sys.stdout.write(f"{len(table)} files, {len(wrong)} with another number and no reason\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
