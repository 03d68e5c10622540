"""Galleries: passport, contents, enrolment with its progress, and erasing one reference.

Nobody browses a gallery here: a reference is shown only to members who may erase it, by its id, and the view is logged.
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
from plainview.casework.enrolment.incoming import MAX_FILES, MAX_TABLES
from plainview.casework.enrolment.read import doubtful
from plainview.casework.erasure import expunge as expunging
from plainview.casework.erasure.read import held_gallery
from plainview.casework.galleries import read
from plainview.casework.galleries.passports import PassportChange, change_passport, create_gallery
from plainview.casework.jobs import job_of
from plainview.casework.models import Gallery, Job, Member
from plainview.casework.pictures import reference_jpeg, whole_jpeg
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


class PassportForm(forms.Form):
    """The passport of a gallery."""

    legal_basis = forms.CharField(
        label="Legal basis", help_text="The law or order that lets the agency hold and search these pictures."
    )
    source = forms.CharField(label="Source", help_text="Where the pictures come from.")
    owner = forms.CharField(label="Owner", max_length=200, help_text="Who is responsible for the gallery.")
    expires_on = forms.DateField(
        label="Last day",
        help_text="After this day nobody can use the gallery until its legal basis is renewed.",
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    offences = forms.CharField(
        label="Offences",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One per line. Empty: every offence in the agency's policy.",
    )

    def offence_lines(self) -> list[str]:
        """Return the offences, one per line of the field."""
        return [line for line in self.cleaned_data["offences"].splitlines() if line.strip()]


class NewGalleryForm(PassportForm):
    """A new gallery."""

    name = forms.CharField(label="Name", max_length=100)
    field_order = ("name",)


class ChangeForm(PassportForm):
    """A change of the passport."""

    why = forms.CharField(label="Reason", help_text="Sealed in the log.")


class _Files(forms.FileInput):
    allow_multiple_selected = True


class _ManyFiles(forms.FileField):
    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile[Any]]:
        """Return every chosen file."""
        rows = data if isinstance(data, list | tuple) else [data]
        return [super(_ManyFiles, self).clean(file, initial) for file in rows if file] or [super().clean(None)]


class UploadForm(forms.Form):
    """Pictures, or ZIP files of pictures."""

    pictures = _ManyFiles(
        label="Pictures, or a ZIP file of pictures",
        widget=_Files(attrs={"multiple": True, "data-most": MAX_FILES + MAX_TABLES}),
        allow_empty_file=True,  # one of 5,000 that is empty is one failure
        help_text="You can add a manifest: a table (CSV, Excel, JSON Lines) with path, source_url, page_url, captured_on, subject.",
    )
    source_url = forms.URLField(
        label="Link to their source",
        required=False,
        assume_scheme="https",
        help_text="Shown with each candidate unless the manifest names another.",
    )
    by_folder = forms.BooleanField(
        label="Each folder in the ZIP file is one person",
        required=False,
        help_text="Its name is the source's number of the person, never a name. Their pictures are one candidate.",
    )


class FolderForm(forms.Form):
    """A folder on the server."""

    folder = forms.ChoiceField(label="Folder on the server")
    inside = forms.CharField(label="Subfolder or manifest", required=False, help_text="Empty: the whole folder.")
    without_manifest = forms.BooleanField(label="Leave manifests in the folder aside", required=False)
    by_folder = forms.BooleanField(
        label="Each folder inside is one person",
        required=False,
        help_text="Its name is the source's number of the person.",
    )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["folder"].choices = [(name, name) for name in read.allowed_folders()]  # type: ignore[attr-defined]


class ReasonForm(forms.Form):
    """The reason for erasing a reference."""

    reason = forms.CharField(
        label="Reason",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="The order or the request. It is sealed in the log.",
    )


@require_GET
def galleries(request: HttpRequest) -> HttpResponse:
    """Show the agency's galleries with their passports."""
    member = member_of(request)
    listed = read.galleries(member)
    sizes = read.gallery_sizes(listed)
    rows = [(gallery, sizes[gallery.pk], _ended(gallery)) for gallery in listed]
    return render(
        request,
        "galleries/list.html",
        {"galleries": rows, "creates": holds(member.roles, Permission.GALLERY_CREATE)},
    )


def _ended(gallery: Gallery) -> bool:
    return gallery.expires_on < timezone.now().date()


@require_http_methods(["GET", "POST"])
def gallery_new(request: HttpRequest) -> HttpResponse:
    """Create a gallery with its passport."""
    member = member_of(request)
    form = NewGalleryForm(request.POST or None, initial={"owner": member.agency.name})
    if request.method == "POST" and form.is_valid():
        form_data = form.cleaned_data
        try:
            gallery = create_gallery(
                form_data["name"],
                legal_basis=form_data["legal_basis"],
                source=form_data["source"],
                owner=form_data["owner"],
                expires_on=form_data["expires_on"],
                offences=form.offence_lines(),
                acting_member=member,
            )
        except Refused as refused:
            say(form, refused)
        else:
            return redirect("gallery", gallery.pk)
    return render(request, "galleries/passport.html", {"form": form, "gallery": None})


