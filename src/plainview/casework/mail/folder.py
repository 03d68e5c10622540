"""Writing letters into the workspace's folder `outbox`, where no mail server is named. Only its owner can read them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.core.mail.backends.filebased import EmailBackend


class OwnersFolder(EmailBackend):
    """Django's backend, with folder and files that only their owner may read."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Make the folder, mode 0700."""
        super().__init__(*arguments, **options)
        Path(self.file_path).chmod(0o700)

    def open(self) -> bool:
        """Open the file of this letter, mode 0600."""
        if self.stream:
            return False
        name = self._get_filename()  # type: ignore[attr-defined]
        self.stream = os.fdopen(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")  # type: ignore[assignment]
        return True
