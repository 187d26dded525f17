"""What can happen to a question.

ChatError
├── QuestionRefused        the question itself cannot be taken: empty, too long
├── ImageRefused           a picture cannot be taken, is gone, or nobody is there who could look at it
├── TurnConflict           the turn exists already in another state, or is not there
├── GapClosed              a knowledge gap was dealt with by somebody else
├── ComparisonRefused      these models cannot be compared, or these answers not judged
├── PromptRefused          a prompt cannot be saved: its name is taken, or there are too many
├── TitleRefused           a conversation cannot be called that
├── ConversationUnreadable a file is no exported conversation
├── ShareRefused           a conversation cannot be shared, or not like that
├── FolderRefused          a folder cannot be called that, or there are too many
├── ProviderError          a model provider could not answer
│   ├── ProviderUnreachable   no connection, or no answer in time; retryable
│   ├── ProviderBusy          503, or 429 that says when to come back; retryable
│   ├── ProviderRefusedKey    401 or 403: the key is wrong, or may not do this
│   ├── ProviderGone          410, or 403 with a sunset: the service or model was retired
│   ├── ModelNotFound         404: the provider does not have that model
│   ├── PromptTooLong         the provider refused the prompt for its length
│   ├── StreamBroken          the answer's stream ended before its end; retryable
│   └── RerankerFailed        the re-ranker gave no scores in time: questions are answered without them
└── NoProvider             every provider of the tenant failed, or none is set up
"""

from __future__ import annotations

from project.errors import AppError


class ChatError(AppError):
    code = "chat.failed"


class QuestionRefused(ChatError):
    code = "question.refused"


class ImageRefused(ChatError):
    code = "image.refused"


class TurnConflict(ChatError):
    code = "turn.conflict"


class GapClosed(ChatError):
    code = "gap.closed"


class ComparisonRefused(ChatError):
    code = "comparison.refused"


class PromptRefused(ChatError):
    code = "prompt.refused"


class TitleRefused(ChatError):
    code = "conversation.title"


class ConversationUnreadable(ChatError):
    code = "conversation.unreadable"


class ShareRefused(ChatError):
    code = "share.refused"


class FolderRefused(ChatError):
    code = "folder.refused"


class ProviderError(ChatError):
    code = "provider.failed"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        retryable: bool | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, code=code, retryable=retryable)
        self.retry_after = retry_after
        """Seconds that the provider asked to be left alone for, where it said so."""


class ProviderUnreachable(ProviderError):
    code = "provider.unreachable"
    retryable = True


class ProviderBusy(ProviderError):
    code = "provider.busy"
    retryable = True


class ProviderRefusedKey(ProviderError):
    code = "provider.refused_key"


class ProviderGone(ProviderError):
    code = "provider.gone"


class ModelNotFound(ProviderError):
    code = "provider.model_not_found"


class PromptTooLong(ProviderError):
    code = "provider.prompt_too_long"


class StreamBroken(ProviderError):
    code = "provider.stream_broken"
    retryable = True


class RerankerFailed(ProviderError):
    code = "reranker.failed"


class NoProvider(ChatError):
    code = "provider.none"
    retryable = True
