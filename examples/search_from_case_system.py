"""Search from a case-management system: open the case if it is new, search, and hand back what the file needs.

    PLAINVIEW_URL=... PLAINVIEW_TOKEN=... python search_from_case_system.py C-1 robbery "find the rider" custody probe.jpg

What it prints is JSON: the id of the search, its entry in the log, and the candidates with what each score means here.
A candidate is a lead for a person to examine, and never an identification.
"""

from __future__ import annotations

import json
import os
import sys

from plainview.client import Client, PlainviewError


def main(case: str, offence: str, purpose: str, gallery: str, image: str) -> dict[str, object]:
    """Search, and return what the case system stores."""
    with Client(os.environ["PLAINVIEW_URL"], os.environ["PLAINVIEW_TOKEN"]) as faces:
        try:
            faces.open_case(case, offence)
        except PlainviewError as problem:
            if problem.rule != "case.number_taken":
                raise
        answer = faces.search(image, case=case, purpose=purpose, gallery=gallery)
    return {
        "search": answer["search_id"],
        "entry": answer["audit"]["entry"],
        "cautions": [caution["text"] for caution in answer["warnings"]],
        "candidates": [
            {
                "reference": candidate["reference_id"],
                "source": candidate["source_url"],
                "score": candidate["score"],
                "meaning": candidate["calibration"]["text"],
            }
            for candidate in answer["candidates"]
        ],
    }


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:]), indent=2))
