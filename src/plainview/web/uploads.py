"""Upload of a photograph from a form: in memory only and up to the size limit.

Owns the handler that an upload view sets before the form is read. It must never write the photograph to a file.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler

from plainview.casework.probes.preparations import MAX_BYTES


class InMemory(FileUploadHandler):
    """Keeps a file in memory; one larger than MAX_BYTES is read to its end, but only its size is kept."""

    def new_file(self, *arguments: Any, **options: Any) -> None:
        """Start with an empty file."""
        super().new_file(*arguments, **options)
        self._content, self._size = BytesIO(), 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Keep a piece, unless the file is already too large."""
        self._size += len(raw_data)
        if self._size <= MAX_BYTES:
            self._content.write(raw_data)
        else:
            self._content.truncate(0)

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        """Return the file; one that is too large has its true size and no content."""
        self._content.seek(0)
        return InMemoryUploadedFile(
            self._content, self.field_name, self.file_name, self.content_type, file_size, self.charset
        )
