"""What can happen to a document.

IngestionError
├── UploadRefused        the file was not taken: size, type, quota
├── DocumentUnreadable   the file was taken, but no text could be got out of it; trying again does not help
├── ReaderDied           the process that read the file has died; retryable
├── AddressUnavailable   the server at a web address does not answer; retryable
├── IngestionCancelled   a person asked for it
├── EmbedderUnavailable  the embedding server does not answer; retryable
├── EmbedderRefused      the embedding server answered that it cannot do this
└── IndexUnavailable     Chroma or the lexical index does not answer; retryable
"""

from __future__ import annotations

from project.errors import AppError


class IngestionError(AppError):
    code = "ingestion.failed"


class UploadRefused(IngestionError):
    code = "upload.refused"


class DocumentUnreadable(IngestionError):
    code = "document.unreadable"


class ReaderDied(IngestionError):
    code = "reader.died"
    retryable = True


class AddressUnavailable(IngestionError):
    code = "address.unavailable"
    retryable = True


class IngestionCancelled(IngestionError):
    code = "ingestion.cancelled"


class EmbedderUnavailable(IngestionError):
    code = "embedder.unavailable"
    retryable = True


class EmbedderRefused(IngestionError):
    code = "embedder.refused"


class IndexUnavailable(IngestionError):
    code = "index.unavailable"
    retryable = True
