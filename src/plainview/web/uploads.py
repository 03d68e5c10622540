"""Taking a photograph from a form: in memory only, never into a file, and no more of it than is allowed.

Owns the handler that a view of uploads sets before the form is read.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler

from plainview.casework.probes.preparations import MAX_BYTES


class InMemory(FileUploadHandler):
    """Keeps a file in memory; one larger than MAX_BYTES is read to its end and dropped but for its size."""

    def new_file(self, *arguments: Any, **options: Any) -> None:
        """Begin with an empty file."""
        super().new_file(*arguments, **options)
        self._held, self._size = BytesIO(), 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Keep a piece, unless the file is too large already."""
        self._size += len(raw_data)
        if self._size <= MAX_BYTES:
            self._held.write(raw_data)
        else:
            self._held.truncate(0)

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        """The file; one that was too large has its true size and no content."""
        self._held.seek(0)
        return InMemoryUploadedFile(
            self._held, self.field_name, self.file_name, self.content_type, file_size, self.charset
        )
