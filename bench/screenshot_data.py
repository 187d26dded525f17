"""What the pictures show: a made-up waterworks with a month of questions behind it, and a second organisation that is
new. Django has to be set up, and the product to run beside it: documents are read by its worker."""

from __future__ import annotations

import io
import random
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from django.utils import timezone

from bench import screenshot_talks
from chat.composing.models import SavedPrompt
from chat.composing.services import prompt_save
from chat.gaps.services import owner_ask
from chat.lines.services import collection_fit
from chat.models import Conversation, Provider, Source, Turn
from ingestion import services as ingestion
from ingestion.models import Collection, Document
from ingestion.tasks import wait_until_settled
from tenants.access import Access, access_for
from tenants.models import Membership, Role, User
from tenants.services import member_invite, tenant_create
from tests import data_factory

OWNER, PASSWORD = "mila@vodovod.example", "not for anything real"
FILLED, EMPTY = "vodovod", "arhiv"
READ_SECONDS = 180.0
DAYS = 24
STARTER = "SmolLM2-135M-Instruct"
MODELS = (("Ollama: phi3.5", "phi3.5"), (f"Starter model on this server: {STARTER}", STARTER))
CLOUD = {
    "kind": Provider.Kind.OPENAI,
    "model": "microsoft/phi-3.5-mini-instruct",
    "base_url": "https://integrate.api.nvidia.com/v1",
    "api_key": "x",
}
VISION = CLOUD | {"model": "microsoft/phi-3.5-vision-instruct"}

RULEBOOK = """# Правилник о раду

## Годишњи одмор

Запослени има право на двадесет два радна дана годишњег одмора у свакој календарској години.
Одмор се тражи писмено, најкасније петнаест дана пре његовог почетка.

## Плаћено одсуство

За селидбу у друго насељено место запослени добија три дана плаћеног одсуства.
За склапање брака и за рођење детета добија пет дана плаћеног одсуства.
За добровољно давање крви припадају му два узастопна дана, рачунајући и дан давања.

## Рад од куће

Од куће се ради највише два дана недељно, уз сагласност непосредног руководиоца.
Опрему за рад од куће обезбеђује послодавац, а трошкове интернета надокнађује до хиљаду динара месечно.
"""
TARIFF = "Категорија;Цена по кубном метру;Накнада\nДомаћинства;78,40;120\nПривреда;141,10;480\nУстанове;96,20;240\n"
OLD_TARIFF = TARIFF.replace("78,40", "74,10").replace("141,10", "133,80")
MINUTES = """# Minutes of the board, 12 March

The board approved the replacement of the main on Zmaj Jovina street. Work begins on 4 May and ends by 20 June.
During the work, water comes from tanks at the corner of the street, from six in the morning to ten at night.

The board postponed the purchase of a second excavator to the autumn.
"""
CHAPTERS = (
    (
        "What is in the box",
        """The Kestrel pump comes with a hose of four metres, a strainer, a set of gaskets and this
    handbook. Check that nothing was damaged on the way, and keep the box: a pump that is sent back without it may
    arrive broken.""",
    ),
    (
        "Setting up",
        """Stand the pump on level ground, not more than six metres above the water. Fill its body with water
    before the first start; run dry, the seal lasts less than a minute. Tighten the couplings by hand.""",
    ),
    (
        "Running",
        """Open the outlet before you switch the pump on, and close it slowly. The highest operating pressure of
    the Kestrel pump is 8.5 bar. Above it the relief valve opens by itself; it is set at the works and must not be
    adjusted on site. Listen for a rattle: it means that the strainer is clogged.""",
    ),
    (
        "Care",
        """Rinse the strainer every week and replace it every year. Before the first frost drain the body through
    the plug at its foot. Grease is needed at the front bearing only, after five hundred hours.""",
    ),
)
LINE_CHARACTERS = 86
QUESTIONS = (
    "Koliko dana plaćenog odsustva dobija zaposleni za selidbu?",
    "Колико кошта кубни метар воде за привреду?",
    "When does the work on Zmaj Jovina street begin?",
    "Do kada se podnosi zahtev za godišnji odmor?",
    "What is the highest operating pressure of the Kestrel pump?",
    "Ко одобрава рад од куће?",
    "Which filter does station 4 need?",
)


