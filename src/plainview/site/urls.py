"""Every address of the application; who may open it stands in plainview.web.access."""

from __future__ import annotations

from django.urls import include, path

from plainview.web.views import jobs, own

urlpatterns = [
    path("", own.home, name="home"),
    path("jobs/<str:public_id>/", jobs.job, name="job"),
    path("jobs/<str:public_id>/cancel/", jobs.job_cancel, name="job-cancel"),
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
