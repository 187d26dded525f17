"""Pictures that come with questions: what is taken, what is kept of it, who sees it, and when it goes."""

from __future__ import annotations

import io
import struct
import zlib
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from chat import services, tasks
from chat.comparisons.services import Asked, comparison_start
from chat.conversations import services as conversations
from chat.errors import ImageRefused
from chat.images import confined
from chat.images import services as images
from chat.images.intake import Prepared, keep
from chat.images.models import QuestionImage
from chat.images.sight import require_eyes
from chat.models import Provider, Turn
from chat.selectors import turn_views
from ingestion.errors import DocumentUnreadable, UploadRefused
from ingestion.services import document_upload
from tenants.access import Access
from tenants.errors import LimitReached, NotFound
from tenants.models import Tenant
from tests.chat.pictures import jpeg, photo, picture, upload
from tests.factories import CollectionFactory

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
ADDRESS = reverse("chat:images", args=["acme"])


@pytest.fixture(autouse=True)
def _seeing(acme: Tenant) -> None:
    Provider.objects.create(tenant=acme, kind="openai", model="phi-3.5-vision", base_url="http://127.0.0.1:9/v1")


def sent(client: Client, data: bytes, name: str = "photo.jpg") -> Any:
    return client.post(ADDRESS, {"image": upload(data, name)}, headers={"accept": "application/json"})


def taken(access: Access, data: bytes | None = None, name: str = "photo.jpg") -> QuestionImage:
    """What an upload comes to, without the process that prepares it."""
    return keep(access=access, picture=Prepared(name, data or jpeg(), 64, 48))


def asked(access: Access, *pictures: QuestionImage, **fields: Any) -> Turn:
    ids = [each.pk for each in pictures]
    turn, _new = services.turn_start(access=access, turn_id=uuid4(), text="What is this?", image_ids=ids, **fields)
    return turn


# --- what is made of it, here without the process of its own ---


def made_of(data: bytes, directory: Path) -> Image.Image:
    path, target = directory / "uploaded", directory / "prepared.jpg"
    path.write_bytes(data)
    told: list[dict[str, Any]] = []
    confined.prepare({"path": str(path), "target": str(target)}, told.append)
    kept = Image.open(io.BytesIO(target.read_bytes()))
    kept.load()
    assert told == [{"width": kept.width, "height": kept.height}]
    return kept


def test_it_is_kept_upright(tmp_path: Path) -> None:
    kept = made_of(photo(), tmp_path)
    assert kept.size == (40, 80)
    red, _green, blue = kept.getpixel((20, 5))  # type: ignore[misc]
    assert red > 200
    assert blue < 50


