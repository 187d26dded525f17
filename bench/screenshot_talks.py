"""Conversations for the pictures: some in the list, one pinned, one in a folder, one shared, some archived; one whose
question was edited, one with a photo, one of two models. Nobody has to answer them."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from django.utils import timezone

from bench import gauge
from chat.comparisons.models import Comparison
from chat.conversations import services
from chat.conversations.searching import folded_text
from chat.folders.services import conversation_move_to_new
from chat.images.intake import Prepared, keep
from chat.images.services import images_attach
from chat.models import Conversation, Source, Turn
from chat.sharing import services as sharing
from chat.sharing.models import Share
from chat.sharing.selectors import link_of
from tenants.access import Access

RULES, TARIFF, MINUTES = "правилник-о-раду.md", "ценовник-2026.csv", "minutes-2026-03-12.md"
MOVING = "За селидбу у друго насељено место запослени добија три дана плаћеног одсуства."
BLOOD = "За добровољно давање крви припадају му два узастопна дана, рачунајући и дан давања."

Exchange = tuple[str, str, tuple[tuple[str, int | None, str], ...]]
LEAVE: tuple[Exchange, ...] = (
    (
        "Koliko dana plaćenog odsustva dobija zaposleni za selidbu?",
        "Zaposleni koji se **seli** u drugo naseljeno mesto ima pravo na *tri dana* plaćenog odsustva [1].",
        ((RULES, 2, MOVING), (TARIFF, None, "Домаћинства 78,40")),
    ),
    (
        "A za davanje krvi?",
        "Dva uzastopna dana, računajući i dan davanja [2]. Za selidbu su tri dana odsustva [1].",
        ((RULES, 2, MOVING), (RULES, 2, BLOOD)),
    ),
)
LIST: tuple[Exchange, ...] = (
    (
        "When does the work on Zmaj Jovina street begin?",
        "Work begins on 4 May and ends by 20 June [1].",
        ((MINUTES, 1, "Work begins on 4 May and ends by 20 June."),),
    ),
    (
        "Kako se traži odsustvo zbog selidbe roditelja?",
        "Pismeno, najkasnije petnaest dana pre početka [1]. Odsustvo za selidbu odobrava rukovodilac.",
        ((RULES, 1, "Одмор се тражи писмено, најкасније петнаест дана пре његовог почетка."),),
    ),
    ("Колико кошта кубни метар воде за привреду?", "141,10 динара [1].", ((TARIFF, None, "Привреда 141,10"),)),
)
ARCHIVED = ("What did the board decide about the second excavator?", "Шта обезбеђује послодавац за рад од куће?")


def make(access: Access) -> UUID:
    """Return the one with two answers, which is pinned."""
    for question in ARCHIVED:
        archived = _talk(access, question, [(question, "See the minutes.", ())])
        services.conversation_archive(access=access, conversation_id=archived, archived=True)
    listed = [_talk(access, exchange[0], [exchange]) for exchange in LIST]
    conversation_move_to_new(access=access, conversation_id=listed[0], name="Zmaj Jovina")
    pinned = _talk(access, "Plaćeno odsustvo", LEAVE)
    services.conversation_pin(access=access, conversation_id=pinned, pinned=True)
    return pinned


def shared(access: Access, talk: UUID) -> str:
    """Share it with anyone, and return the path of its link."""
    sharing.sharing_rules_change(access=access, public=True, endless=False)
    share = sharing.share_create(access=access, conversation_id=talk, audience=Share.Audience.PUBLIC, days=7)
    return urlsplit(link_of(share)).path


def compared(access: Access) -> UUID:
    """Two models have answered the same, and one of them better."""
    question, answer, sources = LIST[0]
    conversation = Conversation.objects.create(tenant=access.tenant, user=access.user, title=question)
    comparison = Comparison.objects.create(tenant=access.tenant, conversation=conversation, verdict="better")
    texts = {"phi3.5": "It begins on 4 May [1].", "llama3.2": f"{answer} Until then water comes from tanks [1]."}
    for model, text in texts.items():
        turn = _turn(conversation, None, question, text, sources)
        turn.model, turn.comparison = model, comparison
        turn.first_word_ms, turn.elapsed_ms, turn.prompt_tokens, turn.completion_tokens = 1_400, 3_900, 812, len(text)
        turn.save()
        comparison.best = conversation.head = turn
    comparison.save()
    conversation.save()
    return conversation.pk


def edited(access: Access) -> UUID:
    """Its question was asked in other words, and both versions have an answer."""
    question, answer, sources = LIST[0]
    conversation = Conversation.objects.create(tenant=access.tenant, user=access.user, title=question)
    _turn(conversation, None, "When does the work begin?", "On 4 May [1].", sources)
    conversation.head = _turn(conversation, None, question, answer, sources)
    conversation.save()
    return conversation.pk


def pictured(access: Access) -> UUID:
    """A photo was asked about."""
    conversation = Conversation.objects.create(tenant=access.tenant, user=access.user, title=gauge.QUESTION)
    turn = _turn(conversation, None, gauge.QUESTION, "The needle stands at about **6 bar**, below the red part.", ())
    picture = Prepared(gauge.NAME, gauge.jpeg(), *gauge.SIZE)
    images_attach(turn=turn, user=access.user, image_ids=[keep(access=access, picture=picture).pk])
    turn.image_count, turn.model = 1, "phi-3.5-vision-instruct"
    turn.save()
    conversation.head = turn
    conversation.save()
    return conversation.pk


def _talk(access: Access, title: str, exchanges: tuple[Exchange, ...] | list[Exchange]) -> UUID:
    conversation = Conversation.objects.create(tenant=access.tenant, user=access.user, title=title)
    turn = None
    for number, exchange in enumerate(exchanges):
        turn = _turn(conversation, turn, *exchange)
        asked = timezone.now() - timedelta(days=30, minutes=-number)
        Turn.objects.for_tenant(access.tenant).filter(pk=turn.pk).update(created_at=asked)
    return conversation.pk


def _turn(
    conversation: Conversation,
    parent: Turn | None,
    question: str,
    answer: str,
    sources: tuple[tuple[str, int | None, str], ...],
) -> Turn:
    turn = Turn.objects.create(
        id=uuid4(),
        tenant=conversation.tenant,
        conversation=conversation,
        parent=parent,
        status=Turn.Status.COMPLETED,
        question=question,
        answer=answer,
        folded=folded_text(question, answer),
        model="phi3.5",
    )
    for number, (name, page, text) in enumerate(sources, start=1):
        Source.objects.create(
            tenant=conversation.tenant,
            turn=turn,
            number=number,
            chunk_id=uuid4(),
            document_name=name,
            text=text,
            start=0,
            end=len(text),
            page=page,
            cited=f"[{number}]" in answer,
        )
    return turn
