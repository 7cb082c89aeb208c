"""One attempt of a step: from the claim to the service's word on the answer."""

from __future__ import annotations

import asyncio

from .answers import Answers, Failed, Outcome, Settled, completed
from .call import Handler, call
from .connection import Refused
from .errors import RetryableError, StepError
from .leases import Ended, Lease

GIVEN_BACK = Failed("the worker was shut down before the step was finished", code="WORKER_SHUTDOWN")
"""The answer for a step that the worker could not finish."""


async def see_through(lease: Lease, handler: Handler, answers: Answers) -> None:
    """Runs the handler and delivers what it says, unless nobody wants to know any more."""
    step = lease.step
    step.log.debug("%s begins, attempt %s", step.name, step.attempt)
    outcome = await attempt(lease, handler)
    if lease.ended is Ended.SHUTDOWN and (outcome is None or isinstance(outcome, Failed)):
        outcome = GIVEN_BACK  # Whatever went wrong went wrong because it was told to stop.
    elif outcome is None or lease.ended in (Ended.CANCELLED, Ended.LOST):
        step.log.warning("%s was stopped: %s", step.name, (lease.ended or Ended.LOST).value)
        return
    await answer(lease, outcome, answers)


async def attempt(lease: Lease, handler: Handler) -> Outcome | None:
    """What the handler says. None where it was told to stop, and did."""
    step = lease.step
    lease.call = call(handler, step)
    await asyncio.wait({lease.call})
    if lease.call.cancelled():
        return None if lease.ended else Failed("the handler has cancelled itself", events=step._events)
    try:
        return completed(lease.call.result(), step._events)
    except StepError as error:
        step.log.warning("%s failed: %s", step.name, error)
        retry_after = error.retry_after if isinstance(error, RetryableError) else None
        return Failed(str(error), error.retryable, error.code, retry_after, error.results, step._events)
    except Exception as error:
        step.log.warning("%s failed", step.name, exc_info=True)
        return Failed(f"{type(error).__name__}: {error}", code=type(error).__name__, events=step._events)


async def answer(lease: Lease, outcome: Outcome, answers: Answers) -> None:
    """Delivers an outcome. One that the service refuses is a failure of the step."""
    step = lease.step
    try:
        try:
            settled = await answers.deliver(lease.token, outcome)
        except Refused as refused:
            if refused.is_about_the_token or refused.code == "INTERNAL":
                raise
            # Too large, or with an event that nobody has declared: the next attempt's would be refused as well.
            step.log.error("%s: the answer was refused: %s", step.name, refused)
            failure = Failed(f"the answer was refused: {refused.message}", retryable=False, code=refused.code)
            settled = await answers.deliver(lease.token, failure)
    except Refused as refused:
        step.log.error("%s: nobody takes the answer: %s", step.name, refused)
        return
    if settled is Settled.DROPPED:
        step.log.warning("%s: the answer came too late and was dropped", step.name)
    else:
        step.log.debug("%s is answered", step.name)
