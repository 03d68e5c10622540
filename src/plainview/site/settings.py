"""Django settings, read from the workspace that PLAINVIEW_HOME names.

Owns what the framework needs to know; it must never hold a secret itself.
"""

from __future__ import annotations

import secrets

from plainview.casework.workspace import current

_workspace = current()
_key = _workspace.root / "keys" / "secret.key"

SECRET_KEY = _key.read_text("ascii") if _key.is_file() else secrets.token_urlsafe(48)
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
INSTALLED_APPS = ["plainview.casework.apps.CaseworkConfig"]
AUTH_USER_MODEL = "casework.Member"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(_workspace.database),
        "OPTIONS": {
            # A writer takes its lock at once and waits for it, instead of failing half way (DESIGN decision 1).
            "transaction_mode": "IMMEDIATE",
            "timeout": 30,
            # FULL: a committed audit entry survives a power cut (DESIGN decision 5).
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        },
    }
}

# Letters go to the mail server that workspace.toml names under [mail]; without one, into the workspace's outbox.
_settings = current().settings() if current().settings_file.is_file() else {}
_mail = _settings.get("mail") or {}
if isinstance(_mail, dict) and _mail.get("host"):
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST = str(_mail["host"])
    EMAIL_PORT = int(_mail.get("port", 587))
    EMAIL_USE_TLS = bool(_mail.get("tls", True))
    EMAIL_HOST_USER = str(_mail.get("user", ""))
    EMAIL_HOST_PASSWORD = str(_mail.get("password", ""))
    EMAIL_TIMEOUT = 30
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = str(_workspace.outbox)
DEFAULT_FROM_EMAIL = str(_mail.get("from", "plainview@localhost")) if isinstance(_mail, dict) else ""
