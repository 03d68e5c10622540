"""Every address of the application, built from the table of `plainview.web.pages`, and the addresses of the sign-in library."""

from __future__ import annotations

from django.urls import include, path

from plainview.web.pages import PAGES

handler500 = "plainview.web.views.status.server_error"

urlpatterns = [
    *(path(page.route, page.view, dict(page.options), name=page.name) for page in PAGES),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("accounts/sso/", include("allauth.socialaccount.urls")),
    path("accounts/", include("allauth.socialaccount.providers.openid_connect.urls")),
    path("accounts/", include("allauth.socialaccount.providers.saml.urls")),
]

handler400 = "plainview.web.hosts.bad_request"
