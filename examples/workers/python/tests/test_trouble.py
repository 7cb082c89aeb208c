"""What a worker does when leases end, answers get lost, the service is away, or it is told to stop."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from graphql import GraphQLError

from tasker_worker import NotAllowed, Step, Worker

from .conftest import Working
from .fake import Fake, now, refused


def sleeper(worker: Worker, seconds: float = 30.0) -> dict[str, asyncio.Event]:
    """Registers a step that sleeps; what happens to it."""
    told = {"began": asyncio.Event(), "stopped": asyncio.Event()}

    @worker.step("Test")
    async def sleep(step: Step) -> str:
        told["began"].set()
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            told["stopped"].set()
            raise
        return "slept"

    return told


async def test_cancellation_reaches_a_handler_within_a_second_and_nothing_is_answered(
    fake: Fake, working: Working
) -> None:
    worker = Worker(fake.url)
    told = sleeper(worker)
    step = fake.add()
    async with working(worker):
        await told["began"].wait()
        fake.cancel(step)
        began = now()
        await told["stopped"].wait()
        assert now() - began < 1
    assert step.answer is None and fake.count("failStep") == 0


async def test_cancellation_reaches_a_step_that_begins_while_a_heartbeat_waits(fake: Fake, working: Working) -> None:
    worker = Worker(fake.url)
    told = sleeper(worker)
    first = fake.add()
    async with working(worker):
        await told["began"].wait()
        while not any(given["waitSeconds"] for field, given in fake.requests if field == "heartbeatSteps"):
            await asyncio.sleep(0.01)
        told["began"].clear()
        second = fake.add()
        await told["began"].wait()
        fake.cancel(second)
        await asyncio.wait_for(told["stopped"].wait(), 1)
        fake.cancel(first)


async def test_a_lost_lease_stops_the_handler_and_drops_its_answer(fake: Fake, working: Working) -> None:
    worker = Worker(fake.url, concurrency=1)
    told = sleeper(worker)
    step = fake.add()
    async with working(worker):
        await told["began"].wait()
        fake.lose(step)
        await asyncio.wait_for(told["stopped"].wait(), 1)
        while step.attempt < 2:
            await asyncio.sleep(0.01)
        fake.cancel(step)
    assert fake.count("completeStep") + fake.count("failStep") == 0


async def test_an_answer_that_comes_too_late_is_dropped(fake: Fake, working: Working) -> None:
    worker = Worker(fake.url)

    @worker.step("Test")
    async def work(step: Step) -> int:
        if step.attempt == 1:
            fake.steps[0].end_lease()  # Without telling anybody.
        return step.attempt

    step = fake.add()
    async with working(worker):
        await step.answered.wait()
    assert fake.count("completeStep") == 2
    assert step.answer == ("completeStep", {"leaseToken": "step-1/2", "results": 2, "events": []})


async def test_leases_are_kept_for_as_long_as_their_steps_run(fake: Fake, working: Working) -> None:
    worker = Worker(fake.url, lease_seconds=3)
    told = sleeper(worker, 4.5)
    step = fake.add()
    async with working(worker):
        await step.answered.wait()
    assert step.attempt == 1 and not told["stopped"].is_set()
    assert fake.count("heartbeatSteps") < 10


async def test_leases_are_kept_while_other_steps_come_and_go(fake: Fake, working: Working) -> None:
    worker = Worker(fake.url, lease_seconds=3)

    @worker.step("Long")
    async def long(step: Step) -> str:
        await asyncio.sleep(4)
        return "done"

    @worker.step("Short")
    async def short(step: Step) -> None:
        await asyncio.sleep(0.01)

    step = fake.add("Long")
    async with working(worker):
        while not step.answered.is_set():
            await fake.add("Short").answered.wait()
    assert step.attempt == 1 and step.answer is not None and step.answer[1]["results"] == "done"
    assert fake.count("heartbeatSteps") < 4 / 0.25 + 5


async def test_an_answer_whose_reply_is_lost_is_sent_again(fake: Fake, working: Working) -> None:
    runs = 0
    worker = Worker(fake.url)

    @worker.step("Test")
    async def work(step: Step) -> None:
        nonlocal runs
        runs += 1

    fake.unsent = 2
    step = fake.add()
    async with working(worker):
        await step.answered.wait()
        while fake.count("completeStep") < 3:
            await asyncio.sleep(0.01)
    assert runs == 1 and step.attempt == 1


async def test_answers_wait_for_a_service_that_is_too_busy(fake: Fake, working: Working) -> None:
    busy = iter(["OVERLOADED", "RATE_LIMITED", "INTERNAL"])
    times: list[float] = []

    def before(field: str, given: dict[str, Any]) -> None:
        if field == "completeStep":
            times.append(now())
            if code := next(busy, None):
                raise refused(code, "too much to do", retryAfter=1 if code == "RATE_LIMITED" else 0)

    fake.before = before
    worker = Worker(fake.url)
    sleeper(worker, 0)
    step = fake.add()
    async with working(worker):
        await step.answered.wait()
    assert step.attempt == 1 and len(times) == 4
    assert times[2] - times[1] >= 1, "as long as the service asked for"


async def test_a_worker_outlives_a_service_that_goes_and_comes_back(fake: Fake, working: Working) -> None:
    worker = Worker(fake.url)
    told = sleeper(worker, 0.3)
    first = fake.add()
    async with working(worker):
        await told["began"].wait()
        await fake.down()
        await asyncio.sleep(0.7)
        second = fake.add()
        await fake.up()
        await asyncio.wait_for(first.answered.wait(), 5)
        await asyncio.wait_for(second.answered.wait(), 5)
    assert first.attempt == 1 and second.attempt == 1


async def test_a_lease_that_cannot_be_extended_is_given_up_before_somebody_else_has_it(
    fake: Fake, working: Working
) -> None:
    worker = Worker(fake.url, lease_seconds=3)
    told = sleeper(worker)
    step = fake.add()
    async with working(worker):
        await told["began"].wait()
        began = now()
        await fake.down()
        await told["stopped"].wait()
        assert 1.5 < now() - began < 4
        fake.cancel(step)
        await fake.up()
    assert fake.count("failStep") == 0


async def test_a_worker_that_is_told_to_stop_claims_nothing_and_finishes_what_runs(
    fake: Fake, working: Working
) -> None:
    worker = Worker(fake.url)
    told = sleeper(worker, 0.5)
    first = fake.add()
    async with working(worker) as stop:
        await told["began"].wait()
        stop.set()
        await asyncio.sleep(0.1)
        second = fake.add()
    assert first.answer is not None and first.answer[1]["results"] == "slept"
    assert second.attempt == 0


async def test_what_takes_longer_than_the_grace_period_is_given_back(fake: Fake) -> None:
    worker = Worker(fake.url, grace_seconds=0.2)
    told = sleeper(worker)
    deaf_began = asyncio.Event()
    loop = asyncio.get_running_loop()

    @worker.step("Deaf")
    def deaf(step: Step) -> None:
        loop.call_soon_threadsafe(deaf_began.set)
        time.sleep(4)

    steps = [fake.add(), fake.add("Deaf")]
    stop = asyncio.Event()
    serving = asyncio.ensure_future(worker.serve(stop))
    await told["began"].wait()
    await deaf_began.wait()
    began = now()
    stop.set()
    await serving
    assert now() - began < 3
    for step in steps:
        assert step.answer is not None and step.answer[0] == "failStep"
        assert (step.answer[1]["retryable"], step.answer[1]["code"]) == (True, "WORKER_SHUTDOWN")
    assert told["stopped"].is_set()


async def test_a_second_signal_ends_the_grace_period(fake: Fake) -> None:
    worker = Worker(fake.url, grace_seconds=60)
    told = sleeper(worker)
    step = fake.add()
    stop, hurry = asyncio.Event(), asyncio.Event()
    serving = asyncio.ensure_future(worker.serve(stop, hurry))
    await told["began"].wait()
    stop.set()
    await asyncio.sleep(0.1)
    hurry.set()
    await asyncio.wait_for(serving, 3)
    assert step.answer is not None and step.answer[1]["code"] == "WORKER_SHUTDOWN"


@pytest.mark.parametrize(
    ("token", "error", "advice"),
    [
        (None, refused("UNAUTHENTICATED", "sign in"), "Set TASKER_TOKEN"),
        ("old", refused("UNAUTHENTICATED", "unknown"), "does not accept the token"),
        (
            "weak",
            refused("FORBIDDEN", "not permitted", missingPermissions=["tasker.workflow_step:claim"]),
            "lacks tasker.workflow_step:claim.*tasker token issue --name NAME --role worker",
        ),
        (None, refused("BAD_USER_INPUT", "leaseSeconds is too large"), "does not understand this worker"),
    ],
)
async def test_a_worker_that_is_not_let_stops_and_says_what_to_do(
    fake: Fake, token: str | None, error: GraphQLError, advice: str
) -> None:
    def before(field: str, given: dict[str, Any]) -> None:
        raise error

    fake.before = before
    worker = Worker(fake.url, token)
    sleeper(worker)
    with pytest.raises(NotAllowed, match=advice):
        await asyncio.wait_for(worker.serve(asyncio.Event()), 5)
