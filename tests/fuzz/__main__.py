"""`python -m tests.fuzz`: Django first, for a workspace that is gone with the run; see drive.py."""

import os
import tempfile
from pathlib import Path

import django

_MEMORY = Path("/dev/shm")  # noqa: S108

if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="plainview-fuzz-", dir=_MEMORY if _MEMORY.is_dir() else None) as home:
        os.environ |= {"PLAINVIEW_HOME": f"{home}/workspace", "DJANGO_SETTINGS_MODULE": "plainview.site.settings"}
        os.environ["TMPDIR"] = tempfile.tempdir = home
        django.setup()

        from tests.fuzz import drive

        drive.main()
