"""Every address of the application; who may open it stands in plainview.web.access."""

from __future__ import annotations

from django.urls import include, path

from plainview.web.views import galleries, jobs, leads, own

urlpatterns = [
    path("", own.home, name="home"),
    path("jobs/<str:public_id>/", jobs.job, name="job"),
    path("jobs/<str:public_id>/cancel/", jobs.job_cancel, name="job-cancel"),
    path("policy/", own.policy, name="policy"),
    path("sessions/", own.sessions, name="sessions"),
    path("sessions/<int:number>/end/", own.session_end, name="session-end"),
    path("leads/", leads.leads, name="leads"),
    path("leads/<str:public_id>/", leads.lead, name="lead"),
    path("leads/<str:public_id>/evidence/", leads.evidence, name="lead-evidence"),
    path("leads/<str:public_id>/outcome/", leads.outcome, name="lead-outcome"),
    path("leads/<str:public_id>/sheet.pdf", leads.sheet, name="lead-sheet"),
    path("leads/<str:public_id>/<str:which>.jpg", leads.lead_picture, name="lead-picture"),
    path("examinations/<str:public_id>/release/", leads.release, name="release"),
    path("examinations/<str:public_id>/withhold/", leads.withhold, name="withhold"),
    path(
        "examinations/<str:public_id>/release/<str:which>.jpg", leads.release_picture, name="release-picture"
    ),
    path("galleries/", galleries.galleries, name="galleries"),
    path("galleries/new/", galleries.gallery_new, name="gallery-new"),
    path("galleries/<int:pk>/", galleries.gallery, name="gallery"),
    path("galleries/<int:pk>/passport/", galleries.gallery_passport, name="gallery-passport"),
    path("galleries/<int:pk>/enrol/", galleries.gallery_enrol, name="gallery-enrol"),
    path("galleries/<int:pk>/enrolments/<int:number>/", galleries.enrolment, name="enrolment"),
    path(
        "galleries/<int:pk>/enrolments/<int:number>/erase/", galleries.enrolment_erase, name="enrolment-erase"
    ),
    path(
        "galleries/<int:pk>/enrolments/<int:number>/failures/<int:rank>.jpg",
        galleries.enrolment_failure,
        name="enrolment-failure",
    ),
    path("references/", galleries.reference_find, name="reference-find"),
    path("references/<str:public_id>/", galleries.reference, name="reference"),
    path("references/<str:public_id>/face.jpg", galleries.reference_picture, name="reference-picture"),
    path("join/<str:code>/", own.join, name="join"),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("accounts/sso/", include("allauth.socialaccount.urls")),
    path("accounts/", include("allauth.socialaccount.providers.openid_connect.urls")),
    path("accounts/", include("allauth.socialaccount.providers.saml.urls")),
]
