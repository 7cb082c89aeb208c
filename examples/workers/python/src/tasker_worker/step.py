"""What a handler sees of its step."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import MutableMapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .json import JSON

log = logging.getLogger("tasker_worker")

if TYPE_CHECKING:
    Adapter = logging.LoggerAdapter[logging.Logger]
else:  # is no generic before Python 3.11
    Adapter = logging.LoggerAdapter


class Step:
    """One attempt of one step."""

    def __init__(self, claimed: dict[str, Any]) -> None:
        self.id: str = claimed["workflowStepId"]
        """The step's own id."""
        self.name: str = claimed["name"]
        self.handler_class: str = claimed["handlerClass"]
        self.handler_config: Any = claimed["handlerConfig"]
        """From the template. `${VARIABLES}` are as they were written: they are for who runs the step."""
        self.task_id: str = claimed["taskId"]
        self.task_name: str = claimed["taskName"]
        self.namespace: str = claimed["namespace"]
        self.version: str = claimed["version"]
        self.attempt: int = claimed["attempt"]
        """Counts from one."""
        self.idempotency_key: str = claimed["idempotencyKey"]
        """The same for every attempt: a step runs at least once, so hand it on to whoever acts on it."""
        self.context: Any = claimed["context"]
        """The task's input."""
        self.inputs: Any = claimed["inputs"]
        """The step's own input: the context, unless somebody has changed it."""
        self.traceparent: str | None = claimed["traceparent"]
        """The attempt's span, as W3C Trace Context has it: the parent of what the handler does."""
        self.deadline_at: datetime | None = moment(claimed["deadlineAt"])
        """When the service gives the attempt up."""
        self.log: Adapter = StepLog(log, {"task_id": self.task_id, "step_id": self.id, "attempt": self.attempt})
        """Says with each line which step it is about."""
        self._earlier: dict[str, Any] = claimed["dependencyResults"]
        self._events: list[dict[str, Any]] = []
        self._stopped = threading.Event()

    def results(self, step_name: str, *path: str | int, default: Any = None) -> Any:
        """What an earlier step has left: all of it, or what `path` leads to.

        Every step is there that this one depends on, directly or not. `default` where there is nothing.
        """
        value: Any = self._earlier.get(step_name)
        for key in path:
            try:
                value = value[key]
            except (KeyError, IndexError, TypeError):
                return default
        return default if value is None else value

    def publish(self, name: str, payload: JSON = None) -> None:
        """Publishes an event that the template declares. It is written with the attempt's outcome."""
        json.dumps(payload, allow_nan=False)  # A mistake shows here, where it was made.
        self._events.append({"name": name, "payload": payload})

    @property
    def cancelled(self) -> bool:
        """Whether the answer will not count any more. A coroutine is cancelled then; a function has to look."""
        return self._stopped.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleeps in a function (`def`), but not on when the answer will not count any more; whether that is so."""
        return self._stopped.wait(seconds)

    def __repr__(self) -> str:
        return f"<Step {self.name} of task {self.task_id}, attempt {self.attempt}>"


class StepLog(Adapter):
    """Puts in front of each line which step it is about."""

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        kwargs["extra"] = {**(self.extra or {}), **kwargs.get("extra", {})}
        return f"step {kwargs['extra']['step_id']}: {msg}", kwargs


def moment(text: str | None) -> datetime | None:
    """RFC 3339. Python 3.10 reads neither `Z` nor fractions of other lengths than three and six digits."""
    if text is None:
        return None
    text = text.replace("Z", "+00:00")
    if "." in text:
        whole, rest = text.split(".", 1)
        digits = len(rest) - len(rest.lstrip("0123456789"))
        text = f"{whole}.{rest[:digits][:6].ljust(6, '0')}{rest[digits:]}"
    return datetime.fromisoformat(text)
