"""What readers thought of answers, questions whose answers are known, and what runs over them have found."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ingestion.sentences import told
from tenants.scoping import TenantOwned

COMMENT_CHARS = 500
QUESTION_CHARS = 500
"""What PostgreSQL can hold unique in any script, and longer than any question that is asked twice."""
ANSWER_CHARS = 4_000
NAME_CHARS = 80


class Rating(TenantOwned):
    """What a reader thought of an answer. Whoever rates is told that admins see the question and the answer by that."""

    class Reason(models.TextChoices):
        NONE = "", _("No reason given")
        WRONG = "wrong", _("Wrong")
        INCOMPLETE = "incomplete", _("Incomplete")
        SOURCES = "sources", _("Wrong sources")
        OUTDATED = "outdated", _("Out of date")
        BESIDE = "beside", _("Beside the question")

    turn = models.ForeignKey("chat.Turn", on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    helpful = models.BooleanField()
    reason = models.CharField(max_length=12, choices=Reason, blank=True, default=Reason.NONE)
    """Why it was not helpful."""
    comment = models.CharField(max_length=COMMENT_CHARS, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta(TenantOwned.Meta):
        ordering: ClassVar[list[str]] = ["-updated_at"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["turn", "user"], name="rating_once_per_person")
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["tenant", "-updated_at"], name="rating_latest")]

    def __str__(self) -> str:
        return "👍" if self.helpful else "👎"


class GoldenQuestion(TenantOwned):
    """A question whose answer is known, or known not to be in the documents of its collection."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    collection = models.ForeignKey("ingestion.Collection", on_delete=models.CASCADE, related_name="+")
    text = models.CharField(max_length=QUESTION_CHARS)
    answerable = models.BooleanField(default=True)
    expected_answer = models.TextField(max_length=ANSWER_CHARS, blank=True)
    key_phrases = models.JSONField(default=list, blank=True)
    """What has to stand in an answer, whatever else does: a list of texts."""
    turn = models.ForeignKey("chat.Turn", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    """The rated answer that it was taken from."""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(TenantOwned.Meta):
        ordering: ClassVar[list[str]] = ["created_at", "pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "collection", "text"], name="golden_question_once_per_collection")
        ]

    def __str__(self) -> str:
        return self.text[:60]


class GoldenSource(TenantOwned):
    """Where the answer to a golden question stands. The more is said, the more a passage has to fulfil to count."""

    question = models.ForeignKey(
        GoldenQuestion, on_delete=models.CASCADE, related_name="sources", related_query_name="source"
    )
    series = models.UUIDField()
    """Of the document: whichever of its versions is searched will do."""
    document_name = models.CharField(max_length=760)
    """With its folder, as it was called then."""
    page = models.PositiveIntegerField(null=True, blank=True)
    text = models.TextField(max_length=ANSWER_CHARS, blank=True)
    """Of the passage."""

    class Meta(TenantOwned.Meta):
        ordering: ClassVar[list[str]] = ["pk"]

    def __str__(self) -> str:
        return self.document_name


class QualityRun(TenantOwned):
    """One pass over the golden questions of some collections with one configuration (`chat.quality.configuration`)."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Running")
        COMPLETED = "completed", _("Completed")
        CANCELLED = "cancelled", _("Cancelled")
        FAILED = "failed", _("Failed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=NAME_CHARS)
    collection_ids = models.JSONField(default=list)
    """In order, so that equal choices are equal: runs over other collections are another history."""
    collection_names = models.JSONField(default=list)
    configuration = models.JSONField(default=dict, blank=True)
    """What is different from the organisation's settings."""
    setup = models.JSONField(default=dict, blank=True)
    """What answers were made with in effect: settings change, and a run says what was measured."""
    with_answers = models.BooleanField(default=False)
    is_baseline = models.BooleanField(default=False)
    """The one that later runs over the same collections are compared with."""
    status = models.CharField(max_length=10, choices=Status, default=Status.WAITING)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    figures = models.JSONField(default=dict, blank=True)
    error_message = models.TextField(blank=True)
    """`error_told` is the same in the reader's language, as far as it is known what it was made of."""
    error_made_of = models.JSONField(default=dict, blank=True, editable=False)
    shadow_id = models.UUIDField(null=True, blank=True, editable=False)
    """The throw-away copy of the documents that is searched (`ingestion.shadows`), where there is one."""
    started_by = models.CharField(max_length=254, blank=True)
    language = models.CharField(max_length=16, blank=True, editable=False)
    """Theirs, in which it is said what a provider has to say."""
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    """Until then a worker is at it."""
    alive_at = models.DateTimeField(auto_now_add=True)
    """When somebody was last at it, or has sent a message that goes on with it."""

    class Meta(TenantOwned.Meta):
        ordering: ClassVar[list[str]] = ["-created_at"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant"], condition=Q(status="running"), name="one_quality_run_at_a_time")
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["tenant", "-created_at"], name="quality_latest")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        return self.status in {self.Status.WAITING, self.Status.RUNNING}

    @property
    def error_told(self) -> str:
        return told(self.error_message, self.error_made_of)


class QualityResult(TenantOwned):
    """What one golden question came to in a run, with what was expected then: the question may change or go."""

    run = models.ForeignKey(QualityRun, on_delete=models.CASCADE, related_name="results", related_query_name="result")
    question = models.ForeignKey(GoldenQuestion, null=True, on_delete=models.SET_NULL, related_name="+")
    ordinal = models.PositiveIntegerField()
    text = models.CharField(max_length=QUESTION_CHARS)
    answerable = models.BooleanField()
    expected = models.JSONField(default=list)
    """The sources: {"document", "page", "text", "rank"} of each; `rank` counts from 1 and is None of one not found."""
    passages = models.JSONField(default=list)
    """The best ones that were found, best first: {"document", "page", "heading", "excerpt", "wanted", "sent"}."""
    refused = models.BooleanField(null=True)
    answer = models.TextField(blank=True)
    answer_match = models.FloatField(null=True)
    """How much of what was expected stands in the answer, 0 to 1."""
    sentences = models.PositiveIntegerField(null=True)
    """That were checked against the passages they cite."""
    unsupported = models.PositiveIntegerField(null=True)
    """Of those, the ones that no passage supports."""
    model = models.CharField(max_length=200, blank=True)
    sources_ms = models.PositiveIntegerField(null=True)
    first_word_ms = models.PositiveIntegerField(null=True)
    elapsed_ms = models.PositiveIntegerField(null=True)
    prompt_tokens = models.PositiveIntegerField(null=True)
    completion_tokens = models.PositiveIntegerField(null=True)
    error_message = models.TextField(blank=True)
    error_made_of = models.JSONField(default=dict, blank=True, editable=False)

    class Meta(TenantOwned.Meta):
        ordering: ClassVar[list[str]] = ["ordinal"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["run", "ordinal"], name="quality_result_once_per_question")
        ]

    def __str__(self) -> str:
        return self.text[:60]

    @property
    def error_told(self) -> str:
        return told(self.error_message, self.error_made_of)
