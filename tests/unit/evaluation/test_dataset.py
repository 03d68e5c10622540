"""Data sets as people hand them in, and every labels file that must be refused, by its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.evaluation.dataset import DatasetError, read_dataset


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two people, a picture that lies alone, and files that are none."""
    root = tmp_path / "set"
    for name in (
        "ada/1.jpg",
        "ada/2.jpg",
        "bo/1.png",
        "bo/masked/2.png",
        "alone.jpg",
        "ada/notes.txt",
        ".x/1.jpg",
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    (root / "ada/.DS_Store").write_bytes(b"x")
    return root


def labels(root: Path, text: str | bytes) -> Path:
    path = root.parent / "given.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_folder_is_a_person_and_a_loose_file_one_of_its_own(root: Path) -> None:
    found = read_dataset(root)
    assert [(item.name, item.person, item.masked) for item in found.items] == [
        ("ada/1.jpg", "ada", False),
        ("ada/2.jpg", "ada", False),
        ("alone.jpg", "alone.jpg", False),
        ("bo/1.png", "bo", False),
        ("bo/masked/2.png", "bo", True),
    ]
    assert found.name == "set"


def test_labels_in_the_folder_are_taken_and_sort_into_groups(root: Path) -> None:
    (root / "labels.csv").write_text(
        "path,sex,age,masked,person,date\nada/1.jpg,female,61,no,,2001-07-01\nada/2.jpg,,17,yes,,\nalone.jpg,male,,,bo,\n",
        "utf-8",
    )
    found = read_dataset(root)
    by_name = {item.name: item for item in found.items}
    assert found.columns == ("sex", "age")
    assert by_name["ada/1.jpg"].groups == {"sex": "female", "age": "60+"}
    assert by_name["ada/1.jpg"].years is not None
    assert by_name["ada/2.jpg"].groups == {"age": "under 18"}
    assert (by_name["ada/2.jpg"].masked, by_name["ada/2.jpg"].years) == (True, None)
    assert by_name["alone.jpg"].person == "bo"


def test_years_are_the_date_where_there_is_such_a_column_and_else_the_age(root: Path) -> None:
    aged = read_dataset(root, labels(root, "path,age\nada/1.jpg,61\nada/2.jpg,17.5\n"))
    assert [item.years for item in aged.items[:3]] == [61, 17.5, None]
    dated = read_dataset(root, labels(root, "path,date\nada/1.jpg,2011-07-01\nada/2.jpg,2001-07-01\n"))
    first, second = (item.years for item in dated.items[:2])
    assert first is not None
    assert second is not None
    assert first - second == pytest.approx(10, abs=0.01)


def test_a_column_with_too_many_values_is_no_group_and_is_named(tmp_path: Path) -> None:
    lines = ["path,camera"]
    for i in range(21):
        (tmp_path / f"{i}.jpg").write_bytes(b"x")
        lines.append(f"{i}.jpg,camera {i}")
    found = read_dataset(tmp_path, labels(tmp_path / "x", "\n".join(lines)))
    assert (found.columns, found.columns_left_out) == ((), ("camera",))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("path,sex\nada/1.jpg,f\nada/9.jpg,f\n", "line 3: there is no file 'ada/9.jpg'"),
        ("path,sex\n../set/ada/1.jpg,f\n", "line 2: there is no file"),
        ("path,sex\nada/notes.txt,f\n", "line 2: there is no file"),
        ("path,sex\nada/1.jpg,f\nada/1.jpg,m\n", "line 3: 'ada/1.jpg' is named a second time"),
        ("path,sex\nada/1.jpg,f,x\n", "line 2: it has more cells than the header (3; the header has 2)"),
        ("path,age\nada/1.jpg,old\n", "line 2: age is 'old'"),
        ("path,age\nada/1.jpg,nan\n", "line 2: age is 'nan'"),
        (
            "path,date\nada/1.jpg,1.2.2001\n",
            "line 2: date '1.2.2001' is not a date YYYY-MM-DD; perhaps 2001-02-01 or 2001-01-02 is meant",
        ),
        ("path,masked\nada/1.jpg,perhaps\n", "line 2: masked is 'perhaps'"),
        ("file,sex\nada/1.jpg,f\n", "not the header of a labels file"),
        ("path,path\n", "the column path appears twice"),
        ("", "it is empty"),
        ('path,sex\nada/1.jpg,"f\n', "line 2: a quote is opened in this row and never closed"),
        (b"path,sex\nada/1.jpg,f\nada/2.jpg,\xff\n", "line 3: the line is not UTF-8"),
    ],
)
def test_labels_that_are_refused(root: Path, text: str | bytes, said: str) -> None:
    with pytest.raises(DatasetError) as refused:
        read_dataset(root, labels(root, text))
    assert said in refused.value.why
    assert refused.value.next_step


def test_at_most_five_wrong_lines_are_shown(root: Path) -> None:
    with pytest.raises(DatasetError, match=r"line 6: .* and 3 more\."):
        read_dataset(root, labels(root, "path\n" + "".join(f"no/{i}.jpg\n" for i in range(8))))


def test_no_folder_an_empty_one_and_labels_that_are_not_there(root: Path, tmp_path: Path) -> None:
    for path, named in (
        (tmp_path / "none", None),
        (tmp_path / "set" / "ada" / "1.jpg", None),
        (root, tmp_path / "n"),
    ):
        with pytest.raises(DatasetError):
            read_dataset(path, named)
    empty = tmp_path / "empty"
    (empty / "person").mkdir(parents=True)
    with pytest.raises(DatasetError, match="contains no picture"):
        read_dataset(empty)


@given(st.text())
def test_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    root = tmp_path_factory.getbasetemp() / "any"
    root.mkdir(exist_ok=True)
    (root / "a.jpg").write_bytes(b"x")
    (root / "labels.csv").write_text(f"path,sex\n{text}", "utf-8", newline="")
    try:
        listed = read_dataset(root)
    except DatasetError:
        return
    assert [item.name for item in listed.items] == ["a.jpg"]


def test_labels_written_on_windows_meet_their_files(root: Path) -> None:
    """Backslashes, another case, a semicolon: read, and said."""
    listed = read_dataset(root, labels(root, "\ufeffPath;Sex\r\nADA\\1.JPG;f\r\n.\\bo\\1.png;m\r\n"))
    by_name = {item.name: item.groups for item in listed.items}
    assert (by_name["ada/1.jpg"], by_name["bo/1.png"]) == ({"Sex": "f"}, {"Sex": "m"})
    assert "semicolons" in listed.labels_how[0]
    assert "2 files have a slightly different name" in listed.labels_how[1]