MISSING = (
    ("ana", "Koliko dana odsustva dobija zaposleni za polaganje ispita?", "Polažem 14. juna."),
    ("petar", "Колико дана одсуства добија запослени за полагање испита?", ""),
    ("petar", "Who keeps the spare key of pumping station 4?", "Nobody at the station knows."),
)
"""Who has asked the owner what, and with which note."""


@dataclass(frozen=True)
class Made:
    """`link` is an open invitation's path; `tariffs` are the older and the newer version of one document; `talk` is a
    conversation with answers, `shared` is where a link to it leads; in `compared` two models have answered the same, in
    `edited` a question has two versions, and in `pictured` it has a photo."""

    link: str
    talk: UUID
    shared: str
    compared: UUID
    edited: UUID
    pictured: UUID
    handbook: UUID
    tariffs: tuple[UUID, UUID]


def make() -> Made:
    owner = User.objects.create_user(OWNER, PASSWORD, first_name="Mila", last_name="Jovanović")
    for slug, name in ((FILLED, "Vodovod Zlatar"), (EMPTY, "Arhiv Zlatar")):
        tenant_create(slug=slug, name=name, owner=owner)
    access = access_for(owner, FILLED)
    _colleagues(access)
    handbook_id, tariffs = _documents(access)
    _month_of_questions(access)
    _sent_to_the_owner(access)
    _prompts(access)
    for collection in Collection.objects.for_tenant(access.tenant).exclude(embedder_fingerprint=""):
        collection_fit(collection=collection)
    _models(access, {"kind": Provider.Kind.STARTER, "model": STARTER}, VISION)
    _models(access_for(owner, EMPTY), {"kind": Provider.Kind.OLLAMA, "model": "phi3.5"}, CLOUD)
    _invitation, token = member_invite(access=access, email="jelena@vodovod.example", role=Role.MEMBER)
    talk = screenshot_talks.make(access)
    return Made(
        link=f"/invitations/{token}/",
        talk=talk,
        shared=screenshot_talks.shared(access, talk),
        compared=screenshot_talks.compared(access),
        edited=screenshot_talks.edited(access),
        pictured=screenshot_talks.pictured(access),
        handbook=handbook_id,
        tariffs=tariffs,
    )


def _colleagues(access: Access) -> None:
    for first, last, role in (("Petar", "Nikolić", Role.ADMIN), ("Ana", "Kovač", Role.MEMBER)):
        user = User.objects.create_user(f"{first.lower()}@vodovod.example", PASSWORD, first_name=first, last_name=last)
        Membership.objects.create(tenant=access.tenant, user=user, role=role)


def _prompts(access: Access) -> None:
    """One's own and the organisation's."""
    for name, text, shared in (
        ("uporedi", "Uporedi {{jedno}} i {{drugo}}: šta je isto, a šta nije?", False),
        ("rok", "Koji je rok za {{šta}}, i ko ga produžava?", True),
    ):
        prompt_save(access=access, prompt=SavedPrompt(name=name, text=text), shared=shared)


def _documents(access: Access) -> tuple[UUID, tuple[UUID, UUID]]:
    rules = ingestion.collection_create(access=access, name="Правилници")
    engineering = ingestion.collection_create(access=access, name="Engineering")
    old = ingestion.collection_create(access=access, name="Until 2019")
    ingestion.collection_update(access=access, collection=old, searched=False)
    _upload(access, rules, "правилник-о-раду.md", RULEBOOK.encode())
    older, newer = (_upload(access, rules, "ценовник-2026.csv", text.encode()) for text in (OLD_TARIFF, TARIFF))
    book = _upload(access, engineering, "pump-handbook.pdf", handbook())
    _upload(access, engineering, "minutes-2026-03-12.md", MINUTES.encode())
    _upload(access, engineering, "scanned-plan.pdf", data_factory.scanned_pdf().read())
    _being_read(access, engineering)
    return book, (older, newer)


def _upload(access: Access, collection: Collection, name: str, content: bytes) -> UUID:
    taken = ingestion.document_upload(access=access, collection=collection, file=io.BytesIO(content), name=name)
    return wait_until_settled(taken.document, timeout_s=READ_SECONDS).pk


