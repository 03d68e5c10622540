"""The rights of the people in the pictures, from the form to the letter; what must be kept and what never."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core import mail
from tests.factories.refusals import rule_of
from tests.factories.rights import HOW, NETWORK, confirmed, decided, file, filing, letter_of, photo, text_of
from tests.factories.work import case, entries, gallery, person, probe, search
from tests.unit.casework.erasure.test_expunge import everywhere

from plainview.audit.proofs import check
from plainview.casework.cases.open_close import close_case
from plainview.casework.erasure.expunge import expunge
from plainview.casework.galleries.passports import create_gallery
from plainview.casework.models import (
    Candidate,
    Gallery,
    LogOpening,
    ProbeTemplate,
    Reference,
    Search,
    SubjectFinding,
    SubjectPhoto,
    SubjectRequest,
)
from plainview.casework.rights import answers as rights_answers
from plainview.casework.rights import letters as rights_letters
from plainview.casework.rights.answers import answer_request
from plainview.casework.rights.checks import confirm, refuse, view_request
from plainview.casework.rights.filing import file_request, open_request, record_refused_filing
from plainview.casework.rights.read import findings_of, photo_of
from plainview.casework.rights.search import decide, search_person
from plainview.casework.workspace.services import services
from plainview.policy import rights as policy
from plainview.policy.decision import Refused
from plainview.recognition.engine import Engine
from plainview.recognition.errors import BadMedia


def admin() -> Any:
    return person("admin")


@pytest.fixture
def small(workspace: Path, tmp_path: Path) -> Path:
    """A gallery of two people."""
    gallery(tmp_path / "pictures")
    return workspace


@pytest.fixture
def held(workspace: Path, tmp_path: Path) -> Path:
    """A gallery of two people and an empty one, one search under a case that is closed since, one under an open case; the legal basis is over."""
    gallery(tmp_path / "pictures")
    create_gallery("e", legal_basis="l", source="s", owner="o", expires_on=date(2999, 1, 1), acting_member=admin())
    case()
    case("C-2", "burglary")
    search(probe(tmp_path))
    search(probe(tmp_path), case="C-2")
    close_case("C-1", acting_member=person("examiner"))
    Gallery.objects.update(expires_on=date(2020, 1, 1))  # what is still held is held
    return workspace


def test_from_the_form_to_the_letter_with_erasure_and_its_proof(held: Path) -> None:
    filed = file("access", "erasure", picture=photo())
    row = filed.request
    number = row.public_id
    (received,) = entries("rights.received")
    for secret in (b"Eileen", b"person.example", b"shop", filed.code.encode(), NETWORK.encode()):
        assert secret not in received.canonical
        assert not any(secret in data for data in everywhere(held).values()), secret
    assert rule_of(search_person, number, acting_member=admin()) == "rights.not_confirmed"
    assert not entries("rights.search_requested")
    confirm(number, HOW, acting_member=person("supervisor"))
    assert rule_of(answer_request, number, acting_member=admin()) == "rights.not_searched"
    found = search_person(number, acting_member=admin())
    assert found[0].reference.file_name == "collins.png"
    assert len(found) == 1  # the other picture is not like her: nobody has to look at it
    assert rule_of(answer_request, number, acting_member=admin()) == "rights.undecided"
    kept_photo = bytes(SubjectPhoto.objects.get().sealed)[100:164]
    assert [place for place, data in everywhere(held).items() if kept_photo in data]
    mine = found[0].reference.public_id
    other = Reference.objects.get(file_name="hopper.png").public_id
    decide(number, [found[0].pk], [], acting_member=admin())
    assert rule_of(answer_request, number, acting_member=admin()) == "examination.explain"
    assert rule_of(answer_request, number, erase=[other], acting_member=admin()) == "rights.erase"
    answer_request(number, erase=[mine], acting_member=admin())

    opened = open_request(number, filed.code.lower(), network=NETWORK)
    assert opened.request.outcome == "granted"
    told = text_of(opened.pdf)
    (erased,) = entries("reference.expunged")
    for words in (
        "Eileen Collins",
        "We have erased the pictures of you",
        f"Reference {mine}",
        "https://source.example/collins.png",
        "Gallery g, owner: tests",
        "Legal basis law",
        "robbery, gallery g: your picture did not become a lead",
        "rights.open_cases",
        f"Entry {erased.seq} of",
        "Inclusion proof",
        "the data protection authority of your country",
        "never stored",
        "the whole gallery (0 references)",
        HOW,
    ):
        assert words in told, words
    for never in ("burglary", "C-1", "C-2", "examiner", "hopper", other):
        assert never not in told, never
    (finding,) = SubjectFinding.objects.all()
    assert (finding.entry, finding.outcome, finding.score, bytes(finding.sealed)) == (
        erased.seq,
        "erased",
        None,
        b"",
    )
    size = entries("rights.answered")[0].seq
    assert check(json.dumps(rights_letters.proof_of_entry(erased.seq, size)))
    assert not Reference.objects.get(public_id=mine).template
    assert not SubjectPhoto.objects.exists()
    assert not LogOpening.objects.filter(name="photo_sha256").exists()
    decided_in = [row.seq for row in entries("rights.decided")]
    assert len(decided_in) == 1
    assert not LogOpening.objects.filter(entry_id__in=decided_in).exists()
    assert not [place for place, data in everywhere(held).items() if kept_photo in data]
    (letter,) = mail.outbox
    assert letter.to == ["eileen@person.example"]
    assert "Collins" not in letter.body
    assert number in letter.body
    assert rule_of(refuse, number, "identity", "on second thought no", acting_member=admin()) == "rights.closed"


def test_the_template_of_the_person_is_in_no_table_no_file_and_no_rule(
    held: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = []
    real = Engine.template

    def spied(self: Engine, *arguments: Any) -> Any:
        made.append(real(self, *arguments))
        return made[-1]

    row = confirmed(picture=photo())
    monkeypatch.setattr(Engine, "template", spied)
    before = (ProbeTemplate.objects.count(), Search.objects.count(), Candidate.objects.count())
    found = search_person(row.public_id, acting_member=admin())
    monkeypatch.undo()
    assert len(made) == 1
    traces = [made[0].astype(kind).tobytes() for kind in (np.float32, np.float16, np.float64)]
    pieces = [trace[i : i + 64] for trace in traces for i in range(0, len(trace) - 64, 64)]

    def places() -> list[str]:
        held_now = everywhere(held)
        return [place for place, data in held_now.items() if any(piece in data for piece in pieces)]

    assert places() == []
    planted = held / "planted"  # what looks for it finds it
    planted.write_bytes(b"begins elsewhere" + traces[1])
    assert places() == [str(planted)]
    # Sealed it is nowhere either: every template that the tables hold is another one.
    sealed = [
        services().templates.open(bytes(one.sealed), f"probe:{one.search.public_id}".encode())
        for one in ProbeTemplate.objects.select_related("search")
    ]
    assert traces[0] not in sealed
    assert (ProbeTemplate.objects.count(), Search.objects.count(), Candidate.objects.count()) == before
    assert (found[0].score, found[0].rank) == (None, None)  # what the answer does not need is not kept
    asked, _ = entries("rights.search_requested")
    assert asked.subject["purpose"] == policy.PURPOSE
    assert asked.seq < entries("rights.search_answered")[0].seq


def test_the_search_is_in_the_log_before_anything_is_compared(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = confirmed(picture=photo())
    seen: list[int] = []

    def compared(*_: Any, **_named: Any) -> Any:
        seen.append(len(entries("rights.search_requested")))
        raise ZeroDivisionError

    monkeypatch.setattr("plainview.casework.rights.search.compare_all", compared)
    with pytest.raises(ZeroDivisionError):
        search_person(row.public_id, acting_member=admin())
    assert seen == [1]
    assert not SubjectFinding.objects.exists()


def test_no_other_search_takes_the_purpose(held: Path, tmp_path: Path) -> None:
    for purpose in (policy.PURPOSE, "Data  Subject's request of a friend", "subject access request"):
        assert rule_of(search, probe(tmp_path), case="C-2", purpose=purpose) == "search.purpose_reserved"


def test_the_code_opens_it_and_nothing_else_does(workspace: Path) -> None:
    filed = file()
    number = filed.request.public_id
    assert open_request(f" {number.lower()} ", filed.code.replace("-", " "), network=NETWORK).pdf is None
    for wrong_number, code in (
        (number, "AAAA-AAAA-AAAA-AAAA"),
        (number, ""),
        ("N000000000000", filed.code),
        ("", ""),
    ):
        assert rule_of(open_request, wrong_number, code, network="2001:db8::1") == "rights.code"
    for _ in range(policy.WRONG_CODES):
        with pytest.raises(Refused):
            open_request(number, "AAAA-AAAA-AAAA-AAAA", network="198.51.100.1")
    assert rule_of(open_request, number, filed.code, network="198.51.100.9") == "rights.code_often"
    assert (
        open_request(number, filed.code, network="203.0.113.1").request == filed.request
    )  # its holder is not shut out


def test_one_network_and_one_agency_take_a_bounded_number(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(policy.FILED):
        file()
    assert rule_of(file) == "rights.often"
    agency = admin().agency
    file_request(agency.public_id, filing(), None, network="198.51.100.77")
    photographs = SubjectPhoto.objects.count()
    monkeypatch.setattr(policy, "UNCONFIRMED", photographs)
    assert rule_of(file_request, agency.public_id, filing(), photo(), network="203.0.113.9") == "rights.full"
    file_request(agency.public_id, filing(), None, network="203.0.113.9")  # the form is closed to nobody
    assert [row.subject["rule"] for row in entries("rights.file.refused")] == [
        "rights.often",
        "rights.full",
    ]
    assert all(row.actor == "system" for row in entries("rights.file.refused"))
    assert rule_of(file_request, "A000", filing(), None, network="203.0.113.9") == "rights.agency"


def test_a_photograph_that_cannot_be_used_is_said_at_once_and_nothing_is_kept(workspace: Path) -> None:
    for data, code in (
        (b"no picture", "not_an_image"),
        (b"", "empty"),
        (bytes(policy.PHOTO_BYTES + 1), "too_large"),
        (_two_faces(), "no_such_face"),
    ):
        with pytest.raises(BadMedia) as caught:
            file(picture=data)
        assert caught.value.code == code
    assert not SubjectRequest.objects.exists()


def _two_faces() -> bytes:
    import cv2
    from tests.factories.models import collins

    pixels = collins().pixels
    return bytes(cv2.imencode(".jpg", np.hstack([pixels, pixels[:, ::-1]]))[1])


def test_somebody_elses_data_are_refused_with_reason_and_remedy(workspace: Path) -> None:
    with pytest.raises(Refused) as caught:
        filing(own=False)
    assert caught.value.rule_id == "rights.another_person"
    record_refused_filing(admin().agency.public_id, caught.value, network=NETWORK)
    assert entries("rights.file.refused")[0].subject["rule"] == "rights.another_person"
    filed = file("access", picture=photo())
    number = filed.request.public_id
    words = "she is the requester's neighbour and has not agreed"
    assert rule_of(refuse, number, "mood", words, acting_member=admin()) == "rights.ground"
    assert rule_of(refuse, number, "another person", "no", acting_member=admin()) == "examination.explain"
    refuse(number, "another person", words, acting_member=admin())
    told = text_of(open_request(number, filed.code, network=NETWORK).pdf)
    for said in ("Your request is refused", *policy.GROUNDS["another person"], words, "Complain to"):
        assert said in told, said
    assert not SubjectPhoto.objects.exists()
    assert not entries("rights.search_requested")


def test_a_hold_makes_a_stated_partial_refusal(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gallery(tmp_path / "second", "h")
    row = confirmed("erasure")
    found = search_person(row.public_id, acting_member=admin())
    faces = [one for one in found if one.reference.file_name == "collins.png"]
    mine = [one.reference.public_id for one in faces]
    decide(
        row.public_id,
        [one.pk for one in faces],
        [one.pk for one in found if one not in faces],
        acting_member=admin(),
    )
    real, held_one = expunge, mine[0]

    def with_hold(reference: str, **options: Any) -> Any:
        if reference == held_one:
            raise Refused("hold.litigation", "Nothing erased", "A court has it held.", "Ask again when it ends.")
        return real(reference, **options)

    monkeypatch.setattr(rights_answers, "expunge", with_hold)
    done = answer_request(row.public_id, erase=mine, acting_member=admin())
    assert done.outcome == "partly granted"
    told = letter_of(done)
    for words in (
        "hold.litigation",
        "A court has it held.",
        "Ask again when it ends.",
        "erased some of the pictures",
    ):
        assert words in told, words
    assert Reference.objects.get(public_id=held_one).template
    assert not Reference.objects.get(public_id=mine[1]).template


def test_an_answer_that_was_cut_short_is_finished_by_running_it_again(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, reference = decided("objection")

    def broken(*_: Any) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(rights_answers, "close", broken)
        with pytest.raises(OSError, match="full"):
            answer_request(row.public_id, erase=[reference.public_id], acting_member=admin())
    assert SubjectPhoto.objects.exists()
    done = answer_request(row.public_id, erase=[reference.public_id], acting_member=admin())
    assert done.outcome == "granted"
    assert SubjectFinding.objects.get().entry == entries("reference.expunged")[0].seq
    assert entries("reference.expunged")[0].subject["never_again"] is True


def test_named_references_and_links_are_looked_up_without_a_photograph(small: Path) -> None:
    mine = Reference.objects.get(file_name="collins.png")
    row = confirmed("access", named=f"https://source.example/collins.png\n{mine.public_id} R000000000000")
    (found,) = search_person(row.public_id, acting_member=admin())
    assert (found.reference, found.is_named, found.score) == (mine, True, None)
    assert not entries("rights.search_requested")
    decide(row.public_id, [found.pk], [], acting_member=admin())
    assert answer_request(row.public_id, acting_member=admin()).outcome == "told"
    assert Reference.objects.get(pk=mine.pk).template


def test_identity_is_told_in_words_and_an_auditor_reads_without_the_name(workspace: Path) -> None:
    row = file(picture=photo()).request
    number = row.public_id
    assert rule_of(confirm, number, "seen", acting_member=admin()) == "examination.explain"
    told = "passport 12 345 678 was shown"
    assert rule_of(confirm, number, told, acting_member=admin()) == "rights.document_number"
    confirm(number, HOW, acting_member=admin())
    assert rule_of(confirm, number, HOW, acting_member=admin()) == "rights.confirmed"
    assert view_request(number, acting_member=admin()).filing.name == "Eileen Collins"
    auditor = person("auditor")
    assert view_request(number, acting_member=auditor).filing.name == ""
    assert rule_of(confirm, number, HOW, acting_member=auditor) == "member.no_permission"
    assert rule_of(view_request, number, acting_member=person("examiner")) == "member.no_permission"
    assert photo_of(row) == photo()
    assert findings_of(row) == []
