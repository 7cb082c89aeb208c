from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from tasker_worker import Worker

from .fake import Fake

Working = Callable[[Worker], AbstractAsyncContextManager[asyncio.Event]]


@pytest.fixture(autouse=True)
def nothing_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TASKER_URL", "TASKER_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def fake() -> AsyncIterator[Fake]:
    async with Fake() as fake:
        yield fake


@pytest.fixture
def working() -> Working:
    """A worker that works as long as the block runs, and is told to stop by the event that it gets."""

    @asynccontextmanager
    async def work(worker: Worker) -> AsyncIterator[asyncio.Event]:
        stop = asyncio.Event()
        serving = asyncio.ensure_future(worker.serve(stop))
        try:
            yield stop
        finally:
            stop.set()
            await asyncio.wait_for(serving, 15)

    return work
