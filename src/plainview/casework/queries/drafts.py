"""What a member has answered and not yet recorded: theirs alone, sealed, read only for them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from plainview.casework.models import Draft
from plainview.casework.services import services
from plainview.policy.examination import ANSWERS, COMPONENTS, CONCLUSIONS

_MAX_NOTES = 20_000  # characters
_MAX_ACKNOWLEDGED = 20


@dataclass
class Answers:
    """The answers about one face; what is blank is not answered yet."""

    components: dict[str, str] = field(default_factory=dict)
    conclusion: str = ""
    notes: str = ""
    acknowledged: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Answers:
        """Keep of anything what can be an answer."""
        components, acknowledged = raw.get("components"), raw.get("acknowledged")
        conclusion, notes = raw.get("conclusion"), raw.get("notes")
        given = components if isinstance(components, Mapping) else {}
        named = acknowledged if isinstance(acknowledged, list) else []
        return cls(
            {name: given[name] for name in COMPONENTS if given.get(name) in ANSWERS},
            conclusion if conclusion in CONCLUSIONS else "",
            notes[:_MAX_NOTES] if isinstance(notes, str) else "",
            [str(one)[:100] for one in named[:_MAX_ACKNOWLEDGED]],
        )


def opened(draft: Draft) -> dict[int, Answers]:
    """Position -> answers; an examination's one face has the position 0."""
    if not draft.sealed:
        return {}
    told = json.loads(services().drafts.open(bytes(draft.sealed), f"draft:{draft.pk}".encode()))
    return {int(place): Answers.of(raw) for place, raw in told.items()}


def sealed(draft: Draft, faces: Mapping[int, Answers]) -> bytes:
    """The answers as they are stored."""
    told = json.dumps({str(place): asdict(answers) for place, answers in faces.items()})
    return services().drafts.seal(told.encode(), f"draft:{draft.pk}".encode())
