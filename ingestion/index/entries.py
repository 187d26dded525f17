"""The rows of the lexical index that both databases share."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.scoping import TenantOwned

TABLE = "ingestion_lexicalentry"


class LexicalEntry(TenantOwned):
    """A chunk in the lexical index: whose it is and what it may be filtered by. Its terms lie where the database can
    search them: on SQLite in the tenant's FTS5 table under the same row id, on PostgreSQL in a `tsvector` column of
    this table that Django does not know of.

    No foreign keys but the tenant's: this is a copy of what the chunks say, thrown away and built anew at any time.
    """

    chunk_id = models.UUIDField()
    document_id = models.UUIDField()
    collection_id = models.UUIDField()
    language = models.CharField(max_length=12, blank=True)
    length = models.PositiveIntegerField(help_text="terms")

    class Meta(TenantOwned.Meta):
        db_table = TABLE
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "chunk_id"], name="lexical_entry_once_per_chunk")
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["tenant", "document_id"], name="lexical_entry_document"),
            models.Index(fields=["tenant", "language"], name="lexical_entry_language"),
        ]

    def __str__(self) -> str:
        return str(self.chunk_id)