@require_GET
def gallery(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one gallery: passport, contents, enrolments."""
    member = member_of(request)
    gallery = find.gallery_by_key(pk, member)
    statistics = read.statistics(gallery, gallery.pack or _pack())
    quality = [(str(ten * 10), count) for ten, count in enumerate(statistics.quality)]
    return render(
        request,
        "galleries/gallery.html",
        {
            "gallery": gallery,
            "contents": statistics,
            "ended": _ended(gallery),
            "width": WIDTH,
            "height": HEIGHT,
            "quality": bars(quality),
            "years": bars([(str(year), count) for year, count in statistics.years.items()]),
            "own_figures": MIN_REFERENCES,
            "loaded": _pack(),
            "runs": _runs(gallery),
            "retention": rules_of(member.agency)[1].of(What.REFERENCES, gallery=gallery.name),
            "holds": [hold.public_id for hold in held_gallery(gallery)],
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


def _runs(gallery: Gallery) -> list[dict[str, Any]]:
    return [{"run": run, "job": job_of(intake.KIND, run.pk)} for run in read.enrolments(gallery, limit=20)]


@require_http_methods(["GET", "POST"])
def gallery_passport(request: HttpRequest, pk: int) -> HttpResponse:
    """Change the passport of a gallery."""
    member = member_of(request)
    gallery = find.gallery_by_key(pk, member)
    initial = {
        "legal_basis": gallery.legal_basis,
        "source": gallery.source,
        "owner": gallery.owner,
        "expires_on": gallery.expires_on.isoformat(),
        "offences": "\n".join(gallery.offences),
    }
    form = ChangeForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        form_data = form.cleaned_data
        change = PassportChange(
            form_data["legal_basis"],
            form_data["source"],
            form_data["owner"],
            form_data["expires_on"],
            form.offence_lines(),
        )
        try:
            change_passport(gallery.name, change, reason=form_data["why"], acting_member=member)
        except Refused as refused:
            say(form, refused)
        else:
            messages.success(request, "Passport changed. The earlier version is in the log.")
            return redirect("gallery", pk)
    return render(request, "galleries/passport.html", {"form": form, "gallery": gallery})


@require_http_methods(["GET", "POST"])
def gallery_enrol(request: HttpRequest, pk: int) -> HttpResponse:
    """Enrol uploads or a folder on the server, in the background."""
    member = member_of(request)
    gallery = find.gallery_by_key(pk, member)
    of_folder = "folder" in request.POST
    sent = request.method == "POST"
    upload = UploadForm(request.POST, request.FILES) if sent and not of_folder else UploadForm()
    folder = FolderForm(request.POST if of_folder else None)
    form = folder if of_folder else upload
    if sent and form.is_valid():
        job = _asked(gallery, form, member)
        if job is not None:
            return redirect("enrolment", pk, job.subject)
    return render(
        request,
        "galleries/enrol.html",
        {"gallery": gallery, "form": form, "upload": upload, "folder": folder if read.allowed_folders() else None},
    )


def _asked(gallery: Gallery, form: forms.Form, member: Member) -> Job | None:
    form_data = form.cleaned_data
    try:
        if isinstance(form, FolderForm):
            return intake.ask_folder(
                gallery.pk,
                form_data["folder"],
                form_data["inside"],
                without_manifest=form_data["without_manifest"],
                by_folder=form_data["by_folder"],
                acting_member=member,
            )
        uploads = [(str(file.name), file.file) for file in form_data["pictures"]]
        asked = {"source_url": form_data["source_url"], "by_folder": form_data["by_folder"]}
        return intake.ask_files(gallery.pk, uploads, **asked, acting_member=member)
    except Refused as refused:
        say(form, refused)
        return None


_DOUBTFUL_SHOWN = 100  # faces on one page


@require_GET
def enrolment(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Show one enrolment: its progress or its outcome; for htmx the progress alone."""
    run = find.enrolment(pk, number, member_of(request))
    job = job_of(intake.KIND, run.pk)
    return render(
        request,
        "galleries/_enrolment.html" if from_htmx(request) else "galleries/enrolment.html",
        {
            "run": run,
            "gallery": run.gallery,
            "job": job,
            "own": job is not None and job.member_id == request.user.pk,
            "doubtful": doubtful(run, _DOUBTFUL_SHOWN),
        },
    )


@require_GET
def enrolment_failure(request: HttpRequest, pk: int, number: int, rank: int) -> HttpResponse:
    """Return a picture that could not be enrolled, while it is kept; `rank` counts from 1."""
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
    """Erase the pictures that could not be enrolled."""
    intake.erase_failures(pk, number, acting_member=member_of(request))
    messages.success(request, "The pictures that could not be enrolled were erased.")
    return redirect("enrolment", pk, number)


@require_GET
def reference_find(request: HttpRequest) -> HttpResponse:
    """Go from an id to the page of its reference."""
    public_id = request.GET.get("id", "").strip()
    find.reference(public_id, member_of(request))
    return redirect("reference", public_id)


@require_http_methods(["GET", "POST"])
def reference(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show one reference, and erase it."""
    member = member_of(request)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        pk = find.reference(public_id, member).gallery_id
        try:
            expunging.expunge(public_id, reason=form.cleaned_data["reason"], acting_member=member)
        except Refused as refused:
            say(form, refused, "reason")
        else:
            messages.success(request, f"Reference {public_id} was erased.")
            return redirect("gallery", pk)
    reference = expunging.view_reference(public_id, acting_member=member)
    shown(request, reference.public_id)
    return render(request, "galleries/reference.html", {"reference": reference, "form": form})


@require_GET
def reference_picture(request: HttpRequest, public_id: str) -> HttpResponse:
    """Return the face of a reference that may be erased."""
    reference = find.reference(public_id, member_of(request))
    require_shown(request, reference.public_id)
    try:
        return picture(reference_jpeg(reference, 320), lasting=True)
    except (BadMedia, StorageError):
        raise Http404 from None
