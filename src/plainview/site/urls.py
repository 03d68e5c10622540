"""Every address of the application; who may open it stands in plainview.web.access."""

from __future__ import annotations

from django.urls import include, path

from plainview.web.views import galleries, jobs, leads, log, members, oversight, own, policy

urlpatterns = [
    path("", own.home, name="home"),
    path("jobs/<str:public_id>/", jobs.job, name="job"),
    path("jobs/<str:public_id>/cancel/", jobs.job_cancel, name="job-cancel"),
    path("policy/", policy.policy, name="policy"),
    path("policy/change/", policy.policy_change, name="policy-change"),
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
    path("members/", members.members, name="members"),
    path("members/invite/", members.member_invite, name="member-invite"),
    path("members/<str:public_id>/", members.member, name="member"),
    path("members/<str:public_id>/roles/", members.member_roles, name="member-roles"),
    path("members/<str:public_id>/training/", members.member_training, name="member-training"),
    path("members/<str:public_id>/trial/", members.member_trial, name="member-trial"),
    path("members/<str:public_id>/release/", members.member_release, name="member-release"),
    path("members/<str:public_id>/reset/", members.member_reset, name="member-reset"),
    path("members/<str:public_id>/deactivate/", members.member_deactivate, name="member-deactivate"),
    path("approvals/", oversight.approvals, name="approvals"),
    path("approvals/<str:public_id>/", oversight.approval_decide, name="approval-decide"),
    path("approvals/<str:public_id>/probe.jpg", oversight.approval_picture, name="approval-picture"),
    path("urgent/<str:public_id>/", oversight.urgent_authorise, name="urgent-authorise"),
    path("flags/", oversight.flags, name="flags"),
    path("flags/<str:public_id>/", oversight.flag, name="flag"),
    path("log/", log.log, name="log"),
    path("log/checkpoint", log.log_checkpoint, name="log-checkpoint"),
    path("log/<int:number>/", log.log_entry, name="log-entry"),
    path("log/<int:number>/proof.json", log.log_proof, name="log-proof"),
    path("me/", log.me, name="me"),
    path("me/record.json", log.me_export, name="me-export"),
    path("join/<str:code>/", own.join, name="join"),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("accounts/sso/", include("allauth.socialaccount.urls")),
    path("accounts/", include("allauth.socialaccount.providers.openid_connect.urls")),
    path("accounts/", include("allauth.socialaccount.providers.saml.urls")),
]
