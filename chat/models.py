"""Conversations, what was asked and answered in them, and how each tenant wants its answers made."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from chat.comparisons.models import Comparison
from chat.composing.models import SavedPrompt  # noqa: F401 - Django looks for an app's models here
from chat.folders.models import Folder
from chat.gaps.models import GapRequest, KnowledgeGap  # noqa: F401
from chat.images.models import QuestionImage  # noqa: F401
from chat.lines.models import RelevanceLine  # noqa: F401
from chat.quality.models import (  # noqa: F401 - Django looks for an app's models here
    GoldenQuestion,
    GoldenSource,
    QualityResult,
    QualityRun,
    Rating,
)
from chat.sharing.models import Share, SharingRules  # noqa: F401
from tenants.models import Tenant
from tenants.scoping import TenantOwned
from tenants.secrets import EncryptedField


class AnswerSettings(TenantOwned):
    """How a tenant's answers are made. A tenant without a row gets the defaults below."""

    class Mode(models.TextChoices):
        AUTO = "auto", _("Automatic: quote with the starter model, write with any other")
        GENERATIVE = "generative", _("Written by the model, with citations")
        EXTRACTIVE = "extractive", _("Quoted sentences only, nothing invented")

    tenant = models.OneToOneField(Tenant, on_delete=models.CASCADE, related_name="+", editable=False)
    mode = models.CharField(max_length=12, choices=Mode, default=Mode.AUTO)
    temperature = models.FloatField(default=0.2, validators=[MinValueValidator(0.0), MaxValueValidator(2.0)])
    max_tokens = models.PositiveIntegerField(
        default=512,
        validators=[MinValueValidator(32), MaxValueValidator(8192)],
        help_text=_("Longest answer, in tokens."),
    )
    context_tokens = models.PositiveIntegerField(
        default=4096,
        validators=[MinValueValidator(1024), MaxValueValidator(131_072)],
        help_text=_("Prompt and answer together, in tokens. Phi-3.5 needs about 384 KiB of memory for each."),
    )
    passages = models.PositiveSmallIntegerField(
        default=6, validators=[MinValueValidator(1), MaxValueValidator(30)], help_text=_("Most passages in a prompt.")
    )
    system_prompt = models.TextField(
        blank=True, max_length=4000, help_text=_("Added to the built-in instructions, for example a tone or a role.")
    )
    languages = models.JSONField(default=list, blank=True)
    """ISO 639-1 codes that answers may be in; empty is whatever the question is in."""
    suggests = models.BooleanField(
        default=True, help_text=_("Below an answer stand questions that the documents answer as well.")
    )

    class Meta(TenantOwned.Meta):
        verbose_name_plural = "answer settings"

    def __str__(self) -> str:
        return f"Answer settings of {self.tenant}"


class Provider(TenantOwned):
    """One way to reach a model. A tenant's providers are tried in the order of `position`."""

    class Kind(models.TextChoices):
        STARTER = "starter", _("Starter model on this server")
        OLLAMA = "ollama", _("Ollama")
        GITHUB = "github", _("GitHub Models")
        OPENAI = "openai", _("OpenAI-compatible endpoint")

    class Sees(models.TextChoices):
        AUTO = "auto", _("Automatic: by what Ollama says of it, or by its name")
        YES = "yes", _("It can")
        NO = "no", _("It cannot")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=12, choices=Kind)
    preset = models.CharField(max_length=20, blank=True)
    base_url = models.URLField(max_length=300, blank=True)
    model = models.CharField(max_length=200)
    api_key = EncryptedField(blank=True, default="")
    sees = models.CharField(max_length=4, choices=Sees, default=Sees.AUTO)
    """Whether its model takes pictures."""
    position = models.PositiveSmallIntegerField(default=0)
    enabled = models.BooleanField(default=True)
    input_price = models.DecimalField(
        null=True, blank=True, max_digits=12, decimal_places=4, validators=[MinValueValidator(0)]
    )
    """Of a million tokens read; null is not known, and no cost is shown."""
    output_price = models.DecimalField(
        null=True, blank=True, max_digits=12, decimal_places=4, validators=[MinValueValidator(0)]
    )
    """Of a million tokens written."""
    currency = models.CharField(max_length=8, blank=True)
    """As it is shown behind a cost."""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(TenantOwned.Meta):
        ordering: ClassVar[list[str]] = ["position", "created_at"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.model}"