def test_a_large_one_is_made_smaller(tmp_path: Path) -> None:
    kept = made_of(picture("PNG", size=(3000, 1500)), tmp_path)
    assert kept.size == (confined.LONGEST_SIDE, confined.LONGEST_SIDE // 2)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "JPEG"])
def test_whatever_it_was_it_is_a_jpeg_then(kind: str, tmp_path: Path) -> None:
    assert made_of(picture(kind), tmp_path).format == "JPEG"


def test_what_is_transparent_is_white(tmp_path: Path) -> None:
    kept = made_of(picture("PNG", mode="RGBA", colour=(0, 0, 0, 0)), tmp_path)
    assert min(kept.getpixel((10, 10))) > 250  # type: ignore[arg-type, type-var]


def test_of_deep_grey_the_upper_bits_are_taken(tmp_path: Path) -> None:
    kept = made_of(picture("PNG", mode="I;16", colour=0x8000), tmp_path)
    assert kept.getpixel((10, 10)) == pytest.approx((128, 128, 128), abs=3)


def bomb() -> bytes:
    """A PNG of 30,000 by 30,000 pixels in a few bytes."""
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (bomb(), confined.TOO_LARGE),
        (SVG, confined.UNREADABLE),
        (b"<!doctype html><script>alert(1)</script>", confined.UNREADABLE),
        (jpeg()[:300], confined.UNREADABLE),
        (picture("TIFF"), confined.UNREADABLE),
    ],
    ids=["bomb", "svg", "html", "cut", "tiff"],
)
def test_what_is_no_picture_is_refused_whatever_it_calls_itself(data: bytes, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(DocumentUnreadable) as refused:
        made_of(data, tmp_path)
    assert refused.value.message == sentence


# --- what is taken ---


def test_nothing_is_kept_of_where_and_with_what_it_was_taken(alice_client: Client) -> None:
    response = sent(alice_client, photo(), name="../../boiler.jpg")
    assert response.status_code == 201
    image = QuestionImage.all_tenants.get(pk=response.json()["id"])
    with image.file.open("rb") as file:
        kept = file.read()
    assert b"Secretphone" not in kept
    assert b"taken at home" not in kept
    assert not Image.open(io.BytesIO(kept)).getexif()
    assert (image.width, image.height, image.size, image.name) == (40, 80, len(kept), "boiler.jpg")
    assert image.file.name == f"{image.tenant_id}/pictures/{image.pk}.jpg"


@pytest.mark.parametrize(("data", "sentence"), [(SVG, "no picture that can be read"), (b"", "is empty")])
def test_what_is_no_picture_is_refused_and_nothing_is_kept(data: bytes, sentence: str, alice_client: Client) -> None:
    response = sent(alice_client, data)
    assert response.status_code == 400
    assert sentence in response.json()["error"]["message"]
    assert not QuestionImage.all_tenants.exists()


def test_one_that_is_too_large_is_refused(alice_client: Client, settings: Settings) -> None:
    settings.PICTURE_MAX_BYTES = 100
    assert sent(alice_client, jpeg()).json()["error"]["code"] == "upload.too_large"


def test_nobody_attaches_without_end(alice_client: Client, settings: Settings) -> None:
    settings.PICTURES_PER_MINUTE = 1
    assert [sent(alice_client, jpeg()).status_code for _time in range(2)] == [201, 429]


def test_the_tenants_room_is_for_pictures_too(as_alice: Access, settings: Settings) -> None:
    settings.TENANT_MAX_BYTES = taken(as_alice).size + 1
    with pytest.raises(UploadRefused) as refused:
        taken(as_alice)
    assert refused.value.code == "upload.quota"


def test_what_pictures_take_is_not_there_for_documents(as_alice: Access, settings: Settings) -> None:
    collection = CollectionFactory(tenant=as_alice.tenant)
    settings.TENANT_MAX_BYTES = taken(as_alice).size + 3
    with pytest.raises(UploadRefused) as refused:
        document_upload(
            access=as_alice,
            collection=collection,
            file=io.BytesIO(b"Four"),
            name="a.txt",
            enqueue=lambda _document: None,
        )
    assert refused.value.code == "upload.quota"


def test_where_no_model_can_see_it_is_refused(alice_client: Client) -> None:
    Provider.all_tenants.update(model="phi-3.5-mini")
    assert sent(alice_client, jpeg()).json()["error"]["code"] == "image.unseen"


# --- who sees it ---


def test_its_owner_sees_it_and_a_browser_does_nothing_else_with_it(alice_client: Client, as_alice: Access) -> None:
    image = taken(as_alice)
    response = alice_client.get(reverse("chat:image", args=["acme", image.pk]))
    assert response["Content-Type"] == "image/jpeg"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert "private" in response["Cache-Control"]
    assert b"".join(response.streaming_content).startswith(b"\xff\xd8\xff")  # type: ignore[attr-defined]
    response.close()


def test_nobody_else_sees_it_or_takes_it_away(bob_client: Client, charlie_client: Client, as_alice: Access) -> None:
    image = taken(as_alice)
    asked(as_alice, image)
    for client, slug in ((bob_client, "acme"), (charlie_client, "acme"), (charlie_client, "other")):
        assert client.get(reverse("chat:image", args=[slug, image.pk])).status_code == 404
        assert client.post(reverse("chat:image_remove", args=[slug, image.pk])).status_code == 404


def test_nobody_else_asks_with_it(as_alice: Access, as_bob: Access, as_charlie: Access) -> None:
    image = taken(as_alice)
    Provider.objects.create(tenant=as_charlie.tenant, kind="openai", model="gpt-4o", base_url="http://127.0.0.1:9/v1")
    for access in (as_bob, as_charlie):
        with pytest.raises(ImageRefused):
            asked(access, image)
    assert not Turn.all_tenants.exists()


# --- asking with it ---


def test_a_question_has_its_pictures_in_the_order_that_they_were_named(alice_client: Client, as_alice: Access) -> None:
    first, second = taken(as_alice, name="first.jpg"), taken(as_alice, name="second.jpg")
    (view,) = turn_views(access=as_alice, turns=[asked(as_alice, second, first)])
    assert [each.name for each in view.pictures] == ["second.jpg", "first.jpg"]
    page = alice_client.get(reverse("chat:turn", args=["acme", view.id])).content.decode()
    assert f'src="{view.pictures[0].url}"' in page


def test_a_picture_is_asked_with_once(as_alice: Access) -> None:
    image = taken(as_alice)
    asked(as_alice, image)
    with pytest.raises(ImageRefused):
        asked(as_alice, image)
    assert Turn.all_tenants.count() == 1


def test_more_than_the_context_holds_are_refused(as_alice: Access) -> None:
    pictures = [taken(as_alice) for _time in range(4)]
    with pytest.raises(ImageRefused, match="at most 3"):  # of 4,096 tokens
        asked(as_alice, *pictures)


def test_asking_again_is_with_the_same_pictures(as_alice: Access) -> None:
    old = asked(as_alice, taken(as_alice, name="boiler.jpg"))
    Turn.all_tenants.update(status=Turn.Status.COMPLETED)
    again, _new = services.turn_retry(access=as_alice, turn_id=uuid4(), retry_of=old.pk)
    first, second = QuestionImage.all_tenants.order_by("created_at")
    assert (first.turn, second.turn) == (old, again)
    assert (first.name, first.sha256) == (second.name, second.sha256)
    assert first.file.name != second.file.name


def ended(access: Access, *pictures: QuestionImage) -> Turn:
    turn = asked(access, *pictures)
    Turn.all_tenants.update(status=Turn.Status.COMPLETED)
    return turn


def files_of(tenant: Tenant) -> list[str]:
    return default_storage.listdir(f"{tenant.pk}/pictures")[1]


def test_asking_again_said_twice_copies_once(as_alice: Access) -> None:
    old, turn_id = ended(as_alice, taken(as_alice)), uuid4()
    again = [services.turn_retry(access=as_alice, turn_id=turn_id, retry_of=old.pk) for _time in range(2)]
    assert [(turn.pk, new) for turn, new in again] == [(turn_id, True), (turn_id, False)]
    assert len(files_of(as_alice.tenant)) == QuestionImage.all_tenants.count() == 2


@pytest.mark.parametrize("why", ["limit", "eyes"])
def test_what_may_not_be_asked_again_copies_nothing(why: str, as_alice: Access, settings: Settings) -> None:
    settings.QUESTIONS_PER_MINUTE = 1 if why == "limit" else 60
    old = ended(as_alice, taken(as_alice))
    if why == "eyes":
        Provider.all_tenants.update(model="phi-3.5-mini")
    with pytest.raises((LimitReached, ImageRefused)):
        services.turn_retry(access=as_alice, turn_id=uuid4(), retry_of=old.pk)
    assert len(files_of(as_alice.tenant)) == QuestionImage.all_tenants.count() == 1


@pytest.mark.parametrize("why", ["model", "room"])
def test_copies_that_no_question_got_are_removed(
    why: str,
    as_alice: Access,
    settings: Settings,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    old = ended(as_alice, image := taken(as_alice), taken(as_alice))
    if why == "room":  # for the first copy only
        settings.TENANT_MAX_BYTES = 3 * image.size
    with django_capture_on_commit_callbacks(execute=True), pytest.raises((NotFound, UploadRefused)):
        services.turn_retry(access=as_alice, turn_id=uuid4(), retry_of=old.pk, provider_id=uuid4())
    assert len(files_of(as_alice.tenant)) == QuestionImage.all_tenants.count() == 2


@pytest.mark.django_db(transaction=True)
def test_no_transaction_waits_for_files_or_a_model_server(
    as_alice: Access, monkeypatch: pytest.MonkeyPatch, no_queue: list[str]
) -> None:
    waited_in: list[bool] = []

    def watched(function: Any) -> Any:
        def called(*args: Any, **kwargs: Any) -> Any:
            waited_in.append(connection.in_atomic_block)
            return function(*args, **kwargs)

        return called

    old, image = ended(as_alice, taken(as_alice)), taken(as_alice)
    Provider.objects.create(tenant=as_alice.tenant, kind="openai", model="llava", base_url="http://127.0.0.1:9/v1")
    models = [Asked(uuid4(), each.pk) for each in Provider.all_tenants.all()]
    monkeypatch.setattr(services, "require_eyes", watched(require_eyes))
    monkeypatch.setattr(images, "keep", watched(keep))
    services.turn_retry(access=as_alice, turn_id=uuid4(), retry_of=old.pk)
    comparison_start(access=as_alice, asked=models, text="What is this?", image_ids=[image.pk])
    assert waited_in == [False] * 4


@pytest.mark.django_db(transaction=True)
def test_without_a_script_the_form_brings_them(alice_client: Client, settings: Settings, no_queue: list[str]) -> None:
    form = {"text": "What is this?", "images": [upload(jpeg(), "a.jpg"), upload(jpeg(), "b.jpg")]}
    response = alice_client.post(reverse("chat:ask", args=["acme"]), form)
    assert response.status_code == 302
    turn = Turn.all_tenants.get()
    assert turn.image_count == 2
    page = alice_client.get(response["Location"]).content.decode()
    assert all(f'alt="{name}.jpg"' in page for name in "ab")


# --- when it goes ---


def test_what_is_not_asked_with_is_taken_back(
    alice_client: Client, as_alice: Access, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    loose, of_a_turn = taken(as_alice), taken(as_alice)
    asked(as_alice, of_a_turn)
    with django_capture_on_commit_callbacks(execute=True):
        for image in (loose, of_a_turn):
            assert alice_client.post(reverse("chat:image_remove", args=["acme", image.pk])).status_code == 204
    assert list(QuestionImage.all_tenants.all()) == [of_a_turn]
    assert not default_storage.exists(loose.file.name or "")
    assert default_storage.exists(of_a_turn.file.name or "")


def test_after_a_day_what_nobody_asked_with_is_gone(
    as_alice: Access, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    fresh, old, old_of_a_turn = (taken(as_alice) for _time in range(3))
    asked(as_alice, old_of_a_turn)
    yesterday = timezone.now() - images.KEPT_UNASKED - timedelta(minutes=1)
    QuestionImage.all_tenants.filter(pk__in=[old.pk, old_of_a_turn.pk]).update(created_at=yesterday)
    with django_capture_on_commit_callbacks(execute=True):
        tasks.reap_images()
    assert set(QuestionImage.all_tenants.all()) == {fresh, old_of_a_turn}
    assert not default_storage.exists(old.file.name or "")


def test_as_many_go_as_are_due(as_alice: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "REAPED_AT_ONCE", 2)
    for _time in range(5):
        taken(as_alice)
    QuestionImage.all_tenants.update(created_at=timezone.now() - 2 * images.KEPT_UNASKED)
    assert images.images_reap() == 5
    assert not QuestionImage.all_tenants.exists()


@pytest.mark.parametrize("what", ["conversation", "tenant"])
def test_it_goes_with_what_it_belongs_to(
    what: str,
    alice_client: Client,
    as_alice: Access,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    image = taken(as_alice)
    turn = asked(as_alice, image)
    assert default_storage.exists(image.file.name or "")
    with django_capture_on_commit_callbacks(execute=True):
        if what == "tenant":
            as_alice.tenant.delete()
        else:
            Turn.all_tenants.update(status=Turn.Status.COMPLETED)
            conversations.conversation_delete(access=as_alice, conversation_id=turn.conversation_id)
            assert alice_client.get(reverse("chat:image", args=["acme", image.pk])).status_code == 404
            turn.conversation.deleted_at = timezone.now() - conversations.KEPT_FOR
            turn.conversation.save()
            tasks.purge_conversations()
    assert not QuestionImage.all_tenants.exists()
    assert not default_storage.exists(image.file.name or "")


# --- the text on it ---


def test_the_text_on_it_is_recognised_once(as_alice: Access) -> None:
    image = taken(as_alice, picture("PNG", size=(900, 200), colour="white", text="Error E-17 pump blocked"))
    tasks.read_image(str(image.tenant_id), str(image.pk))
    image.refresh_from_db()
    assert image.read_at is not None
    assert "pump blocked" in image.text
    QuestionImage.all_tenants.update(text="known")
    tasks.read_image(str(image.tenant_id), str(image.pk))
    image.refresh_from_db()
    assert image.text == "known"


def test_the_text_on_a_copy_is_recognised_where_that_was_not_done_yet(
    as_alice: Access,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    sent: list[tuple[Any, ...]] = []
    monkeypatch.setattr(tasks, "_send", lambda *args: sent.append(args))
    read, unread = taken(as_alice), taken(as_alice)
    QuestionImage.all_tenants.filter(pk=read.pk).update(read_at=timezone.now(), text="E-17")
    old = ended(as_alice, read, unread)
    with django_capture_on_commit_callbacks(execute=True):
        again, _new = services.turn_retry(access=as_alice, turn_id=uuid4(), retry_of=old.pk)
    first, second = QuestionImage.all_tenants.filter(turn=again)
    assert (first.text, second.read_at) == ("E-17", None)
    assert sent == [(tasks.read_image, as_alice.tenant.pk, second.pk)]


def test_a_file_that_is_gone_has_no_text(as_alice: Access) -> None:
    image = taken(as_alice)
    default_storage.delete(image.file.name or "")
    tasks.read_image(str(image.tenant_id), str(image.pk))
    image.refresh_from_db()
    assert (image.text, image.read_at is not None) == ("", True)
