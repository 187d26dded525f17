"""Passages that say the like vouch for each other: of two that score the same, the one whose likes score well is the
better guess. Diaz: Regularizing ad hoc retrieval scores, 2005. Measured in docs/adr/0015-late-interaction.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import numpy as np

from ingestion.embedding.words import Rows


def vouched(scores: Mapping[UUID, float], words: Mapping[UUID, Rows]) -> dict[UUID, float]:
    """For each passage the mean score of the others, each weighted by how like it is: by the cosine of what their words
    have in common, less what those of all of them have. Passages that are like no other have none."""
    if not words:
        return {}
    means = np.stack([rows.mean(axis=0) for rows in words.values()])
    means -= means.mean(axis=0)
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    alike = np.maximum(means @ means.T, 0.0)
    np.fill_diagonal(alike, 0.0)
    weight = alike.sum(axis=1)
    vouched_for = alike @ np.asarray([scores[chunk_id] for chunk_id in words], np.float32)
    return {chunk_id: float(vouched_for[i] / weight[i]) for i, chunk_id in enumerate(words) if weight[i] > 0}
