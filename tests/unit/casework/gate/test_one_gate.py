"""Nothing compares a face with a gallery but through the gate: the source is walked for every way around it.

Four ways are closed: asking an index, opening one without the workspace's services, turning the switch, and opening the
templates of references to compare them by hand. Whoever may do one of these stands in a list here, with the reason.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import plainview

SOURCE = Path(plainview.__file__).parent

ASK = {
    "casework/search/ranking.py": "the list of a search; called by the gate",
    "casework/canaries/checks.py": "the canaries and the sample; called by the gate",
    "casework/gate/moving.py": "two indexes of one gallery; called by the gate",
    "casework/examination/fillers.py": "the other faces of a blind verification; called by the gate",
    "casework/workspace/guarded.py": "refuses outside the gate",
    "client/__init__.py": "a program elsewhere asks the API for a search; no index is there",
    "recheck/rerun.py": "an outsider's package, with its own templates; no gallery is there",
    "cli/bench/search.py": "random vectors of a benchmark; no gallery is there",
    "index/growing.py": "an index asks the index that it consists of",
    "index/milvus.py": "the client of the server, inside an index",
    "recognition/near.py": "hashes of pictures; called by the gate",
}
"""Files with a call `….search(…)` on something that is neither a pattern nor `find`."""

OPEN_INDEXES = {
    "casework/workspace/services.py": "hands them out guarded",
    "recheck/rerun.py": "as above",
    "cli/bench/search.py": "as above",
    "index/growing.py": "as above",
    "index/sharded/index.py": "the limits of the one machine whose list it gives",
    "index/sharded/shard.py": "a part, inside an index",
}
"""Files that import an adapter of `plainview.index` by itself."""

OPEN_TEMPLATES = {
    "casework/galleries/read.py": "defines them; feeds the indexes",
    "casework/galleries/subjects.py": "the mean of a person's pictures, by the source's numbers; compares nothing",
    "casework/gate/calibrate.py": "inside the gate",
    "casework/gate/moving.py": "inside the gate",
    "casework/canaries/checks.py": "inside the gate; a stored template with its own picture's",
    "casework/search/ranking.py": "the cohort and the short list; inside the gate",
    "casework/search/meaning.py": "candidates of one recorded list with each other: doubles",
    "casework/alerts/follow.py": "inside the gate",
    "casework/examination/fillers.py": "inside the gate",
    "casework/disclosure/make.py": "copies them into the package of the defence; compares nothing",
    "casework/disclosure/contents.py": "as above",
}
"""Files that open the templates of references."""

TEMPLATES = {"open_template", "compared_template", "gallery_templates", "templates_by_key"}
ADAPTERS = {"exact", "compressed", "milvus", "growing", "sharded.index"}


def trees(*words: str) -> Iterator[tuple[str, ast.Module]]:
    """Yield the files in which one of these words stands: no other can import or call what it names."""
    for path in sorted(SOURCE.rglob("*.py")):
        text = path.read_text("utf-8")
        if any(word in text for word in words):
            yield str(path.relative_to(SOURCE)), ast.parse(text)


def imported(tree: ast.Module) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names


def asks(tree: ast.Module) -> bool:
    """Whether something that may be an index is searched: a pattern is written in capitals; `find`, `re`, `jmespath` are
    modules."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "search":
            of = node.value
            name = of.id if isinstance(of, ast.Name) else of.attr if isinstance(of, ast.Attribute) else ""
            if name in ("find", "re", "jmespath", "holds", "pattern", "_lock") or (name and name.strip("_").isupper()):
                continue
            if any(isinstance(call, ast.Call) and call.func is node for call in ast.walk(tree)):
                return True
    return False


def test_only_these_files_ask_an_index() -> None:
    assert {path for path, tree in trees("search") if asks(tree)} - {"index/base.py"} == ASK.keys()


def test_only_these_files_open_an_index_of_their_own() -> None:
    modules = {f"plainview.index.{name}" for name in ADAPTERS}
    assert {path for path, tree in trees(*ADAPTERS) if imported(tree) & modules} == OPEN_INDEXES.keys()


def test_only_the_gate_turns_the_switch() -> None:
    who = {
        path for path, tree in trees("answering") if "plainview.casework.workspace.guarded.answering" in imported(tree)
    }
    assert who == {"casework/gate/compare.py"}
    named = [path for path, tree in trees("_ANSWERING") if "_ANSWERING" in ast.unparse(tree)]
    assert named == ["casework/workspace/guarded.py"]


def test_only_these_files_open_the_templates_of_references() -> None:
    opening = {f"plainview.casework.galleries.read.{name}" for name in TEMPLATES}
    who = {path for path, tree in trees(*TEMPLATES) if imported(tree) & opening}
    assert who | {"casework/galleries/read.py"} == OPEN_TEMPLATES.keys()


def test_only_the_gate_compares_with_the_pictures_of_a_person() -> None:
    name = "plainview.casework.galleries.subjects.pictures_of"
    assert {path for path, tree in trees("pictures_of") if name in imported(tree)} == {
        "casework/gate/calibrate.py",
        "casework/search/ranking.py",
    }


def test_nobody_opens_them_by_reaching_past_their_reader() -> None:
    """The context under which a template of a reference is sealed stands where it is opened or sealed."""
    text = "f'template:{"
    who = {path for path, tree in trees("template:") if text in ast.unparse(tree)}
    assert who == {
        "casework/galleries/read.py",
        "casework/canaries/checks.py",
        "casework/canaries/manage.py",
        "casework/enrolment/batches.py",
        "casework/enrolment/re_embed.py",
        "casework/upkeep/adopt.py",  # tries the key on one, of a database from elsewhere; keeps nothing
        "casework/upkeep/reseal.py",  # seals each again with a new key, unread
        "cli/bench/serve.py",  # seals made-up ones
    }
