"""The retrieval stages together as LangChain's own kind of retriever."""

from __future__ import annotations

from typing import Any

from asgiref.sync import async_to_sync
from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from chat.domain import Passage, Retrieval
from ingestion.domain import Scope


class TenantRetriever(BaseRetriever):
    """One tenant's documents, within `scope`. `pipeline` is what `chat.retrieval.build_pipeline` returns; whose
    documents they are was settled there."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    pipeline: Any
    scope: Scope

    async def aretrieve(self, query: str) -> Retrieval:
        """Return everything that the stages found out, not only the passages."""
        found: Retrieval = await self.pipeline(Retrieval(question=query, query=query, scope=self.scope))
        return found

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun
    ) -> list[Document]:
        found = await self.aretrieve(query)
        return [as_document(passage) for passage in found.passages]

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        found = async_to_sync(self.aretrieve)(query)
        return [as_document(passage) for passage in found.passages]


def as_document(passage: Passage) -> Document:
    return Document(
        id=str(passage.chunk_id),
        page_content=passage.text,
        metadata={
            "number": passage.number,
            "document_id": str(passage.document_id),
            "document": passage.document_name,
            "version": passage.version,
            "page": passage.page,
            "heading": passage.heading,
            "start": passage.start,
            "end": passage.end,
            "dense": passage.dense,
            "lexical": passage.lexical,
            "fused": passage.fused,
        },
    )
