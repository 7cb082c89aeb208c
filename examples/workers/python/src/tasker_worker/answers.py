"""Answers on their way to the service: what is ready together goes together, again and again until it has arrived."""

from __future__ import annotations

import asyncio
import enum
import json
import logging
from dataclasses import dataclass, field
from typing import Any

from gql import GraphQLRequest

from .connection import Connection, Refused, Unreachable, pause, waits
from .json import JSON
from .protocol import COMPLETE, COMPLETE_MANY, FAIL, MOST_STEPS

log = logging.getLogger("tasker_worker")

MOST_BYTES = 512 * 1024
"""Of one batch. The service accepts requests of up to 1 MiB, unless it is told otherwise."""

FAULTS = 8
"""So often is an answer sent again that the service meets with a fault of its own."""


class Settled(enum.Enum):
    """What became of an answer that the service has not refused."""

    ACCEPTED = "accepted"
    DROPPED = "dropped"
    """The attempt was somebody else's by then, or nobody's."""


@dataclass
class Completed:
    """The handler has answered."""

    results: JSON
    events: list[dict[str, Any]] = field(default_factory=list)
    size: int = 0


@dataclass
class Failed:
    """The handler has failed, or its answer was refused."""

    message: str
    retryable: bool = True
    code: str | None = None
    retry_after: float | None = None
    results: JSON = None
    events: list[dict[str, Any]] = field(default_factory=list)


Outcome = Completed | Failed


@dataclass
class Answer:
    """An outcome, and who waits to hear what became of it."""

    token: str
    outcome: Outcome
    settled: asyncio.Future[Settled]

    @property
    def size(self) -> int:
        return self.outcome.size if isinstance(self.outcome, Completed) else 0

    def given(self) -> dict[str, Any]:
        """As the mutations take it."""
        common = {"leaseToken": self.token, "results": self.outcome.results, "events": self.outcome.events}
        if isinstance(self.outcome, Completed):
            return common
        return {
            **common,
            "message": self.outcome.message,
            "retryable": self.outcome.retryable,
            "code": self.outcome.code,
            "retryAfterSeconds": self.outcome.retry_after,
        }

    def settle(self, settled: Settled) -> None:
        if not self.settled.done():
            self.settled.set_result(settled)

    def refuse(self, why: Refused) -> None:
        if self.settled.done():
            return
        if why.code in ("CONFLICT", "NOT_FOUND"):
            self.settled.set_result(Settled.DROPPED)
        else:
            self.settled.set_exception(why)


class Answers:
    """The queue, and the one who empties it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._ready: asyncio.Queue[Answer] = asyncio.Queue()

    async def deliver(self, token: str, outcome: Outcome) -> Settled:
        """Waits until it has arrived, over any number of tries. Raises `Refused` where it never will."""
        settled: asyncio.Future[Settled] = asyncio.get_running_loop().create_future()
        self._ready.put_nowait(Answer(token, outcome, settled))
        return await settled

    async def send(self) -> None:
        """Sends what is ready for as long as it is let. While one batch is on its way the next one grows."""
        while True:
            ready = [await self._ready.get()]
            while not self._ready.empty():
                ready.append(self._ready.get_nowait())
            completed = [answer for answer in ready if isinstance(answer.outcome, Completed)]
            failed = [answer for answer in ready if isinstance(answer.outcome, Failed)]
            alone = (self._send_one(FAIL, answer) for answer in failed)
            await asyncio.gather(*(self._send_batch(batch) for batch in batches(completed)), *alone)

    async def _send_batch(self, batch: list[Answer]) -> None:
        if len(batch) == 1:
            return await self._send_one(COMPLETE, batch[0])
        given = {"completions": [answer.given() for answer in batch]}
        try:
            said = await self._until_answered(COMPLETE_MANY, given)
        except Refused as refused:
            if refused.is_about_the_token:
                return refuse_all(batch, refused)
            # One of them is not what it has to be; each alone, the others arrive.
            await asyncio.gather(*(self._send_one(COMPLETE, answer) for answer in batch))
            return
        of_token = {each["leaseToken"]: each for each in said}
        again = []
        for answer in batch:
            each = of_token[answer.token]
            why = Refused(each["code"] or "INTERNAL", each["message"] or "")
            if each["accepted"]:
                answer.settle(Settled.ACCEPTED)
            elif why.is_passing:
                again.append(answer)
            else:
                answer.refuse(why)
        await asyncio.gather(*(self._send_one(COMPLETE, answer) for answer in again))

    async def _send_one(self, mutation: GraphQLRequest, answer: Answer) -> None:
        try:
            await self._until_answered(mutation, answer.given())
            answer.settle(Settled.ACCEPTED)
        except Refused as refused:
            answer.refuse(refused)

    async def _until_answered(self, mutation: GraphQLRequest, given: dict[str, Any]) -> Any:
        """A repeated answer gets the reply of the first, so it is safe to send it until there is one."""
        faults = 0
        backoff = waits()
        while True:
            try:
                return await self._connection.ask(mutation, given)
            except Refused as refused:
                faults += refused.code == "INTERNAL"
                if not refused.is_passing or faults > FAULTS:
                    raise
                log.warning("an answer is sent again: %s", refused)
                await pause(backoff, refused)
            except Unreachable as error:
                log.warning("an answer is sent again: %s", error)
                await pause(backoff, error)


def refuse_all(batch: list[Answer], refused: Refused) -> None:
    for answer in batch:
        answer.refuse(refused)


def batches(answers: list[Answer]) -> list[list[Answer]]:
    """In the same order, none too large for one request."""
    found: list[list[Answer]] = []
    bytes_left = 0
    for answer in answers:
        if not found or len(found[-1]) == MOST_STEPS or answer.size > bytes_left:
            found.append([])
            bytes_left = MOST_BYTES
        found[-1].append(answer)
        bytes_left -= answer.size
    return found


def completed(results: JSON, events: list[dict[str, Any]]) -> Outcome:
    """What a handler has returned; a failure, if that is nothing that JSON can write."""
    try:
        size = len(json.dumps([results, events], allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        return Failed(f"the results are no JSON: {error}", retryable=False, code="RESULTS_NOT_JSON")
    return Completed(results, events, size)
