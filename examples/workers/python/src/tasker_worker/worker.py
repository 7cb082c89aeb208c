"""A worker: which steps it does, and how it is started and stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import uuid
from collections.abc import Callable, Sequence
from typing import TypeVar

from .call import Handler
from .connection import Connection
from .errors import NotAllowed
from .protocol import MOST_LEASES
from .shift import Shift, Terms

H = TypeVar("H", bound=Handler)


class Worker:
    """Does the steps of the handler classes that are registered with it."""

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        namespaces: Sequence[str] | None = None,
        concurrency: int = 10,
        lease_seconds: int = 30,
        grace_seconds: float = 25.0,
        worker_id: str | None = None,
    ) -> None:
        """`url` and `token` are taken from TASKER_URL and TASKER_TOKEN where they are not given.

        At most `concurrency` steps run at once. A worker that vanishes costs each of them `lease_seconds`. One that is
        told to stop finishes what it can within `grace_seconds` and gives the rest back.
        """
        if not 1 <= concurrency <= MOST_LEASES:
            raise ValueError(f"concurrency must be from 1 to {MOST_LEASES}")
        if not 3 <= lease_seconds <= 3600:
            raise ValueError("lease_seconds must be from 3 to 3600")
        self._url = url or os.environ.get("TASKER_URL") or "http://127.0.0.1:8080/graphql"
        self._token = token or os.environ.get("TASKER_TOKEN") or None
        self._handlers: dict[str, Handler] = {}
        self._terms = Terms(
            worker_id=worker_id or f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}",
            namespaces=list(namespaces) if namespaces is not None else None,
            concurrency=concurrency,
            lease_seconds=lease_seconds,
            grace_seconds=grace_seconds,
        )

    def step(self, handler_class: str) -> Callable[[H], H]:
        """Registers the decorated function, `async def` or `def`, for the steps of a handler class.

        What it returns are the step's results; what it raises, `RetryableError` and `PermanentError` among others, is
        the attempt's failure. A `def` runs in a thread of its own.
        """

        def register(handler: H) -> H:
            if handler_class in self._handlers:
                raise ValueError(f"{handler_class} has a handler already")
            self._handlers[handler_class] = handler
            return handler

        return register

    def run(self) -> None:
        """Works until SIGTERM or SIGINT. A second signal ends the grace period."""
        try:
            asyncio.run(self._run())
        except NotAllowed as error:
            raise SystemExit(f"the worker has stopped: {error}") from None

    async def _run(self) -> None:
        stop, hurry = asyncio.Event(), asyncio.Event()

        def told() -> None:
            (hurry if stop.is_set() else stop).set()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            try:
                loop.add_signal_handler(number, told)
            except NotImplementedError:  # Windows.
                signal.signal(number, lambda *_: loop.call_soon_threadsafe(told))
        await self.serve(stop, hurry)

    async def serve(self, stop: asyncio.Event, hurry: asyncio.Event | None = None) -> None:
        """Works until `stop`, then finishes what is running; `hurry` ends the grace period.

        Raises `NotAllowed` where the service does not let it work.
        """
        if not self._handlers:
            raise ValueError("no step is registered")
        async with Connection(self._url, self._token) as connection:
            await Shift(self._terms, self._handlers, connection).work(stop, hurry or asyncio.Event())
