"""The leases of the steps that run here: one request keeps them all, and brings word of those that ended."""

from __future__ import annotations

import asyncio
import enum
import logging
from asyncio import FIRST_COMPLETED
from typing import Any

from .connection import Connection, Refused, Unreachable, pause, waits
from .protocol import HEARTBEAT, LONGEST_WAIT
from .step import Step

log = logging.getLogger("tasker_worker")

PACE = 0.25
"""Seconds between two heartbeats at least, however many steps begin and end meanwhile."""


class Ended(enum.Enum):
    """Why an attempt is not wanted any more."""

    CANCELLED = "its step was cancelled"
    LOST = "its lease is lost"
    SHUTDOWN = "the worker is shutting down"


class Lease:
    """The right to answer for one attempt."""

    def __init__(self, claimed: dict[str, Any], expires_at: float) -> None:
        self.token: str = claimed["leaseToken"]
        self.step = Step(claimed)
        self.expires_at = expires_at
        """By this process's clock, and on the safe side: counted from before the request that extended it."""
        self.ended: Ended | None = None
        self.call: asyncio.Future[Any] | None = None
        """The handler, while it runs. A task is cancelled when the lease ends, a thread can't be."""

    def end(self, why: Ended) -> None:
        """Tells the handler to stop. What it answers from now on is dropped, unless the worker is shutting down."""
        if self.ended is None:
            self.ended = why
            self.step._stopped.set()
            if isinstance(self.call, asyncio.Task):
                self.call.cancel()


class Leases:
    """All that are held now."""

    def __init__(self, connection: Connection, seconds: int) -> None:
        self._connection = connection
        self._seconds = seconds
        self._held: dict[str, Lease] = {}
        self._added = asyncio.Event()

    def add(self, lease: Lease) -> None:
        self._held[lease.token] = lease
        self._added.set()

    def drop(self, lease: Lease) -> None:
        self._held.pop(lease.token, None)

    def held(self) -> list[Lease]:
        return list(self._held.values())

    async def keep(self) -> None:
        """Sends heartbeats for as long as it is let. Raises `Refused` where the token does not permit them."""
        backoff = waits(most=self._seconds / 10)
        while True:
            if not self._held:
                await self._added.wait()
            began = asyncio.get_running_loop().time()
            try:
                # A heartbeat that waits knows nothing of steps that are claimed meanwhile. It is given up for one that
                # has them, and that one does not wait: it is answered however fast steps come and go.
                is_news = self._added.is_set()
                self._added.clear()
                await self._beat(began, 0 if is_news else min(self._seconds // 3, LONGEST_WAIT))
                backoff = waits(most=self._seconds / 10)
            except (Refused, Unreachable) as error:
                if isinstance(error, Refused) and error.is_about_the_token:
                    raise
                log.warning("a heartbeat failed and is sent again: %s", error)
                await pause(backoff, error)
            self._expire()
            await asyncio.sleep(began + PACE - asyncio.get_running_loop().time())

    async def _beat(self, began: float, wait: int) -> None:
        """One heartbeat: the service answers when a lease has ended, or after `wait` seconds."""
        leases = self._held.copy()
        if not leases:
            return
        given = {"leaseTokens": list(leases), "leaseSeconds": self._seconds, "waitSeconds": wait}
        asked = asyncio.ensure_future(self._connection.ask(HEARTBEAT, given, wait=wait))
        added = asyncio.ensure_future(self._added.wait())
        until = min(lease.expires_at for lease in leases.values())
        try:
            await asyncio.wait({asked, added} if wait else {asked}, timeout=until - began, return_when=FIRST_COMPLETED)
        finally:
            added.cancel()
            if not asked.done():
                asked.cancel()
                await asyncio.wait({asked})
        if asked.cancelled():
            return
        for beat in asked.result():
            lease = leases[beat["leaseToken"]]
            if beat["valid"] and not beat["cancelled"]:
                lease.expires_at = began + self._seconds
            else:
                self._end(lease, Ended.CANCELLED if beat["cancelled"] else Ended.LOST)

    def _expire(self) -> None:
        """A lease that could not be extended in time is somebody else's by now."""
        now = asyncio.get_running_loop().time()
        for lease in self.held():
            if lease.expires_at <= now:
                self._end(lease, Ended.LOST)

    def _end(self, lease: Lease, why: Ended) -> None:
        # An answer on its way may be what ended the lease: its own reply will tell.
        if lease.token in self._held:
            self.drop(lease)
            lease.end(why)
