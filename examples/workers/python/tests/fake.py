"""A service of the tests' own: the five mutations in memory, behind the schema that Tasker publishes.

It executes what is sent to it with a real GraphQL library, so a document that the schema does not know fails here too.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import web
from graphql import GraphQLError, build_schema, graphql

SCHEMA = build_schema((Path(__file__).parents[4] / "schema.graphql").read_text())


class Step:
    """A step, where it is, and what was answered for it."""

    def __init__(self, id: str, handler_class: str, given: dict[str, Any]) -> None:
        self.id = id
        self.handler_class = handler_class
        self.given = given
        self.attempt = 0
        self.token: str | None = None
        self.expires_at = 0.0
        self.cancelled = False
        self.answer: tuple[str, dict[str, Any]] | None = None
        """The mutation and its input."""
        self.answered = asyncio.Event()

    def end_lease(self) -> None:
        """As if it had run out: the step is there for anybody."""
        self.token = None


class Fake:
    """Used as `async with`. `url` is where it is."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.requests: list[tuple[str, dict[str, Any]]] = []
        """Each mutation that arrived, with its input."""
        self.headers: list[dict[str, str]] = []
        self.before: Callable[[str, dict[str, Any]], None] = lambda field, given: None
        """Called before a mutation; raises what it is to be refused with."""
        self.unsent = 0
        """So many answers to completions and failures get lost after they took effect."""
        self.bodies: list[int] = []
        self._numbers = itertools.count(1)
        self._changed = asyncio.Event()
        self._port = 0
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/graphql"

    async def __aenter__(self) -> Fake:
        await self.up()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.down()

    async def up(self) -> None:
        """At the same address as before."""
        app = web.Application(client_max_size=1024 * 1024)
        app.router.add_post("/graphql", self._post)
        self._runner = web.AppRunner(app, shutdown_timeout=0.01, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def down(self) -> None:
        """Nobody answers at the address until `up`."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def add(self, handler_class: str = "Test", **given: Any) -> Step:
        step = Step(f"step-{next(self._numbers)}", handler_class, given)
        self.steps.append(step)
        self._change()
        return step

    def cancel(self, step: Step) -> None:
        step.cancelled = True
        self._change()

    def lose(self, step: Step) -> None:
        step.end_lease()
        self._change()

    def count(self, field: str) -> int:
        return sum(1 for name, _ in self.requests if name == field)

    def _change(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _post(self, request: web.Request) -> web.StreamResponse:
        text = await request.text()
        self.bodies.append(len(text))
        self.headers.append(dict(request.headers))
        asked = json.loads(text)
        done = await graphql(SCHEMA, asked["query"], root_value=self, variable_values=asked.get("variables"))
        field = self.requests[-1][0] if self.requests else ""
        if self.unsent and field in ("completeStep", "completeSteps", "failStep"):
            self.unsent -= 1
            assert request.transport is not None
            request.transport.abort()
            raise asyncio.CancelledError
        return web.json_response(done.formatted)

    def _enter(self, field: str, given: dict[str, Any]) -> None:
        self.requests.append((field, given))
        self.before(field, given)

    async def claimSteps(self, info: Any, input: dict[str, Any]) -> list[dict[str, Any]]:
        self._enter("claimSteps", input)
        until = now() + input["waitSeconds"]
        while True:
            known = input["handlerClasses"]
            found = [step for step in self.steps if self._is_free(step) and step.handler_class in known]
            if found or now() >= until:
                return [self._lease(step, input["leaseSeconds"]) for step in found[: input["limit"]]]
            await self._news(until)

    async def heartbeatSteps(self, info: Any, input: dict[str, Any]) -> list[dict[str, Any]]:
        self._enter("heartbeatSteps", input)
        until = now() + input["waitSeconds"]
        while True:
            beats = [self._beat(token, input["leaseSeconds"]) for token in input["leaseTokens"]]
            if now() >= until or any(beat["cancelled"] or not beat["valid"] for beat in beats):
                return beats
            await self._news(until)

    def completeStep(self, info: Any, input: dict[str, Any]) -> dict[str, Any]:
        self._enter("completeStep", input)
        return self._settle("completeStep", input, "COMPLETE")

    def failStep(self, info: Any, input: dict[str, Any]) -> dict[str, Any]:
        self._enter("failStep", input)
        return self._settle("failStep", input, "ERROR")

    def completeSteps(self, info: Any, input: dict[str, Any]) -> list[dict[str, Any]]:
        self._enter("completeSteps", input)
        said = []
        for each in input["completions"]:
            try:
                self._settle("completeStep", each, "COMPLETE")
                said.append({"leaseToken": each["leaseToken"], "accepted": True})
            except GraphQLError as error:
                code = (error.extensions or {})["code"]
                said.append({"leaseToken": each["leaseToken"], "accepted": False, "code": code, "message": str(error)})
        return said

    def _is_free(self, step: Step) -> bool:
        return step.answer is None and not step.cancelled and (step.token is None or step.expires_at <= now())

    def _lease(self, step: Step, seconds: int) -> dict[str, Any]:
        step.attempt += 1
        step.token = f"{step.id}/{step.attempt}"
        step.expires_at = now() + seconds
        return {
            "leaseToken": step.token,
            "leaseExpiresAt": "2030-01-01T00:00:00.123Z",
            "deadlineAt": "2030-01-01T00:05:00.1234567Z",
            "attempt": step.attempt,
            "idempotencyKey": step.id,
            "taskId": f"task-of-{step.id}",
            "taskName": "test",
            "namespace": "default",
            "version": "0.1.0",
            "workflowStepId": step.id,
            "name": "a step",
            "handlerClass": step.handler_class,
            "handlerConfig": {"secret": "${SECRET}"},
            "context": {},
            "inputs": {},
            "dependencyResults": {},
            "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            **step.given,
        }

    def _beat(self, token: str, seconds: int) -> dict[str, Any]:
        step = next((step for step in self.steps if step.token == token), None)
        valid = step is not None and step.answer is None and step.expires_at > now()
        if valid and step is not None:
            step.expires_at = now() + seconds
        return {"leaseToken": token, "valid": valid, "cancelled": bool(step and step.cancelled)}

    def _settle(self, field: str, given: dict[str, Any], status: str) -> dict[str, Any]:
        step = next((step for step in self.steps if step.token == given["leaseToken"]), None)
        if step is None or step.cancelled or step.answer not in (None, (field, given)):
            raise refused("CONFLICT", "the lease has ended")
        for event in given.get("events") or []:
            if event["name"].startswith("undeclared."):
                raise refused("BAD_USER_INPUT", f"nothing declares the event {event['name']}")
        step.answer = (field, given)
        step.answered.set()
        self._change()
        return {"workflowStepId": step.id, "status": status}

    async def _news(self, until: float) -> None:
        try:
            await asyncio.wait_for(self._changed.wait(), until - now())
        except asyncio.TimeoutError:
            pass


def now() -> float:
    return asyncio.get_running_loop().time()


def refused(code: str, message: str, **extensions: Any) -> GraphQLError:
    return GraphQLError(message, extensions={"code": code, **extensions})
