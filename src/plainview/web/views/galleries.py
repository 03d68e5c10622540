"""Galleries: passport, what they hold, enrolment with its progress, and erasing one reference.

Nobody browses a gallery here: a reference is shown only to who may erase it, by its id, and the view is an entry.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainview.casework import find
from plainview.casework.enrolment import intake
from plainview.casework.erasure import expunge as expunging
from plainview.casework.erasure.read import held_gallery
from plainview.casework.galleries import read
from plainview.casework.galleries.passports import PassportChange, change_passport, create_gallery
from plainview.casework.jobs import job_of
from plainview.casework.models import Gallery, Job, Member
from plainview.casework.pictures import face_jpeg, whole_jpeg
from plainview.casework.retention.read import rules_of
from plainview.casework.workspace.services import services
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.retention import What
from plainview.policy.roles import holds
from plainview.recognition.errors import BadMedia, PackError
from plainview.recognition.packs import DEFAULT_PACK
from plainview.scores.calibration import MIN_REFERENCES
from plainview.storage.base import StorageError
from plainview.web.plot import HEIGHT, WIDTH, bars
from plainview.web.views.common import from_htmx, member_of, picture, require_shown, say, shown
from plainview.worker.queue import enqueue


class PassportForm(forms.Form):
    """What every gallery states."""

    legal_basis = forms.CharField(
        label="Legal basis", help_text="The law or order that lets the agency hold and search these pictures."
    )
    source = forms.CharField(label="Source", help_text="Where the pictures come from.")
    owner = forms.CharField(label="Owner", max_length=200, help_text="Who answers for it.")
    expires_on = forms.DateField(
        label="Last day",
        help_text="After this day nobody can use the gallery until its basis is renewed.",
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    offences = forms.CharField(
        label="Only for these offences",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One a line. Left empty, it is for every offence of the agency's policy.",
    )

    def offence_lines(self) -> list[str]:
        """The offences, one a line."""
        return [line for line in self.cleaned_data["offences"].splitlines() if line.strip()]


class NewGalleryForm(PassportForm):
    """A new gallery."""

    name = forms.CharField(label="Name", max_length=100)
    field_order = ("name",)


class ChangeForm(PassportForm):
    """A change of the passport."""

    why = forms.CharField(label="Why it changes", help_text="Kept, sealed, in the log.")


class _Files(forms.FileInput):
    allow_multiple_selected = True


class _ManyFiles(forms.FileField):
    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile[Any]]:
        """Every file that was chosen."""
        rows = data if isinstance(data, list | tuple) else [data]
        return [super(_ManyFiles, self).clean(row, initial) for row in rows if row] or [super().clean(None)]


class UploadForm(forms.Form):
    """Pictures, or ZIP files of pictures."""

    pictures = _ManyFiles(
        label="Pictures, or a ZIP file of pictures",
        widget=_Files(attrs={"multiple": True}),
        help_text="A manifest (.csv or .jsonl with path, source_url, page_url, captured_on) may lie among them.",
    )
    source_url = forms.URLField(
        label="Link to where they come from",
        required=False,
        assume_scheme="https",
        help_text="Shown with each candidate where the manifest states no other.",
    )


class FolderForm(forms.Form):
    """A folder of the server."""

    folder = forms.ChoiceField(label="Folder of the server")
    inside = forms.CharField(label="Folder or manifest in it", required=False, help_text="Left empty: all of it.")

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["folder"].choices = [(name, name) for name in read.allowed_folders()]  # type: ignore[attr-defined]


class ReasonForm(forms.Form):
    """Why a reference is erased."""

    reason = forms.CharField(
        label="Why it is erased",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="The order or the request. It is kept, sealed, in the log.",
    )


@require_GET
def galleries(request: HttpRequest) -> HttpResponse:
    """The agency's galleries with their passports."""
    member = member_of(request)
    rows = [(gallery, read.gallery_size(gallery), _ended(gallery)) for gallery in read.galleries(member)]
    return render(
        request,
        "galleries/list.html",
        {"galleries": rows, "creates": holds(member.roles, Permission.GALLERY_CREATE)},
    )


def _ended(gallery: Gallery) -> bool:
    return gallery.expires_on < timezone.now().date()


@require_http_methods(["GET", "POST"])
def gallery_new(request: HttpRequest) -> HttpResponse:
    """Make a gallery under its passport."""
    member = member_of(request)
    form = NewGalleryForm(request.POST or None, initial={"owner": member.agency.name})
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        try:
            made = create_gallery(
                told["name"],
                legal_basis=told["legal_basis"],
                source=told["source"],
                owner=told["owner"],
                expires_on=told["expires_on"],
                offences=form.offence_lines(),
                acting_member=member,
            )
        except Refused as refused:
            say(form, refused)
        else:
            return redirect("gallery", made.pk)
    return render(request, "galleries/passport.html", {"form": form, "gallery": None})


@require_GET
def gallery(request: HttpRequest, pk: int) -> HttpResponse:
    """One gallery: its passport, what it holds, its enrolments."""
    member = member_of(request)
    row = find.gallery_by_key(pk, member)
    held = read.statistics(row, _pack())
    quality = [(f"{ten * 10}–{ten * 10 + 9 if ten < 9 else 100}", count) for ten, count in enumerate(held.quality)]
    return render(
        request,
        "galleries/gallery.html",
        {
            "gallery": row,
            "held": held,
            "ended": _ended(row),
            "width": WIDTH,
            "height": HEIGHT,
            "quality": bars(quality),
            "years": bars([(str(year), count) for year, count in held.years.items()]),
            "own_figures": MIN_REFERENCES,
            "runs": _runs(row),
            "retention": rules_of(member.agency)[1].of(What.REFERENCES, gallery=row.name),
            "holds": [hold.public_id for hold in held_gallery(row)],
            "creates": holds(member.roles, Permission.GALLERY_CREATE),
            "enrols": holds(member.roles, Permission.GALLERY_ENROL),
            "erases": holds(member.roles, Permission.REFERENCE_EXPUNGE),
        },
    )


