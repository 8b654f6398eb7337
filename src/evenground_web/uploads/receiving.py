"""A file as it arrives: written to the site's own folder, counted, and stopped at the limit."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import IO, Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload


class LimitedUpload(FileUploadHandler):
    """Writes what arrives to a file that nobody else can read, which is gone when it is closed.

    Past ``limit`` bytes nothing more is written, the file goes at once, and ``is_too_large`` says so.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        super().__init__()
        self.folder, self.limit = folder, limit
        self.is_too_large = False
        self.digest: Any = hashlib.sha256()
        self._file: IO[bytes] | None = None
        self._size = 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """A file begins."""
        super().new_file(*args, **kwargs)
        self.digest, self._size = hashlib.sha256(), 0
        # Closed by Django with the request, or below where the file goes past the limit.
        self._file = tempfile.NamedTemporaryFile(dir=self.folder, prefix="incoming-")  # noqa: SIM115

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """A piece of it."""
        self._size += len(raw_data)
        if self._size > self.limit:
            self.is_too_large = True
            self.upload_interrupted()
            raise StopUpload(connection_reset=False)
        if self._file:
            self.digest.update(raw_data)
            self._file.write(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile[Any] | None:
        """The file as forms take it."""
        if not self._file:
            return None
        self._file.flush()
        self._file.seek(0)
        return UploadedFile(
            file=self._file,
            name=self.file_name,
            content_type=self.content_type,
            size=self._size,
            charset=self.charset,
        )

    def upload_interrupted(self) -> None:
        """What was written of it goes."""
        if self._file:
            self._file.close()
            self._file = None
