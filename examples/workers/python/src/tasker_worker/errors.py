"""How a handler fails, and how a worker does."""

from __future__ import annotations

from datetime import timedelta

from .json import JSON


class StepError(Exception):
    """A failed attempt. Raise one of the two below; any other exception is as `RetryableError`."""

    retryable: bool

    def __init__(self, message: str, *, code: str | None = None, results: JSON = None) -> None:
        """`code` is for programs. `results` stay in spite of the failure."""
        super().__init__(message)
        self.code = code
        self.results = results


class RetryableError(StepError):
    """Another attempt may succeed. It is made while the template allows one."""

    retryable = True

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | timedelta | None = None,
        code: str | None = None,
        results: JSON = None,
    ) -> None:
        """`retry_after`, in seconds, is used instead of the template's backoff."""
        super().__init__(message, code=code, results=results)
        self.retry_after = retry_after.total_seconds() if isinstance(retry_after, timedelta) else retry_after


class PermanentError(StepError):
    """No attempt will succeed: the step goes to `error` at once."""

    retryable = False


class NotAllowed(Exception):
    """The service does not let this worker work; the text says what to do about it."""
