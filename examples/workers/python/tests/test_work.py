"""What a worker does with steps, as long as nothing goes wrong that is not the steps' own."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tasker_worker import PermanentError, RetryableError, Step, Worker

from .conftest import Working
from .fake import Fake


async def test_a_coroutine_and_a_function_do_steps(fake: Fake, working: Working) -> None:
    worker = Worker(fake.url)

    @worker.step("Async")
    async def in_the_loop(step: Step) -> Any:
        return {"thread": threading.current_thread() is threading.main_thread()}

    @worker.step("Sync")
    def in_a_thread(step: Step) -> Any:
        return {"thread": threading.current_thread() is threading.main_thread()}

    first, second = fake.add("Async"), fake.add("Sync")
    async with working(worker):
        await first.answered.wait()
        await second.answered.wait()
    assert first.answer is not None and first.answer[1]["results"] == {"thread": True}
    assert second.answer is not None and second.answer[1]["results"] == {"thread": False}


async def test_a_handler_sees_what_its_step_has(fake: Fake, working: Working) -> None:
    seen: list[Step] = []
    worker = Worker(fake.url)

    @worker.step("Test")
    async def look(step: Step) -> None:
        seen.append(step)
        step.publish("payment.processed", {"amount": step.results("fetch", "items", 0, "price")})

    earlier = {"fetch": {"items": [{"price": 7.5}]}}
    given = fake.add("Test", context={"order_id": 1}, inputs={"order_id": 2}, dependencyResults=earlier)
    async with working(worker):
        await given.answered.wait()
    (step,) = seen
    assert (step.context, step.inputs) == ({"order_id": 1}, {"order_id": 2})
    assert (step.attempt, step.idempotency_key) == (1, given.id)
    assert step.results("fetch", "nothing", default=3) == 3 and step.results("nobody") is None
    assert step.deadline_at == datetime(2030, 1, 1, 0, 5, 0, 123456, tzinfo=timezone.utc)
    assert step.traceparent is not None and step.traceparent.startswith("00-0af7")
    assert given.answer is not None
    assert given.answer[1]["events"] == [{"name": "payment.processed", "payload": {"amount": 7.5}}]


async def test_no_more_steps_run_at_once_than_there_is_room_for(fake: Fake, working: Working) -> None:
    running, most = 0, 0
    worker = Worker(fake.url, concurrency=3)

    @worker.step("Test")
    async def count(step: Step) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02)
        running -= 1

    steps = [fake.add() for _ in range(20)]
    async with working(worker):
        for step in steps:
            await step.answered.wait()
    assert most == 3
    assert all(given["limit"] <= 3 for field, given in fake.requests if field == "claimSteps")


async def test_steps_that_are_ready_together_are_claimed_and_answered_together(fake: Fake, working: Working) -> None:
    worker = Worker(fake.url, concurrency=100)

    @worker.step("Test")
    async def quick(step: Step) -> None:
        await asyncio.sleep(0.05)

    steps = [fake.add() for _ in range(100)]
    async with working(worker):
        for step in steps:
            await step.answered.wait()
    assert [given["limit"] for field, given in fake.requests if field == "claimSteps"][0] == 100
    assert fake.count("completeSteps") + fake.count("completeStep") < 20


async def test_a_batch_fits_into_a_request(fake: Fake, working: Working) -> None:
    worker = Worker(fake.url, concurrency=8)
    together = asyncio.Event()

    @worker.step("Test")
    async def large(step: Step) -> str:
        await together.wait()
        return "x" * 200_000

    steps = [fake.add() for _ in range(8)]
    async with working(worker):
        while fake.count("heartbeatSteps") == 0:
            await asyncio.sleep(0.01)
        together.set()
        for step in steps:
            await step.answered.wait()
    assert fake.count("completeSteps") >= 1 and max(fake.bodies) < 1024 * 1024


async def test_errors_say_whether_another_attempt_is_worth_it(fake: Fake, working: Working) -> None:
    worker = Worker(fake.url)

    @worker.step("Later")
    async def later(step: Step) -> None:
        wait = timedelta(minutes=1)
        raise RetryableError("the bank is closed", retry_after=wait, code="CLOSED", results={"tried": 1})

    @worker.step("Never")
    def never(step: Step) -> None:
        step.publish("payment.refused")
        raise PermanentError("the card is stolen", code="STOLEN")

    @worker.step("Bug")
    def bug(step: Step) -> None:
        raise KeyError("order_id")

    @worker.step("Strange")
    async def strange(step: Step) -> Any:
        return object()

    steps = [fake.add(name) for name in ("Later", "Never", "Bug", "Strange")]
    async with working(worker):
        for step in steps:
            await step.answered.wait()
    later_, never_, bug_, strange_ = (step.answer[1] for step in steps if step.answer)
    assert later_ == {
        "leaseToken": "step-1/1",
        "message": "the bank is closed",
        "retryable": True,
        "code": "CLOSED",
        "retryAfterSeconds": 60.0,
        "results": {"tried": 1},
        "events": [],
    }
    assert (never_["retryable"], never_["code"], never_["events"][0]["name"]) == (False, "STOLEN", "payment.refused")
    assert (bug_["retryable"], bug_["message"]) == (True, "KeyError: 'order_id'")
    assert (strange_["retryable"], strange_["code"]) == (False, "RESULTS_NOT_JSON")


async def test_an_undeclared_event_fails_its_step_and_no_other(fake: Fake, working: Working) -> None:
    worker = Worker(fake.url, concurrency=10)
    together = asyncio.Event()

    @worker.step("Test")
    async def publish(step: Step) -> None:
        await together.wait()
        step.publish("undeclared.event" if step.id == "step-3" else "declared.event")

    steps = [fake.add() for _ in range(5)]
    async with working(worker):
        while fake.count("heartbeatSteps") == 0:
            await asyncio.sleep(0.01)
        together.set()
        for step in steps:
            await step.answered.wait()
    fields = [step.answer[0] for step in steps if step.answer]
    assert fields == ["completeStep", "completeStep", "failStep", "completeStep", "completeStep"]
    assert steps[2].answer is not None
    assert (steps[2].answer[1]["retryable"], steps[2].answer[1]["code"]) == (False, "BAD_USER_INPUT")


async def test_neither_token_nor_contents_are_logged(
    fake: Fake, working: Working, caplog: pytest.LogCaptureFixture
) -> None:
    worker = Worker(fake.url, "s3cr3t-token")

    @worker.step("Test")
    async def work(step: Step) -> Any:
        step.log.info("at work")
        return {"card": "4711-s3cr3t"}

    with caplog.at_level(logging.DEBUG):
        step = fake.add("Test", context={"card": "4711-s3cr3t"})
        async with working(worker):
            await step.answered.wait()
    assert fake.headers[0]["Authorization"] == "Bearer s3cr3t-token"
    assert "step-1: at work" in caplog.text and "s3cr3t" not in caplog.text


def test_a_handler_class_has_one_handler() -> None:
    worker = Worker("http://127.0.0.1:1/graphql")
    worker.step("Test")(lambda step: None)
    with pytest.raises(ValueError, match="has a handler already"):
        worker.step("Test")(lambda step: None)


async def test_a_function_waits_no_longer_than_its_step_is_wanted(fake: Fake, working: Working) -> None:
    worker = Worker(fake.url)
    waited: list[float] = []

    @worker.step("Test")
    def wait(step: Step) -> None:
        began = time.monotonic()
        assert step.wait(30) and step.cancelled
        waited.append(time.monotonic() - began)

    step = fake.add()
    async with working(worker):
        while fake.count("heartbeatSteps") == 0:
            await asyncio.sleep(0.01)
        fake.cancel(step)
        while not waited:
            await asyncio.sleep(0.01)
    assert waited[0] < 2
