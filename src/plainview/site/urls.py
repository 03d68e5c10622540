"""Every address of the application; who may open it stands in plainview.web.access."""

from __future__ import annotations

from django.urls import include, path

from plainview.web.views import jobs, own, stills, videos

urlpatterns = [
    path("", own.home, name="home"),
    path("jobs/<str:public_id>/", jobs.job, name="job"),
    path("jobs/<str:public_id>/cancel/", jobs.job_cancel, name="job-cancel"),
    path("videos/", videos.video_list, name="videos"),
    path("videos/begin/", videos.video_begin, name="video-begin"),
    path("videos/<str:public_id>/", videos.video, name="video"),
    path("videos/<str:public_id>/received/", videos.video_received, name="video-received"),
    path("videos/<str:public_id>/part/", videos.video_part, name="video-part"),
    path("videos/<str:public_id>/finish/", videos.video_finish, name="video-finish"),
    path("videos/<str:public_id>/discard/", videos.video_discard, name="video-discard"),
    path("videos/<str:public_id>/faces/", videos.video_faces, name="video-faces"),
    path("videos/<str:public_id>/again/", videos.video_again, name="video-again"),
    path("videos/<str:public_id>/erase/", videos.video_erase, name="video-erase"),
    path("videos/<str:public_id>/stills/<str:kind>/", videos.video_stills, name="video-stills"),
    path("stills/<str:public_id>/", stills.still, name="still"),
    path("stills/<str:public_id>/thumbnail.jpg", stills.still_thumbnail, name="still-thumbnail"),
    path("stills/<str:public_id>/frame.jpg", stills.still_picture, name="still-frame"),
    path("stills/<str:public_id>/pick/", stills.still_pick, name="still-pick"),
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
