"""Synchronous code (the ORM, Chroma's client) called from the event loop, in a few threads of the chat's own.

Django's `sync_to_async` runs everything in *one* thread, so that a slow query would hold up every other question; and
a thread for each question would open a database connection for each.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from django.db import close_old_connections
from django.utils import translation

P = ParamSpec("P")
T = TypeVar("T")

THREADS = 4
SEARCHES = 16
"""Searches at a time, enough to fill the embedder's batches. With all of a rush at once, the first would be done no
sooner than the last."""
_pool = ThreadPoolExecutor(THREADS, thread_name_prefix="chat")
_searching: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what `function(*args, **kwargs)` returns; connections past their age are closed, as after a request."""
    spoken = in_language(function)

    def call() -> T:
        close_old_connections()
        try:
            return spoken(*args, **kwargs)
        finally:
            close_old_connections()

    context = copy_context()
    return await asyncio.get_running_loop().run_in_executor(_pool, context.run, call)


def in_language(function: Callable[P, T]) -> Callable[P, T]:
    """The function for another thread, in the language that is active here. Unlike a task, a thread that is given this
    one's context does not see Django's language in it."""
    language = translation.get_language()

    def spoken(*args: P.args, **kwargs: P.kwargs) -> T:
        with translation.override(language):
            return function(*args, **kwargs)

    return spoken


def searching() -> asyncio.Semaphore:
    """The running loop's gate for searches: `async with searching(): …` lets them through in the order they came."""
    return _searching.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(SEARCHES))
