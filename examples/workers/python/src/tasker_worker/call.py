"""One call of a handler."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from typing import Any

from .step import Step

Handler = Callable[[Step], Awaitable[Any]] | Callable[[Step], Any]


def call(handler: Handler, step: Step) -> asyncio.Future[Any]:
    """Begins a call: of a coroutine here, of a function in a thread."""
    if inspect.iscoroutinefunction(handler):
        return asyncio.ensure_future(handler(step))
    return in_thread(handler, step)


def in_thread(handler: Handler, step: Step) -> asyncio.Future[Any]:
    """A thread that the process does not wait for at its end, so that a handler that hangs does not hold it up.

    It can't be stopped from outside: its place is taken until it ends.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Any] = loop.create_future()

    def tell(how: Callable[[Any], None], what: Any) -> None:
        try:
            loop.call_soon_threadsafe(how, what)
        except RuntimeError:
            pass  # The loop is closed: nobody waits any more.

    def run() -> None:
        try:
            results = handler(step)
        except StopIteration as error:  # Which a future does not take.
            tell(answer.set_exception, RuntimeError(repr(error)))
        except Exception as error:
            tell(answer.set_exception, error)
        except BaseException as error:  # `sys.exit()` is the end of the thread, not of the worker.
            tell(answer.set_exception, RuntimeError(repr(error)))
        else:
            tell(answer.set_result, results)

    threading.Thread(target=copy_context().run, args=(run,), name=f"step {step.name}", daemon=True).start()
    return answer
