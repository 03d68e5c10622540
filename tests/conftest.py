"""Every test gets a workspace of its own outside the repository; none may touch one that a person made."""

from __future__ import annotations

import os
import tempfile

os.environ["PLAINVIEW_HOME"] = os.path.join(tempfile.mkdtemp(prefix="plainview-test-"), "workspace")  # noqa: PTH118
