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
