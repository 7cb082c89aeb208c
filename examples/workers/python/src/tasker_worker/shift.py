"""A worker at work: claims steps, starts them, and stops in good order."""

from __future__ import annotations

import asyncio
import functools
import logging
from asyncio import FIRST_COMPLETED, ensure_future
from dataclasses import dataclass
from typing import Any

from .answers import Answers
from .attempt import GIVEN_BACK, answer, see_through
from .call import Handler
from .connection import Connection, Refused, Unreachable, pause, waits
from .errors import NotAllowed
from .leases import Ended, Lease, Leases
from .protocol import CLAIM, LONGEST_WAIT, MOST_STEPS

log = logging.getLogger("tasker_worker")

WAIT = LONGEST_WAIT // 2
"""Seconds that a claim waits for steps: shorter than the patience of most proxies."""

WINDING_DOWN = 1.0
"""Seconds that a handler has between being told to stop and being given up."""

LAST_WORDS = 5.0
"""Seconds for what is still to be said then."""


@dataclass(frozen=True)
class Terms:
    """How a worker works."""

    worker_id: str
    namespaces: list[str] | None
    concurrency: int
    lease_seconds: int
    grace_seconds: float


class Shift:
    """One worker at work, from its start to its stop."""

    def __init__(self, terms: Terms, handlers: dict[str, Handler], connection: Connection) -> None:
        self._terms = terms
        self._handlers = handlers
        self._connection = connection
        self._leases = Leases(connection, terms.lease_seconds)
        self._answers = Answers(connection)
        self._running: dict[asyncio.Task[None], Lease] = {}
        self._is_room = asyncio.Event()

    async def work(self, stop: asyncio.Event, hurry: asyncio.Event) -> None:
        """Until `stop`, or until the service does not let it."""
        log.info("worker %s does %s at %s", self._terms.worker_id, ", ".join(self._handlers), self._connection.url)
        stopped = ensure_future(stop.wait())
        claiming = ensure_future(self._claim())
        keeping = ensure_future(self._leases.keep())
        sending = ensure_future(self._answers.send())
        everything: set[asyncio.Future[Any]] = {stopped, claiming, keeping, sending}
        try:
            await asyncio.wait(everything, return_when=FIRST_COMPLETED)
            claiming.cancel()
            await self._drain(hurry)
            for busy in (claiming, keeping, sending):
                if busy.done() and not busy.cancelled():
                    busy.result()  # They end by errors alone.
        except Refused as refused:
            raise NotAllowed(self._connection.advice(refused)) from refused
        finally:
            for lease in self._running.values():
                lease.end(Ended.SHUTDOWN)
            for task in everything | set(self._running):
                task.cancel()
            await asyncio.wait(everything)
            log.info("worker %s has stopped", self._terms.worker_id)

    async def _claim(self) -> None:
        """Claims as many steps as there is room for, and waits where there are none."""
        backoff = waits()
        while True:
            room = self._terms.concurrency - len(self._running)
            if room == 0:
                self._is_room.clear()
                await self._is_room.wait()
                continue
            given = {
                "workerId": self._terms.worker_id,
                "handlerClasses": list(self._handlers),
                "namespaces": self._terms.namespaces,
                "limit": min(room, MOST_STEPS),
                "leaseSeconds": self._terms.lease_seconds,
                "waitSeconds": WAIT,
            }
            began = asyncio.get_running_loop().time()
            try:
                steps = await self._connection.ask(CLAIM, given, wait=WAIT)
            except (Refused, Unreachable) as error:
                if isinstance(error, Refused) and not error.is_passing:
                    raise
                log.warning("no steps can be claimed now: %s", error)
                await pause(backoff, error)
                continue
            now = asyncio.get_running_loop().time()
            for claimed in steps:
                self._start(Lease(claimed, now + self._terms.lease_seconds))
            if steps or now > began + 1:
                backoff = waits()
            else:
                await asyncio.sleep(next(backoff))  # A service that is shutting down lets nobody wait.

    def _start(self, lease: Lease) -> None:
        self._leases.add(lease)
        handler = self._handlers[lease.step.handler_class]
        task = ensure_future(see_through(lease, handler, self._answers))
        self._running[task] = lease
        task.add_done_callback(functools.partial(self._done, lease))

    def _done(self, lease: Lease, task: asyncio.Task[None]) -> None:
        self._leases.drop(lease)
        del self._running[task]
        self._is_room.set()
        if not task.cancelled() and task.exception() is not None:
            log.error("step %s: a fault of the worker", lease.step.id, exc_info=task.exception())

    async def _drain(self, hurry: asyncio.Event) -> None:
        """Finishes what is running; gives back what takes too long, so that nobody waits for its lease to run out."""
        wanted = {task for task, lease in self._running.items() if lease.ended is None}
        if not wanted:
            return
        log.info("%s steps are finished before the worker stops", len(wanted))
        hurried = ensure_future(hurry.wait())
        finished = ensure_future(asyncio.wait(wanted))
        await asyncio.wait({hurried, finished}, timeout=self._terms.grace_seconds, return_when=FIRST_COMPLETED)
        hurried.cancel()
        finished.cancel()
        late = {task: lease for task, lease in self._running.items() if lease.ended is None}
        if not late:
            return
        log.warning("%s steps are given back", len(late))
        for lease in late.values():
            lease.end(Ended.SHUTDOWN)
        await asyncio.wait(late, timeout=WINDING_DOWN)
        words = {task for task, lease in late.items() if not task.done() and not is_deaf(lease)}
        for lease in filter(is_deaf, late.values()):  # Their threads end with the process.
            words.add(ensure_future(answer(lease, GIVEN_BACK, self._answers)))
        if words:
            await asyncio.wait(words, timeout=LAST_WORDS)


def is_deaf(lease: Lease) -> bool:
    """Whether its handler goes on although it was told to stop."""
    return lease.call is not None and not lease.call.done()
