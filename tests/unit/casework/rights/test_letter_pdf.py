"""The letter shows every text as it is written and reads none as code; long hashes stay on their lines."""

from __future__ import annotations

from io import BytesIO

from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from plainview.casework.rights.letter_pdf import Letter, Section, to_pdf
from plainview.documents.typeset import TOFU
from plainview.policy.rights import read_filing


def read(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages).split())


def letter(name: str, about: str = "about", root: str = "ab" * 32) -> Letter:
    sections = [Section("What", [about], [("", [("Root", root)]), ("Twice", [("Proof", f"{root}\n{root}")])])]
    return Letter("Answer", "Sample", [("To", name)], "In short.", sections, [("Root", root)], "log\n1\nxyz\n")


def test_code_stays_text() -> None:
    told = read(to_pdf(letter('#panic("x") [*bold*] $1$ \\ "', "#include <x>\n= heading\n- list")))
    for words in ('#panic("x") [*bold*] $1$ \\ "', "#include <x>", "= heading", "- list", "ab" * 32, "xyz"):
        assert words in told, words


def test_hashes_end_within_the_page() -> None:
    (page,) = PdfReader(BytesIO(to_pdf(letter("N")))).pages
    ends: list[float] = []

    def seen(text: str, _: object, matrix: list[float], __: object, size: float) -> None:
        if "abab" in text:
            ends.append(matrix[4] + len(text.strip()) * size * 0.602)  # DejaVu Sans Mono: 0.602 em a sign

    page.extract_text(visitor_text=seen)
    assert ends
    assert max(ends) < float(page.mediabox.width)


def test_a_name_that_cannot_be_printed_keeps_nobody_from_an_answer() -> None:
    told = read(to_pdf(letter("Анна শেখ 王小明 e\u0301 \ufffe", "\u09be \x07 \ufeff \x00")))
    assert "Анна" in told
    assert TOFU in told


@settings(max_examples=8, deadline=None)
@given(st.text(max_size=60), st.text(max_size=200))
def test_whatever_a_person_writes_makes_a_letter(name: str, about: str) -> None:
    filing = read_filing(["access"], own=True, name=f"N{name}", email="e@x.example", post="", about=about, named="")
    assert to_pdf(letter(filing.name, filing.about)).startswith(b"%PDF")