def _being_read(access: Access, collection: Collection) -> None:
    """A document in the middle of its reading, held still for the picture by a lease that nobody gives up."""
    Document.objects.create(
        tenant=access.tenant,
        collection=collection,
        uploaded_by=access.user,
        name="network-survey-2025.pdf",
        media_type="application/pdf",
        size=48_700_000,
        sha256="0" * 64,
        file="none",
        status=Document.Status.RUNNING,
        stage=Document.Stage.EMBEDDING,
        done=640,
        total=2100,
        page_count=412,
        lease_owner="picture",
        lease_expires_at=timezone.now() + timedelta(days=1),
    )


def handbook() -> bytes:
    pages = [_handbook_page(number, *chapter) for number, chapter in enumerate(CHAPTERS, start=1)]
    return data_factory.pdf(pages, title="Handbook of the Kestrel pump").read()


def _handbook_page(number: int, heading: str, text: str) -> list[str]:
    return [f"Chapter {number}: {heading}", "", *textwrap.wrap(" ".join(text.split()), LINE_CHARACTERS)]


def _month_of_questions(access: Access) -> None:
    conversation = Conversation.objects.create(tenant=access.tenant, user=access.user, title=QUESTIONS[1])
    turns = list(_turns(access, conversation))
    Turn.objects.bulk_create(turns)
    chance = random.Random(3)
    for turn in turns:  # the row's own times are the moment of its writing
        turn.created_at = timezone.now() - timedelta(days=chance.triangular(0.6, DAYS, 3), hours=chance.random() * 6)
    Turn.objects.for_tenant(access.tenant).bulk_update(turns, ["created_at"])


def _turns(access: Access, conversation: Conversation) -> Iterator[Turn]:
    chance = random.Random(7)
    turn = None
    for _number in range(160):
        kind = chance.choices(["answered", "refused", "failed", "stopped"], [82, 11, 3, 4])[0]
        provider, model = chance.choices(MODELS, [4, 1])[0]
        status = {"failed": Turn.Status.FAILED, "stopped": Turn.Status.STOPPED}.get(kind, Turn.Status.COMPLETED)
        first_word = round(chance.lognormvariate(6.9, 0.45))
        turn = Turn(
            id=uuid4(),
            tenant=access.tenant,
            conversation=conversation,
            parent=turn,
            status=status,
            question=chance.choice(QUESTIONS),
            refused=kind == "refused",
            error_message="Ollama did not answer within 120 seconds." if kind == "failed" else "",
            provider=provider,
            model=model,
            prompt_tokens=chance.randint(700, 2600),
            completion_tokens=chance.randint(30, 320),
            first_word_ms=None if kind == "failed" else first_word,
            elapsed_ms=first_word + chance.randint(900, 14_000),
        )
        yield turn


def _sent_to_the_owner(access: Access) -> None:
    """Three questions of colleagues, one of which two have in common."""
    rules = Collection.objects.for_tenant(access.tenant).get(name="Правилници")
    for name, question, note in MISSING:
        user = User.objects.get(email=f"{name}@vodovod.example")
        theirs = access_for(user, FILLED)
        conversation = Conversation.objects.create(tenant=access.tenant, user=user, title=question)
        turn = Turn.objects.create(
            id=uuid4(),
            tenant=access.tenant,
            conversation=conversation,
            question=question,
            status=Turn.Status.COMPLETED,
            refused=True,
        )
        document = Document.objects.for_tenant(access.tenant).filter(collection=rules).first()
        Source.objects.create(
            tenant=access.tenant,
            turn=turn,
            number=1,
            document=document,
            chunk_id=uuid4(),
            document_name=document.name if document else "",
            text=RULEBOOK,
            start=0,
            end=len(RULEBOOK),
        )
        owner_ask(access=theirs, turn_id=turn.pk, note=note)


def _models(access: Access, *rows: dict[str, str]) -> None:
    """A chain of them. The second ones are only there to be seen: nobody asks them."""
    for position, row in enumerate(rows):
        Provider.objects.create(tenant=access.tenant, position=position, **row)
