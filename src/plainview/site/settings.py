"""Django settings, read from the workspace that PLAINVIEW_HOME names.

Owns the configuration of the framework. It must never contain a secret itself.
"""

from __future__ import annotations

import secrets

from csp.constants import NONE, SELF

from plainview.casework.enrolment.incoming import MAX_FILES, MAX_TABLES
from plainview.casework.workspace.database import database
from plainview.casework.workspace.folder import current
from plainview.casework.workspace.serving import is_server, serving
from plainview.policy.signing_in import IDLE, LONGEST_SESSION, REAUTHENTICATE
from plainview.site.journal import LINES

_workspace = current()
_key = _workspace.root / "keys" / "secret.key"
_settings = _workspace.settings() if _workspace.settings_file.is_file() else {}
_serving = serving()  # `plainview serve` exports its options before anything imports this module
_secure = bool(_serving.secure)

# What is not the workspace's own key is refused at opening, whatever it is.
SECRET_KEY = (_key.read_bytes().decode("latin-1") if _key.is_file() else "") or secrets.token_urlsafe(48)
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", *_serving.hosts]
ROOT_URLCONF = "plainview.site.urls"
WSGI_APPLICATION = "plainview.site.wsgi.application"
INSTALLED_APPS = [
    "plainview.casework.apps.CaseworkConfig",
    "plainview.web.apps.WebConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    *(["ninja"] if is_server() else []),  # its page and files: a command need not load it
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.socialaccount.providers.saml",
]
MIDDLEWARE = [
    "plainview.web.watching.Watching",
    "plainview.web.hosts.Hosts",
    "django.middleware.security.SecurityMiddleware",
    "plainview.web.assets.Compressed",
    "plainview.web.assets.Assets",
    "csp.middleware.CSPMiddleware",
    "plainview.api.entry.Entry",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "plainview.web.middleware.Surroundings",
    "plainview.web.middleware.Clock",
    "plainview.web.middleware.Seen",
    "plainview.web.middleware.Access",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": [f"plainview.web.templatetags.{name}" for name in ("pairs", "moments", "addresses")],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "plainview.web.context.workspace",
            ],
        },
    }
]
AUTH_USER_MODEL = "casework.Member"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# A program of the server writes lines for a service manager; the command line prints sentences for people.
JOURNAL = LINES  # the worker logs so wherever it runs
LOGGING = JOURNAL if is_server() else {}
LANGUAGE_CODE = "en"
USE_TZ = True
TIME_ZONE = "UTC"
DATABASES = {"default": database(_workspace, _settings)}
# In the database: several processes count the same attempts (allauth's rate limits, used TOTP codes).
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "web_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},  # the default, 300, would drop counters while someone guesses passwords
    }
}

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True  # the files are in the installed packages; there is no build step
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},  # nothing uses it
    "staticfiles": {"BACKEND": "plainview.web.assets.Hashed"},
}

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.ScryptPasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
AUTHENTICATION_BACKENDS = ["plainview.web.adapters.Backend"]
LOGIN_REDIRECT_URL = "home"
LOGIN_URL = "account_login"

ACCOUNT_ADAPTER = "plainview.web.adapters.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # an invitation's code went to the address
ACCOUNT_REAUTHENTICATION_TIMEOUT = int(REAUTHENTICATE.total_seconds())
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_PREVENT_ENUMERATION = True
# An account locks after five failures; these limits slow down a machine that tries many accounts.
ACCOUNT_RATE_LIMITS = {"login": "60/m/ip", "login_failed": "60/m/ip", "saml_acs": "30/m/ip"}
MFA_ADAPTER = "plainview.web.adapters.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_TOLERANCE = 1  # periods of 30 s: phones' clocks differ
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not _secure
USERSESSIONS_TRACK_ACTIVITY = True
SOCIALACCOUNT_ADAPTER = "plainview.web.adapters.SocialAdapter"
SOCIALACCOUNT_AUTO_SIGNUP = False
SOCIALACCOUNT_STORE_TOKENS = False

SESSION_ENGINE = "plainview.web.session_store"
SESSION_COOKIE_AGE = int(LONGEST_SESSION.total_seconds())  # renewed as it is used; web.middleware.Clock ends it
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _secure
# A browser takes a cookie with this prefix only over TLS, from this host alone and for every path.
SESSION_COOKIE_NAME = "__Host-session" if _secure else "session"
CSRF_COOKIE_NAME = "__Host-csrftoken" if _secure else "csrftoken"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "plainview.web.hosts.form_refused"
SECURE_HSTS_SECONDS = 31_536_000 if _secure else 0
SECURE_REFERRER_POLICY = "same-origin"
CSRF_TRUSTED_ORIGINS = _serving.origins  # the scheme, host and address of a request: serving.front, for everything
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "media-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
# Nothing of an upload is ever written in the clear. Django's own handlers are used nowhere.
FILE_UPLOAD_HANDLERS = ["plainview.web.uploads.Sealed"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 << 20  # fields of a form, and a piece of a video; what a page accepts: web.pages
DATA_UPLOAD_MAX_NUMBER_FILES = MAX_FILES + MAX_TABLES  # of one upload into a gallery; more: a page that says what next
assert IDLE.total_seconds() < SESSION_COOKIE_AGE  # noqa: S101  else the cookie would decide

# Without a mail server, letters go into this folder; casework.mail hands them to a server itself.
EMAIL_BACKEND = "plainview.casework.mail.folder.OwnersFolder"
EMAIL_FILE_PATH = str(_workspace.outbox)
