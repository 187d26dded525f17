"""What a model is sent, put together from the files in `chat/prompts`.

What does not change from one question of a conversation to the next comes first, byte for byte, so that a model server
finds it in its cache: the system part, then the earlier exchanges. Roles alternate, as the chat templates of Phi,
Mistral and Gemma want it, and no message is empty; the template itself is the model server's business.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from functools import cache

from langchain_core.messages import BaseMessage, HumanMessage, convert_to_messages
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder

from chat import packing
from chat.counting import MESSAGE_TOKENS, Count, Messages
from chat.domain import AnswerStyle, Exchange, Passage, Picture
from chat.fencing import disarmed, fenced, new_mark, quoted
from chat.prompts import Prompt, prompt
from chat.refusal import refusal_for

HISTORY_ANSWER_CHARS = 1_200
TITLE_QUESTION_CHARS = 800
"""Of the question that a conversation is named after."""
SAFETY_TOKENS = 64
GO_ON = (
    "Your answer ends too early. Write what comes next, from exactly where it ends, in the same language and with "
    "citations as before. Repeat nothing, and begin nothing anew."
)
LEAST_PASSAGE_TOKENS = 96
"""With less room for passages the earlier exchanges go."""


def answer_prompt(style: AnswerStyle) -> Prompt:
    return prompt(style.prompt, style.prompt_version)


def draft_prompt() -> Prompt:
    return prompt("draft")


def answer_messages(
    question: str,
    history: Sequence[Exchange],
    passages: Sequence[Passage],
    *,
    style: AnswerStyle,
    mark: str,
    pictures: Sequence[Picture] = (),
) -> list[BaseMessage]:
    """`history` as `history_of` returns it; `mark` is in none of the texts (`mark_for`)."""
    chosen = answer_prompt(style)
    messages = _template(chosen).format_messages(
        instructions=_instructions(style),
        history=[message for each in history for message in (("human", each.question), ("ai", each.answer))],
        passages="\n\n".join(fenced(passage, chosen.passage, mark) for passage in passages),
        mark=mark,
        refusal=refusal_for(question, hint=style.languages),
        question=disarmed(question),
    )
    return [*messages[:-1], _with_pictures(messages[-1], pictures)] if pictures else messages


def _with_pictures(message: BaseMessage, pictures: Sequence[Picture]) -> BaseMessage:
    """Content in blocks, as LangChain's own providers take it, too."""
    blocks = [
        {"type": "image", "base64": b64encode(each.data).decode("ascii"), "mime_type": "image/jpeg"}
        for each in pictures
    ]
    return HumanMessage(content=[{"type": "text", "text": message.text}, *blocks])


def continued_messages(prompt: Messages, said: str) -> list[BaseMessage]:
    """The rest of an answer is asked for: `prompt` is what the model has had for it, and `said` how it begins."""
    return convert_to_messages([*prompt, ("ai", said), ("human", GO_ON)])


def mark_for(question: str, passages: Sequence[Passage]) -> str:
    """Of one prompt. The prompt that is sent has that of the one that was counted: marks differ in their tokens."""
    return new_mark([question, *(f"{each.document_name} {each.heading} {each.text}" for each in passages)])


def draft_messages(question: str, quotes: Sequence[str]) -> list[BaseMessage]:
    chosen = draft_prompt()
    mark = new_mark([question, *quotes])
    return _template(chosen).format_messages(
        passages="\n".join(chosen.passage.format(text=quoted(each)) for each in quotes),
        mark=mark,
        question=disarmed(question),
    )


def title_messages(question: str) -> list[BaseMessage]:
    mark = new_mark([question])
    begun = disarmed(question[:TITLE_QUESTION_CHARS])
    return _template(prompt("title")).format_messages(mark=mark, question=begun)


def history_of(question: str, history: Sequence[Exchange], *, style: AnswerStyle, count: Count) -> tuple[Exchange, ...]:
    """The exchanges that are sent along, as they are sent; none where the question needs the room."""
    said = (
        Exchange(disarmed(_as_asked(each)).strip(), disarmed(each.answer[:HISTORY_ANSWER_CHARS]).strip())
        for each in history
    )
    room = style.context_tokens - style.max_tokens
    kept = packing.recent(
        [each for each in said if each.question and each.answer],
        budget_tokens=round(room * packing.HISTORY_SHARE),
    )
    return kept if room_for_passages(question, kept, style=style, count=count) >= LEAST_PASSAGE_TOKENS else ()


def _as_asked(exchange: Exchange) -> str:
    """Pictures are sent with the question that they came with, and never again: they are what costs most."""
    if not exchange.pictures:
        return exchange.question
    return f"{exchange.question}\n(Pictures that came with this question and are no longer here: {exchange.pictures})"


def room_for_passages(question: str, history: Sequence[Exchange], *, style: AnswerStyle, count: Count) -> int:
    """Tokens that are left once everything else that the model will see is counted."""
    around = answer_messages(question, history, (), style=style, mark=mark_for(question, ()))
    taken = sum(count(text) + MESSAGE_TOKENS for _role, text in as_pairs(around))
    return style.context_tokens - style.max_tokens - taken - SAFETY_TOKENS


def as_pairs(messages: Sequence[BaseMessage]) -> Messages:
    return [(message.type, str(message.text)) for message in messages]


@cache
def _template(chosen: Prompt) -> ChatPromptTemplate:
    last = ("human", chosen.human)
    if not chosen.system:
        return ChatPromptTemplate.from_messages([last])
    return ChatPromptTemplate.from_messages([("system", chosen.system), MessagesPlaceholder("history"), last])


def _instructions(style: AnswerStyle) -> str:
    languages = f"- Answer only in one of: {', '.join(style.languages)}." if style.languages else ""
    return "\n".join(part for part in (languages, style.instructions) if part)
