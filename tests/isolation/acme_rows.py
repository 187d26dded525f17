"""One row of everything for Acme, and for every address the ids that lead to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.core.files.base import ContentFile
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from chat.comparisons.models import Comparison
from chat.composing.models import SavedPrompt
from chat.folders.models import Folder
from chat.gaps.models import GapRequest, KnowledgeGap
from chat.images.models import QuestionImage
from chat.models import Conversation, Provider, Source, Turn
from chat.quality.models import GoldenQuestion, GoldenSource, QualityResult, QualityRun, Rating
from chat.sharing.models import Share
from ingestion.models import Chunk, Document, DocumentSection, EmbedderChange, PendingUpload
from tenants.models import ApiKey, Invitation, Membership, Role, Tenant, User
from tests.factories import DocumentFactory

SECRET = "the-acme-secret-9317"
"""Stands in every text of Acme's; must never be seen by anybody else."""


@dataclass(frozen=True)
class AcmeRows:
    document: Document
    conversation: Conversation
    turn: Turn
    provider: Provider
    membership: Membership
    invitation: Invitation
    key: ApiKey
    upload: PendingUpload
    change: EmbedderChange
    rating: Rating
    golden: GoldenQuestion
    run: QualityRun
    gap: KnowledgeGap
    folder: Folder
    share: Share
    prompt: SavedPrompt
    image: QuestionImage

    def ids(self) -> dict[str, Any]:
        """Keyword of an address -> Acme's value for it. A new keyword has to be added here."""
        return {
            "document_id": self.document.pk,
            "other_id": self.document.pk,
            "collection_id": self.document.collection_id,
            "conversation_id": self.conversation.pk,
            "turn_id": self.turn.pk,
            "number": 1,
            "provider_id": self.provider.pk,
            "image_id": self.image.pk,
            "key_id": self.key.pk,
            "upload_id": self.upload.pk,
            "change_id": self.change.pk,
            "rating_id": self.rating.pk,
            "golden_id": self.golden.pk,
            "run_id": self.run.pk,
            "gap_id": self.gap.pk,
            "folder_id": self.folder.pk,
            "share_id": self.share.pk,
            "prompt_id": self.prompt.pk,
        }


def acme_rows(acme: Tenant, alice: User) -> AcmeRows:
    document = DocumentFactory(tenant=acme, name=f"{SECRET}.txt", content=SECRET.encode(), status="ready")
    DocumentSection.objects.create(tenant=acme, document=document, ordinal=0, text=SECRET, start=0)
    Chunk.objects.create(
        id=uuid4(), tenant=acme, document=document, ordinal=0, text=SECRET, start=0, end=len(SECRET), embedded=True
    )
    folder = Folder.objects.create(tenant=acme, user=alice, name=SECRET)
    conversation = Conversation.objects.create(tenant=acme, user=alice, title=SECRET, folder=folder)
    share = Share.objects.create(
        tenant=acme,
        user=alice,
        conversation=conversation,
        title=SECRET,
        token=SECRET,
        token_hash="x",
        snapshot={},
        expires_at=timezone.now() + timedelta(days=1),
    )
    turn = Turn.objects.create(
        id=uuid4(), tenant=acme, conversation=conversation, question=SECRET, answer=SECRET, status="completed"
    )
    turn.comparison = Comparison.objects.create(tenant=acme, conversation=conversation, verdict="better", best=turn)
    turn.save(update_fields=["comparison"])
    Source.objects.create(
        tenant=acme,
        turn=turn,
        number=1,
        document=document,
        chunk_id=uuid4(),
        document_name=document.name,
        text=SECRET,
        start=0,
        end=len(SECRET),
    )
    provider = Provider.objects.create(tenant=acme, kind="ollama", model=SECRET, api_key=SECRET)
    membership = Membership.objects.for_tenant(acme).get(user=alice)
    invitation = Invitation.objects.create(tenant=acme, email=f"{SECRET}@example.org", token_hash="x", role=Role.READER)
    key = ApiKey.objects.create(tenant=acme, name=SECRET, prefix="00000000", key_hash="x")
    upload = PendingUpload.objects.create(tenant=acme, user=alice, name=f"{SECRET}.pdf", length=len(SECRET))
    change = EmbedderChange.objects.create(tenant=acme, target=SECRET)
    lab = _quality_lab(acme, alice, document, turn)
    gap = KnowledgeGap.objects.create(tenant=acme, question=SECRET)
    GapRequest.objects.create(tenant=acme, gap=gap, turn=turn, asker=alice, question=SECRET, note=SECRET)
    prompt = SavedPrompt.objects.create(tenant=acme, name=SECRET, text=SECRET)
    image = _image(acme, alice, turn)
    kept = (document, conversation, turn, provider, membership, invitation, key, upload, change, *lab)
    return AcmeRows(*kept, gap, folder, share, prompt, image)


def _image(acme: Tenant, alice: User, turn: Turn) -> QuestionImage:
    """Its bytes stand for the picture: whoever is shown them has been shown it."""
    image = QuestionImage(tenant=acme, user=alice, turn=turn, name=SECRET, width=1, height=1, size=len(SECRET))
    image.file.save(f"{acme.pk}/pictures/{image.pk}.jpg", ContentFile(SECRET.encode()), save=False)
    image.text, image.read_at = SECRET, timezone.now()
    image.save()
    return image


def _quality_lab(
    acme: Tenant, alice: User, document: Document, turn: Turn
) -> tuple[Rating, GoldenQuestion, QualityRun]:
    rating = Rating.objects.create(tenant=acme, turn=turn, user=alice, helpful=False, comment=SECRET)
    golden = GoldenQuestion.objects.create(
        tenant=acme, collection=document.collection, text=SECRET, expected_answer=SECRET
    )
    GoldenSource.objects.create(
        tenant=acme, question=golden, series=document.series, document_name=document.name, text=SECRET
    )
    run = QualityRun.objects.create(
        tenant=acme,
        name=SECRET,
        status="completed",
        collection_ids=[str(document.collection_id)],
        collection_names=[SECRET],
        figures={"questions": 1, "errors": 0},
    )
    QualityResult.objects.create(
        tenant=acme, run=run, question=golden, ordinal=1, text=SECRET, answerable=True, answer=SECRET
    )
    return rating, golden, run


def tenant_patterns() -> list[URLPattern]:
    """Every address below `/t/<slug>/`, found by walking the URL configuration."""
    return [pattern for route, pattern in _walk(get_resolver().url_patterns, "") if route.startswith("t/<slug:slug>/")]


def api_patterns() -> list[URLPattern]:
    """Every address of the API."""
    return [pattern for route, pattern in _walk(get_resolver().url_patterns, "") if route.startswith("api/")]


def _walk(patterns: list[Any], prefix: str) -> list[tuple[str, URLPattern]]:
    found: list[tuple[str, URLPattern]] = []
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            found += _walk(pattern.url_patterns, route)
        else:
            found.append((route, pattern))
    return found


def name_of(pattern: URLPattern) -> str:
    namespace = pattern.lookup_str.partition(".")[0]
    return f"{namespace}:{pattern.name}"