class Conversation(TenantOwned):
    """A thread of questions by one person. Nobody else in the tenant sees it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+")
    title = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now_add=True)
    folder = models.ForeignKey(Folder, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    pinned_at = models.DateTimeField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    imported_at = models.DateTimeField(null=True, blank=True)
    """Nobody here was asked what stands in it: the dashboard does not count it."""
    imported_bytes = models.PositiveIntegerField(default=0, editable=False)
    """How large the file was, which counts as storage."""
    deleted_at = models.DateTimeField(null=True, blank=True)
    """Nobody sees it from then on. A task removes the row, once its reader has had time to take that back."""
    head = models.ForeignKey("Turn", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    """A turn of the branch that is shown (`chat.branches`); null is the one that was asked last."""

    class Meta(TenantOwned.Meta):
        ordering: ClassVar[list[str]] = ["-updated_at"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["tenant", "user", "-updated_at"]),
            models.Index(fields=["deleted_at"], condition=models.Q(deleted_at__isnull=False), name="chat_deleted_at"),
        ]

    def __str__(self) -> str:
        return self.title


class Turn(TenantOwned):
    """A question and its answer. The browser makes the id, so that asking twice asks once."""

    class Status(models.TextChoices):
        RUNNING = "running", _("Being answered")
        COMPLETED = "completed", _("Answered")
        STOPPED = "stopped", _("Stopped")
        FAILED = "failed", _("Failed")
        INTERRUPTED = "interrupted", _("Interrupted")

    id = models.UUIDField(primary_key=True, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="+")
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    """What it follows; null for a first question. Those that follow the same one are branches of the conversation."""
    status = models.CharField(max_length=12, choices=Status, default=Status.RUNNING)
    question = models.TextField()
    collection_ids = models.JSONField(null=True, blank=True)
    document_ids = models.JSONField(null=True, blank=True)
    """What it is searched in: `chat.composing.scopes`. Null where nothing was chosen."""
    image_count = models.PositiveSmallIntegerField(default=0)
    """Of the pictures that came with the question (`QuestionImage`)."""
    answer = models.TextField(blank=True)
    """Markdown, with citations as `[n]`."""
    draft = models.TextField(blank=True)
    """What a weak model wrote below an extractive answer."""
    refused = models.BooleanField(default=False)
    imported = models.BooleanField(default=False, editable=False)
    """It came with a file, and anybody can write one: nothing says that this was ever answered."""
    checked = models.JSONField(null=True)
    """What a comparison of the answer with its passages has found, as `asdict` of a `Checked`; null where none was."""
    notice = models.CharField(max_length=300, blank=True)
    can_go_on = models.BooleanField(default=False)
    """A model wrote it, and it was cut at its longest length or otherwise ends too early."""
    continues = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    """The turn whose answer this one begins with, and goes on with."""
    error_code = models.CharField(max_length=60, blank=True)
    error_message = models.TextField(blank=True)
    error_retryable = models.BooleanField(default=False)

    chosen_provider = models.ForeignKey(Provider, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    """The one that its reader wanted this answer from; null is whichever the organisation has set up."""
    comparison = models.ForeignKey(Comparison, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    """Shared with those that other models answer beside it."""
    provider = models.CharField(max_length=60, blank=True)
    model = models.CharField(max_length=200, blank=True)
    folded = models.TextField(blank=True, default="", editable=False)
    """The distinct words of question and answer as `conversations.searching` compares them, each after a space."""
    search_query = models.TextField(blank=True)
    """The question as it was searched for, where it was rewritten."""
    prompt_tokens = models.PositiveIntegerField(null=True)
    completion_tokens = models.PositiveIntegerField(null=True)
    first_word_ms = models.PositiveIntegerField(null=True)
    elapsed_ms = models.PositiveIntegerField(null=True)
    trace = models.JSONField(default=dict, blank=True)
    """Candidates with their scores, what was cut, the prompt, and the milliseconds of each stage."""
    created_at = models.DateTimeField(auto_now_add=True)
    heartbeat_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta(TenantOwned.Meta):
        ordering: ClassVar[list[str]] = ["created_at"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["tenant", "created_at"]),
            models.Index(fields=["conversation", "created_at"]),
            models.Index(fields=["status", "heartbeat_at"]),
        ]

    def __str__(self) -> str:
        return self.question[:60]

    @property
    def is_running(self) -> bool:
        return self.status == self.Status.RUNNING


class Source(TenantOwned):
    """A passage that was put before the model, as it read then: it stays when the document goes."""

    turn = models.ForeignKey(Turn, on_delete=models.CASCADE, related_name="+")
    number = models.PositiveSmallIntegerField()
    document = models.ForeignKey("ingestion.Document", null=True, on_delete=models.SET_NULL, related_name="+")
    chunk_id = models.UUIDField()
    document_name = models.CharField(max_length=255)
    text = models.TextField()
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    page = models.PositiveIntegerField(null=True)
    last_page = models.PositiveIntegerField(null=True)
    heading = models.CharField(max_length=500, blank=True)
    deciding = models.JSONField(default=list, blank=True)
    """Start and end in `text` of each sentence that the question is most likely answered by."""
    dense = models.FloatField(null=True)
    lexical = models.FloatField(null=True)
    fused = models.FloatField(null=True)
    cited = models.BooleanField(default=False)

    class Meta(TenantOwned.Meta):
        ordering: ClassVar[list[str]] = ["number"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["turn", "number"], name="source_once_per_turn")
        ]
