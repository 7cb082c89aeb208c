"""Requests to the service, and what their failures mean."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Iterator
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from gql import Client, GraphQLRequest
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.exceptions import TransportError, TransportQueryError, TransportServerError

log = logging.getLogger("tasker_worker")

# At its debug level the library writes requests and answers, and so what is in a task.
logging.getLogger("gql.transport.aiohttp").setLevel(logging.INFO)

ANSWER_TIMEOUT = 15.0
"""Seconds that the service may take to answer what does not wait for anything."""


class Refused(Exception):
    """The service has answered, with an error. `code` is its `extensions.code`."""

    def __init__(
        self, code: str, message: str, retry_after: float | None = None, missing: tuple[str, ...] = ()
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.retry_after = retry_after
        self.missing = missing
        """The permissions that the token lacks."""

    @property
    def is_passing(self) -> bool:
        """Whether the same request may succeed later."""
        return self.code in ("OVERLOADED", "RATE_LIMITED", "TIMEOUT", "INTERNAL")

    @property
    def is_about_the_token(self) -> bool:
        """Whether no request will be permitted."""
        return self.code in ("UNAUTHENTICATED", "FORBIDDEN")


class Unreachable(Exception):
    """There is no answer, or none of the service. The request may have taken effect nevertheless."""


class Connection:
    """The way to one service. Used as `async with`."""

    def __init__(self, url: str, token: str | None) -> None:
        self.url = url
        self._has_token = token is not None
        headers = {"User-Agent": "tasker-worker-python/0.1.0"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
            if urlsplit(url).scheme == "http" and urlsplit(url).hostname not in ("127.0.0.1", "::1", "localhost"):
                log.warning("%s is not https: the token can be read on its way", url)
        # Each running step has an answer on its way at most, and claims and heartbeats have one each.
        connections = aiohttp.TCPConnector(limit=0)
        transport = AIOHTTPTransport(url, headers=headers, client_session_args={"connector": connections})
        self._client = Client(transport=transport, execute_timeout=None)

    async def __aenter__(self) -> Connection:
        self._session = await self._client.connect_async()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.close_async()

    async def ask(self, request: GraphQLRequest, given: dict[str, Any], *, wait: float = 0) -> Any:
        """The answer's only field. `wait` is how long the service may wait for something to happen."""
        asked = GraphQLRequest(request, variable_values={"input": given})
        timeout = aiohttp.ClientTimeout(total=wait + ANSWER_TIMEOUT)
        try:
            # A redirected POST loses its body, or sends the token elsewhere.
            extra = {"timeout": timeout, "allow_redirects": False}
            answer = await self._session.execute(asked, extra_args=extra)
        except TransportQueryError as error:
            raise refusal(error) from None
        except TransportServerError as error:
            if error.code in (401, 403):  # By a gateway, which does not speak GraphQL.
                raise Refused("UNAUTHENTICATED" if error.code == 401 else "FORBIDDEN", f"HTTP {error.code}") from None
            raise Unreachable(f"HTTP {error.code}") from None
        except TransportError as error:
            # The texts of other kinds may have the answer in them.
            raise Unreachable(str(error.__cause__ or type(error).__name__) or "no answer in time") from None
        return next(iter(answer.values()))

    def advice(self, refused: Refused) -> str:
        """What to do about a refusal that ends the worker."""
        issue = "tasker token issue --name NAME --role worker"
        if refused.code == "UNAUTHENTICATED" and not self._has_token:
            return f"{self.url} wants a token. Set TASKER_TOKEN to one of `{issue}`"
        if refused.code == "UNAUTHENTICATED":
            return f"{self.url} does not accept the token: it was revoked, has run out, or is another service's"
        if refused.code == "FORBIDDEN":
            lacks = f" It lacks {', '.join(refused.missing)}." if refused.missing else ""
            return f"the token does not permit this work: {refused.message}.{lacks} One that does: `{issue}`"
        return f"{self.url} does not understand this worker: {refused}"


def refusal(error: TransportQueryError) -> Refused:
    """The first of an answer's errors."""
    first = (error.errors or [{}])[0]
    extensions = first.get("extensions") or {}
    return Refused(
        code=extensions.get("code", "INTERNAL"),
        message=first.get("message", ""),
        retry_after=extensions.get("retryAfter"),
        missing=tuple(extensions.get("missingPermissions", ())),
    )


def waits(first: float = 0.1, most: float = 5.0) -> Iterator[float]:
    """How long to wait before each try after the first: twice as long each time, give or take a half."""
    wait = first
    while True:
        yield wait * random.uniform(0.5, 1.5)
        wait = min(wait * 2, most)


async def pause(waits: Iterator[float], error: Refused | Unreachable) -> None:
    """Waits before the next try; as long as the service asked for, if that is longer."""
    asked_for = getattr(error, "retry_after", None) or 0.0
    await asyncio.sleep(max(next(waits), asked_for))