def _pack() -> str:
    try:
        return services().engine.pack.identity
    except PackError:
        return DEFAULT_PACK


def _runs(row: Gallery) -> list[dict[str, Any]]:
    return [{"run": run, "job": job_of(intake.KIND, run.pk)} for run in read.enrolments(row, limit=20)]


@require_http_methods(["GET", "POST"])
def gallery_passport(request: HttpRequest, pk: int) -> HttpResponse:
    """Change the passport."""
    member = member_of(request)
    row = find.gallery_by_key(pk, member)
    initial = {
        "legal_basis": row.legal_basis,
        "source": row.source,
        "owner": row.owner,
        "expires_on": row.expires_on.isoformat(),
        "offences": "\n".join(row.offences),
    }
    form = ChangeForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        change = PassportChange(
            told["legal_basis"], told["source"], told["owner"], told["expires_on"], form.offence_lines()
        )
        try:
            change_passport(row.name, change, reason=told["why"], acting_member=member)
        except Refused as refused:
            say(form, refused)
        else:
            messages.success(request, "The passport is changed. What it said before is in the log.")
            return redirect("gallery", pk)
    return render(request, "galleries/passport.html", {"form": form, "gallery": row})


@require_http_methods(["GET", "POST"])
def gallery_enrol(request: HttpRequest, pk: int) -> HttpResponse:
    """Enrol uploads or a folder of the server, in the background."""
    member = member_of(request)
    row = find.gallery_by_key(pk, member)
    of_folder = "folder" in request.POST
    sent = request.method == "POST"
    upload = UploadForm(request.POST, request.FILES) if sent and not of_folder else UploadForm()
    folder = FolderForm(request.POST if of_folder else None)
    form = folder if of_folder else upload
    if sent and form.is_valid():
        job = _asked(row, form, member)
        if job is not None:
            enqueue(job)
            return redirect("enrolment", pk, job.subject)
    return render(
        request,
        "galleries/enrol.html",
        {"gallery": row, "form": form, "upload": upload, "folder": folder if read.allowed_folders() else None},
    )


def _asked(row: Gallery, form: forms.Form, member: Member) -> Job | None:
    told = form.cleaned_data
    try:
        if isinstance(form, FolderForm):
            return intake.ask_folder(row.pk, told["folder"], told["inside"], acting_member=member)
        uploads = [(str(file.name), file.file) for file in told["pictures"]]
        return intake.ask_files(row.pk, uploads, source_url=told["source_url"], acting_member=member)
    except Refused as refused:
        say(form, refused)
        return None


@require_GET
def enrolment(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """One run of enrolment: its progress, or what came of it. For htmx its progress alone."""
    run = find.enrolment(pk, number, member_of(request))
    job = job_of(intake.KIND, run.pk)
    return render(
        request,
        "galleries/_enrolment.html" if from_htmx(request) else "galleries/enrolment.html",
        {"run": run, "gallery": run.gallery, "job": job, "own": job is not None and job.member_id == request.user.pk},
    )


@require_GET
def enrolment_failure(request: HttpRequest, pk: int, number: int, rank: int) -> HttpResponse:
    """A picture that could not be enrolled, for as long as it is kept; `rank` counts from 1."""
    run = find.enrolment(pk, number, member_of(request))
    blob = run.failed[rank - 1].get("blob") if 0 < rank <= len(run.failed) else None
    if not blob:
        raise Http404
    try:
        return picture(whole_jpeg(blob))
    except (BadMedia, StorageError):
        raise Http404 from None


@require_POST
def enrolment_erase(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Erase the pictures that could not be enrolled, now."""
    intake.erase_failures(pk, number, acting_member=member_of(request))
    messages.success(request, "The pictures that could not be enrolled are erased.")
    return redirect("enrolment", pk, number)


@require_GET
def reference_find(request: HttpRequest) -> HttpResponse:
    """From an id to the page of its reference."""
    public_id = request.GET.get("id", "").strip()
    find.reference(public_id, member_of(request))
    return redirect("reference", public_id)


@require_http_methods(["GET", "POST"])
def reference(request: HttpRequest, public_id: str) -> HttpResponse:
    """One reference, shown to erase it."""
    member = member_of(request)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        pk = find.reference(public_id, member).gallery_id
        try:
            expunging.expunge(public_id, reason=form.cleaned_data["reason"], acting_member=member)
        except Refused as refused:
            say(form, refused, "reason")
        else:
            messages.success(request, f"Reference {public_id} is erased.")
            return redirect("gallery", pk)
    row = expunging.view_reference(public_id, acting_member=member)
    shown(request, row.public_id)
    return render(request, "galleries/reference.html", {"row": row, "form": form})


@require_GET
def reference_picture(request: HttpRequest, public_id: str) -> HttpResponse:
    """The face of a reference that may be erased."""
    row = find.reference(public_id, member_of(request))
    require_shown(request, row.public_id)
    try:
        return picture(face_jpeg(row.blob, row.box, 320))
    except (BadMedia, StorageError):
        raise Http404 from None
