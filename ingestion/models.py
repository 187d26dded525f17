"""Documents, what was understood of them, and the passages that are searched. SQL is the truth; the indexes follow."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ingestion.index.entries import LexicalEntry  # noqa: F401 - Django looks for an app's models here
from ingestion.index.passage_words import PassageWords  # noqa: F401
from ingestion.sentences import told
from tenants.scoping import TenantOwned


class Collection(TenantOwned):
    """A shelf of documents."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120)
    searched = models.BooleanField(default=True, help_text=_("Answers are looked for in here."))
    embedder_fingerprint = models.CharField(max_length=64, blank=True, editable=False)
    """The embedder whose vectors its documents have; set by the first document."""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(TenantOwned.Meta):
        ordering: ClassVar[list[str]] = ["name"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "name"], name="collection_name_once_per_tenant")
        ]

    def __str__(self) -> str:
        return self.name


class Document(TenantOwned):
    """One uploaded file and how far its reading has come.

    Files of one name and folder in a collection are versions of each other: they share `series`, and the one with the
    highest `version` that has become ready is the one that is searched.
    """

    class Status(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        RUNNING = "running", _("Being read")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")
        SUPERSEDED = "superseded", _("Older version")
        DELETING = "deleting", _("Being deleted")

    class Stage(models.TextChoices):
        """The steps in their order; `stage` is the one under way, or the one that failed."""

        READING = "reading", _("Reading")
        SPLITTING = "splitting", _("Splitting")
        EMBEDDING = "embedding", _("Embedding")
        INDEXING = "indexing", _("Indexing")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    collection = models.ForeignKey(
        Collection, on_delete=models.CASCADE, related_name="documents", related_query_name="document"
    )
    name = models.CharField(max_length=255)
    folder = models.CharField(max_length=500, blank=True)
    """Its place in the folder or archive that it was uploaded in, parts separated by "/"."""
    series = models.UUIDField(default=uuid.uuid4, editable=False)
    version = models.PositiveIntegerField(default=1)
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="children", related_query_name="child"
    )
    """The archive or message that it came in."""
    source_url = models.CharField(max_length=2_000, blank=True)
    media_type = models.CharField(max_length=120)
    size = models.BigIntegerField(help_text=_("bytes"))
    sha256 = models.CharField(max_length=64)
    file = models.FileField(max_length=300)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    stage = models.CharField(max_length=10, choices=Stage, default=Stage.READING)
    done = models.PositiveIntegerField(default=0)
    """How much of the stage is behind us: pages while reading, chunks afterwards."""
    total = models.PositiveIntegerField(default=0)
    seconds_left = models.PositiveIntegerField(null=True, blank=True, editable=False)
    """Until the end of the stage, at the speed so far."""
    error_code = models.CharField(max_length=60, blank=True)
    error_message = models.TextField(blank=True)
    """In English; `error_told` is in the reader's language."""
    error_made_of = models.JSONField(default=dict, blank=True, editable=False)
    """See `ingestion.sentences`."""
    error_retryable = models.BooleanField(default=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    cancel_requested = models.BooleanField(default=False)
    lease_owner = models.CharField(max_length=64, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField(null=True, blank=True)
    """A waiting document is left alone until then."""
    started_at = models.DateTimeField(null=True, blank=True)
    """When a worker last took it up."""
    ready_at = models.DateTimeField(null=True, blank=True)
    searchable = models.BooleanField(default=False, editable=False)
    """Answers may use the passages of it that are embedded; never true of two versions."""

    title = models.CharField(max_length=300, blank=True)
    language = models.CharField(max_length=12, blank=True)
    page_count = models.PositiveIntegerField(null=True, blank=True)
    char_count = models.PositiveIntegerField(default=0)
    chunk_count = models.PositiveIntegerField(default=0)
    chunker_version = models.CharField(max_length=60, blank=True)
    embedder_fingerprint = models.CharField(max_length=64, blank=True)
    """The embedder whose vectors are searched."""
    other_fingerprint = models.CharField(max_length=64, blank=True, editable=False)
    """Another one whose vectors it has too: the one that is being changed to, or the one that was."""
    timings = models.JSONField(default=dict, blank=True)
    """Milliseconds per stage."""
    left_out = models.JSONField(default=list, blank=True)
    """Files inside this one that became no documents, and pages that could not be read: {"name", "message"} of each,
    in English, and "made_of" of both where there is more to tell than that."""

    class Meta(TenantOwned.Meta):
        ordering: ClassVar[list[str]] = ["-created_at"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["tenant", "collection", "sha256"],
                condition=~Q(status="deleting"),
                name="document_once_per_collection",
            ),
            models.UniqueConstraint(fields=["tenant", "series", "version"], name="version_once_per_series"),
            models.CheckConstraint(
                condition=Q(searchable=False) | Q(status__in=["queued", "running", "ready"]),
                name="what_has_ended_otherwise_is_not_searched",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["tenant", "collection", "-created_at"]),
            models.Index(fields=["status", "lease_expires_at"]),
            models.Index(fields=["status", "tenant", "created_at"], name="document_queue"),
            models.Index(fields=["tenant", "series", "-version"], name="document_versions"),
            models.Index(fields=["tenant", "-started_at"], name="document_last_served"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_busy(self) -> bool:
        return self.status in {self.Status.QUEUED, self.Status.RUNNING}

    @property
    def percent(self) -> int | None:
        """How much of the stage is done; None where it cannot be counted."""
        return round(100 * self.done / self.total) if self.total else None

    @property
    def error_told(self) -> str:
        return told(self.error_message, self.error_made_of)

    @property
    def left_out_told(self) -> list[dict[str, str]]:
        return [_told_entry(each) for each in self.left_out]

    @property
    def can_retry(self) -> bool:
        return self.status in {self.Status.FAILED, self.Status.CANCELLED}


def _told_entry(entry: dict[str, Any]) -> dict[str, str]:
    """The name is a file's, which is nobody's to translate, unless it was made of something."""
    name, made_of = entry["name"], entry.get("made_of", {})
    return {
        "name": told(name, made_of["name"]) if "name" in made_of else name,
        "message": told(entry["message"], made_of.get("message")),
    }


class DocumentEvent(TenantOwned):
    """Something that has happened to a document, for whoever asks later. Rows are only ever added."""

    class Kind(models.TextChoices):
        UPLOADED = "uploaded", _("Uploaded")
        STARTED = "started", _("Reading began")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Failed")
        POSTPONED = "postponed", _("To be tried again")
        TAKEN_OVER = "taken_over", _("The process that read it ended; another one goes on")
        CANCELLED = "cancelled", _("Cancelled")
        RETRIED = "retried", _("Tried again by hand")
        REREAD = "reread", _("To be read from the beginning")
        RESTORED = "restored", _("Restored as the newest version")
        SUPERSEDED = "superseded", _("Replaced by a newer version")
        MOVED = "moved", _("Moved to another collection")

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    kind = models.CharField(max_length=12, choices=Kind)
    actor_name = models.CharField(max_length=254, blank=True)
    detail = models.TextField(blank=True)
    detail_made_of = models.JSONField(default=dict, blank=True, editable=False)
    """See `ingestion.sentences`."""

    class Meta(TenantOwned.Meta):
        ordering: ClassVar[list[str]] = ["at", "pk"]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["document", "at"], name="document_history")]

    def __str__(self) -> str:
        return f"{self.document_id} {self.kind}"

    @property
    def detail_told(self) -> str:
        """Of what was moved it is the name of a collection."""
        return self.detail if self.kind == self.Kind.MOVED else told(self.detail, self.detail_made_of)


class PendingUpload(TenantOwned):
    """A file of which a part has arrived (see `ingestion.resumable`); nobody's but the person's who sends it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    collection = models.ForeignKey(Collection, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    """Where the document will be; None for wherever uploads go when none is named."""
    name = models.CharField(max_length=255)
    folder = models.CharField(max_length=500, blank=True)
    metadata = models.CharField(max_length=4_000, blank=True)
    """As the browser has written it, which may ask for it again."""
    length = models.BigIntegerField(help_text=_("bytes"))
    offset = models.BigIntegerField(default=0, help_text=_("bytes"))
    """How much has arrived."""
    document = models.ForeignKey(Document, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    """What became of it. The row stays for a while, for a browser that the answer has not reached."""
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta(TenantOwned.Meta):
        ordering: ClassVar[list[str]] = ["-created_at"]

    def __str__(self) -> str:
        return self.name


class IngestionSettings(TenantOwned):
    """How an organisation wants its documents read."""

    ocr_languages = models.JSONField(default=list, blank=True)
    """Of text in pictures, as Tesseract names them; empty for those of the interface."""
    embedder = models.CharField(max_length=60, blank=True, editable=False)
    """The name of an embedder among `RAZGOVOR_EMBEDDERS`; empty for the server's own."""

    class Meta(TenantOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant"], name="ingestion_settings_once_per_tenant")
        ]

    def __str__(self) -> str:
        return str(self.tenant_id)


class EmbedderChange(TenantOwned):
    """The building of a second set of vectors beside the first, and the switch to it: `ingestion.embedder_change`."""

    class Status(models.TextChoices):
        BUILDING = "building", _("Being prepared")
        SWITCHED = "switched", _("In use; the old one is kept for a day")
        ENDED = "ended", _("In use")
        CANCELLED = "cancelled", _("Cancelled")
        FAILED = "failed", _("Failed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    source = models.CharField(max_length=60, blank=True)
    source_fingerprint = models.CharField(max_length=64, blank=True)
    target = models.CharField(max_length=60, blank=True)
    target_fingerprint = models.CharField(max_length=64, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.BUILDING)
    cursor = models.JSONField(default=dict, blank=True)
    """How far the document in hand has come: its id, when it became ready, and the number of the next chunk."""
    error_message = models.TextField(blank=True)
    error_made_of = models.JSONField(default=dict, blank=True, editable=False)
    """See `ingestion.sentences`."""
    started_by = models.CharField(max_length=254, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    switched_at = models.DateTimeField(null=True, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)

    class Meta(TenantOwned.Meta):
        ordering: ClassVar[list[str]] = ["-created_at"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["tenant"], condition=Q(status="building"), name="one_embedder_change_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"{self.source or 'default'} → {self.target or 'default'}"

    @property
    def error_told(self) -> str:
        return told(self.error_message, self.error_made_of)


class DocumentSection(TenantOwned):
    """A stretch of a document's text as it was understood. `start` is its character offset in the whole text."""

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="+")
    ordinal = models.PositiveIntegerField()
    text = models.TextField()
    start = models.PositiveIntegerField()
    page = models.PositiveIntegerField(null=True)
    heading = models.JSONField(default=list)

    class Meta(TenantOwned.Meta):
        ordering: ClassVar[list[str]] = ["ordinal"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["document", "ordinal"], name="section_once_per_document")
        ]


class Chunk(TenantOwned):
    """A passage that is searched. `embedded` says that its vector is in Chroma."""

    id = models.UUIDField(primary_key=True, editable=False)
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="+")
    ordinal = models.PositiveIntegerField()
    text = models.TextField()
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    page = models.PositiveIntegerField(null=True)
    last_page = models.PositiveIntegerField(null=True)
    heading = models.CharField(max_length=500, blank=True)
    embedded = models.BooleanField(default=False)

    class Meta(TenantOwned.Meta):
        ordering: ClassVar[list[str]] = ["ordinal"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["document", "ordinal"], name="chunk_once_per_document")
        ]
