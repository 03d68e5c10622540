"""Every address of the application; who may open it stands in plainview.web.access."""

from __future__ import annotations

from django.urls import include, path

from plainview.web.views import examining, jobs, own, proficiency, verifying

urlpatterns = [
    path("", own.home, name="home"),
    path("jobs/<str:public_id>/", jobs.job, name="job"),
    path("jobs/<str:public_id>/cancel/", jobs.job_cancel, name="job-cancel"),
    path("examinations/", examining.examination_list, name="examinations"),
    path("searches/<str:public_id>/candidates/<int:rank>/examine/", examining.examination, name="examine"),
    path(
        "searches/<str:public_id>/candidates/<int:rank>/examine/draft/",
        examining.examination_draft,
        name="examine-draft",
    ),
    path(
        "searches/<str:public_id>/candidates/<int:rank>/examine/<str:which>.jpg",
        examining.examination_picture,
        name="examine-picture",
    ),
    path("verifications/", verifying.verification_list, name="verifications"),
    path("verifications/<str:public_id>/", verifying.verification, name="verification"),
    path(
        "verifications/<str:public_id>/probe.jpg", verifying.verification_picture, name="verification-probe"
    ),
    path(
        "verifications/<str:public_id>/faces/<int:position>.jpg",
        verifying.verification_picture,
        name="verification-picture",
    ),
    path(
        "verifications/<str:public_id>/faces/<int:position>/",
        verifying.verification_face,
        name="verification-face",
    ),
    path(
        "verifications/<str:public_id>/faces/<int:position>/draft/",
        verifying.verification_draft,
        name="verification-draft",
    ),
    path("proficiency/", proficiency.proficiency, name="proficiency"),
    path("proficiency/items/", proficiency.proficiency_items, name="proficiency-items"),
    path(
        "proficiency/items/<str:public_id>/retire/", proficiency.proficiency_retire, name="proficiency-retire"
    ),
    path(
        "proficiency/items/<str:public_id>/<str:which>.jpg",
        proficiency.proficiency_picture,
        name="proficiency-picture",
    ),
    path("policy/", own.policy, name="policy"),
    path("sessions/", own.sessions, name="sessions"),
    path("sessions/<int:number>/end/", own.session_end, name="session-end"),
    path("join/<str:code>/", own.join, name="join"),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("accounts/sso/", include("allauth.socialaccount.urls")),
    path("accounts/", include("allauth.socialaccount.providers.openid_connect.urls")),
    path("accounts/", include("allauth.socialaccount.providers.saml.urls")),
]
