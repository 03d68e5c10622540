"""`make prose` notices a listed phrase and a banned name wherever people read them, and nothing in code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tools import prose

REPO = Path(__file__).parents[3]
RULES = prose.Rules.load()


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a function that writes a file and answers what is noticed in it."""
    monkeypatch.setattr(prose, "ROOT", tmp_path)

    def noticed(name: str, text: str) -> list[tuple[int, str]]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return [(finding.line, finding.text) for finding in prose.findings(path, RULES)]

    return noticed


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("docs/a.md", "# Cases\n\nWhoever opens a case closes it.\n", 3),
        ("src/page.html", "{% if case %}\n<p>Whoever opens a case closes it.</p>\n{% endif %}\n", 2),
        ("src/a.py", '"""Open a case.\n\nWhoever opens it closes it.\n"""\n', 3),
        ("src/a.py", 'say("Saved.")\nsay("Whoever opens a case closes it.")\n', 2),
        ("src/a.py", 'say(f"Whoever opens {case} closes it.")\n', 1),
        ("src/a.py", "case = 1  # whoever opens it closes it\n", 1),
        ("src/a.js", 'var whoever = 1;\nsay("Whoever opens a case closes it.");\n', 2),
    ],
)
def test_a_phrase_is_noticed_in_every_text_for_people(written, name: str, text: str, line: int) -> None:
    assert [(number, phrase.lower()) for number, phrase in written(name, text)] == [(line, "whoever")]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("docs/a.md", "Run `whoever`.\n\n```\nwhoever\n```\n"),
        ("src/page.html", '<p class="whoever">{{ whoever }}</p>\n{# whoever #}\n'),
        ("src/a.py", '"""Read `whoever` of the file."""\n'),
        ("src/a.py", "print(case.whoever, whoever(case))\n"),
        ("src/a.py", 'fields = {"held": 1, "what": 2}\nprint(case.held, case.what, fields["held"])\n'),
    ],
)
def test_code_and_names_of_fields_are_not(written, name: str, text: str) -> None:
    assert written(name, text) == []


@pytest.mark.parametrize(
    "text",
    [
        "found = 1\n",
        "for found in cases: pass\n",
        "def _found(): pass\n",
        "class Found: pass\n",
        "def read(case, *, found): pass\n",
        "import cases as found\n",
        "print([found for found in cases])\n",
    ],
)
def test_a_banned_name_is_noticed_where_code_binds_it(written, text: str) -> None:
    assert [name.strip("_").lower() for _, name in written("src/a.py", text)] == ["found"]
    assert written("tests/a.py", text) == []


def test_a_name_is_allowed_in_the_listed_places_only(written) -> None:
    text = "row = 1\n"
    assert written("src/plainview/index/exact.py", text) == []
    assert written("src/plainview/indexes.py", text) == [(1, "row")]


def test_every_allowed_place_exists_and_needs_its_names() -> None:
    for place, names in RULES.allowed.items():
        paths = sorted((REPO / place).rglob("*.py")) if place.endswith("/") else [REPO / place]
        trees = [prose.ast.parse(path.read_text(encoding="utf-8")) for path in paths]
        bound = {name.strip("_").lower() for tree in trees for _, name in prose.bound_names(tree)}
        assert set(names) <= bound, place


def test_the_status_says_whether_anything_was_noticed(
    written, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written("docs/a.md", "Whoever opens a case.\n")
    assert prose.main(["docs"]) == 1
    assert capsys.readouterr().out.startswith("docs/a.md:1: 'Whoever'")
    written("docs/a.md", "The member opens a case.\n")
    assert prose.main(["docs"]) == 0


def test_spelling_is_checked_and_british_spelling_passes(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "codespell_lib", "--ignore-words", str(REPO / "tools/codespell-ignore.txt")]
    british, wrong = tmp_path / "british.md", tmp_path / "wrong.md"
    british.write_text(
        "The colour of the catalogue, the licence, the defence; authorise, recognise, enrolment, grey.\n"
    )
    wrong.write_text("The agency " + "reci" + "eves a request.\n")
    assert subprocess.run([*command, british], check=False).returncode == 0
    assert subprocess.run([*command, wrong], check=False, stdout=subprocess.DEVNULL).returncode != 0


# What people puzzled over when they walked the desk, and the examples of CONTRIBUTING.md.
_PUZZLING = """
What waits for you | Declared as not declared. | Nobody has an account because they have an address
Nobody gets in by having an address. | A stranger would reach this score in about one of 2.3 searches
Nearly every search of this gallery for a stranger reaches this score | Sample verifier, without knowing | Who looked
Took | Take a video | Take along | Before | Others | Turn | Cut | Farther | Closer
Passports that end (lists ended ones too) | What came of it | It is with a verifier. | Audit read refused
None of your roles grants it. | The form was not one that this session was given
Something broke ... tell the operator the time | 1 pictures | 1 of 1 agencies | Held already | How often what
The face is 16 pixels wide. 16 is the least | You are told at once. | What is the search to find out? | rising | falling
R and twelve signs | It is the person: record how | Go on where you were | In words | Choose a smaller copy
None of the 20 candidates is like this. They are still there: show all. | The e-mail address is none.
We hold pictures of you. What they are, and what was done with them, stands below. | It is known that it is you who asks.
Your supervisors are asked. Their answer appears here. | It is not written down who may open this page.
Their own policy does not allow any more what they ask for. | Why what is not ticked stays
Here will be what was examined, and where each of it stands. | How long what is held is held
Enter an agency; it cannot work until its head accepted the terms and you opened it.
"""


@pytest.mark.parametrize(
    "phrase", [phrase.strip() for phrase in _PUZZLING.replace("\n", "|").split("|") if phrase.strip()]
)
def test_no_puzzling_phrase_comes_back(written, phrase: str) -> None:
    assert written("src/page.html", f"<p>{phrase}</p>\n")
