"""Every address of the application; who may open it stands in plainview.web.access."""

from __future__ import annotations

from django.urls import include, path

from plainview.web.views import (
    alerts,
    candidates,
    cases,
    examining,
    jobs,
    own,
    prepare,
    proficiency,
    searching,
    verifying,
)

urlpatterns = [
    path("", own.home, name="home"),
    path("alerts/", alerts.alert_list, name="alerts"),
    path("alerts/preference/", alerts.alert_preference, name="alert-preference"),
    path("alerts/<str:public_id>/unmute/", alerts.alert_unmute, name="alert-unmute"),
    path("alerts/<str:public_id>/<str:act>/", alerts.alert_act, name="alert-act"),
    path("jobs/<str:public_id>/", jobs.job, name="job"),
    path("jobs/<str:public_id>/cancel/", jobs.job_cancel, name="job-cancel"),
    path("cases/", cases.cases, name="cases"),
    path("cases/open/", cases.case_open, name="case-open"),
    path("cases/<int:number>/", cases.case, name="case"),
    path("cases/<int:number>/close/", cases.case_close, name="case-close"),
    path("prepare/", prepare.prepare, name="prepare"),
    path("prepare/<str:public_id>/", prepare.preparation, name="preparation"),
    path("prepare/<str:public_id>/picture.jpg", prepare.preparation_picture, name="preparation-picture"),
    path("prepare/<str:public_id>/face.jpg", prepare.preparation_face, name="preparation-face"),
    path("prepare/<str:public_id>/save/", prepare.preparation_save, name="preparation-save"),
    path("prepare/<str:public_id>/edit/", prepare.preparation_edit, name="preparation-edit"),
    path("prepare/<str:public_id>/again/", prepare.preparation_again, name="preparation-again"),
    path("prepare/<str:public_id>/discard/", prepare.preparation_discard, name="preparation-discard"),
    path("prepare/<str:public_id>/approval/", prepare.preparation_approval, name="preparation-approval"),
    path("prepare/<str:public_id>/search/", searching.preparation_search, name="preparation-search"),
    path("searches/<str:public_id>/", candidates.search, name="search"),
    path("searches/<str:public_id>/probe.jpg", candidates.search_probe, name="search-probe"),
    path(
        "searches/<str:public_id>/candidates/<int:rank>/face.jpg",
        candidates.candidate_face,
        name="candidate-face",
    ),
    path(
        "searches/<str:public_id>/candidates/<int:rank>/whole.jpg",
        candidates.candidate_whole,
        name="candidate-whole",
    ),
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
