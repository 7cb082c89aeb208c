"""Workers against the real service: the program at TASKER_BIN."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tasker_worker import Step, Worker

from .conftest import Working
from .service import Service, process

PROGRAM = os.environ.get("TASKER_BIN")

pytestmark = pytest.mark.skipif(not PROGRAM, reason="TASKER_BIN does not say where the service's program is")


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    assert PROGRAM
    service = Service(PROGRAM, tmp_path)
    await service.start()
    yield service
    await service.stop()


async def appears(folder: Path, pattern: str) -> Path:
    for _ in range(400):
        if found := list(folder.glob(pattern)):
            return found[0]
        await asyncio.sleep(0.05)
    raise AssertionError(f"no step begins that leaves {pattern}")


async def test_orders_are_processed_with_no_more_than_a_workers_permissions(service: Service) -> None:
    async with process(service, service.worker(), "-m", "order_process") as worker:
        orders = [await service.create("order_process", order_id=number, customer_id=7) for number in range(1, 11)]
        risky = await service.create("order_process", order_id=11, customer_id=7, payment_amount=9000)
        tasks = [await service.until(order, "COMPLETE") for order in orders]
        looked_at = await service.until(risky, "COMPLETE")
        worker.terminate()
        assert await worker.wait() == 0
    results = {step["name"]: step["results"] for step in tasks[0]["workflowSteps"]}
    risk = {step["name"]: step["results"] for step in looked_at["workflowSteps"]}["process_payment"]
    assert results["process_payment"]["amount_charged"] == results["fetch_order"]["total"] == 20.0
    assert results["send_confirmation"]["payment"] == "completed"
    for order in orders:
        names = await service.events(order)
        assert names.count("payment.processed") == 1 and names.count("step.completed") == 5
    assert risk["status"] == "risk_review" and "payment.risk_flagged" in await service.events(risky)


async def test_an_error_says_what_becomes_of_the_step(service: Service, working: Working) -> None:
    worker = Worker(service.url, service.worker())

    @worker.step("Drill::Hold")
    async def hold(step: Step) -> Any:
        step.publish("drill.undeclared")

    async with working(worker):
        task = await service.until(await service.create("drill"), "ERROR")
    (step,) = task["workflowSteps"]
    assert (step["attempts"], step["error"]["code"]) == (1, "BAD_USER_INPUT")


async def test_the_step_of_a_worker_that_was_killed_is_done_by_another(service: Service, tmp_path: Path) -> None:
    token = service.worker()
    async with process(service, token, "-m", "tests.drill", str(tmp_path)) as first:
        task = await service.create("drill", seconds=2)
        await appears(tmp_path, "*-1")
        first.kill()
        killed = time.monotonic()
        async with process(service, token, "-m", "tests.drill", str(tmp_path)) as second:
            await appears(tmp_path, "*-2")
            assert time.monotonic() - killed < 3 + 2, "no more than the lease"
            done = await service.until(task, "COMPLETE")
            (step,) = done["workflowSteps"]
            assert step["results"] == {"pid": second.pid}
    assert (await service.events(task)).count("step.released") == 1


async def test_cancellation_reaches_a_handler_within_a_second(service: Service, working: Working) -> None:
    worker = Worker(service.url, service.worker())
    began, stopped = asyncio.Event(), asyncio.Event()

    @worker.step("Drill::Hold")
    async def hold(step: Step) -> Any:
        began.set()
        try:
            await asyncio.sleep(60)
        finally:
            stopped.set()

    async with working(worker):
        task = await service.create("drill")
        await began.wait()
        await asyncio.sleep(0.5)
        await service.ask("mutation ($id: ID!) { cancelTask(input: { taskId: $id }) { status } }", id=task)
        await asyncio.wait_for(stopped.wait(), 1)
    assert (await service.task(task))["status"] == "CANCELLED"


async def test_a_worker_that_is_told_to_stop_finishes_its_step(service: Service, tmp_path: Path) -> None:
    token = service.worker()
    async with process(service, token, "-m", "tests.drill", str(tmp_path)) as first:
        task = await service.create("drill", seconds=2)
        await appears(tmp_path, "*-1")
        first.terminate()
        await asyncio.sleep(0.5)
        # The one that is stopping takes nothing any more.
        second = await service.create("drill", seconds=0)
        assert await first.wait() == 0
        (step,) = (await service.until(task, "COMPLETE"))["workflowSteps"]
        assert (step["attempts"], step["results"]) == (1, {"pid": first.pid})
        assert (await service.task(second))["status"] != "COMPLETE"
    # Nor has it left a claim that waits: the next worker gets the step at once.
    async with process(service, token, "-m", "tests.drill", str(tmp_path)):
        (step,) = (await service.until(second, "COMPLETE"))["workflowSteps"]
        assert step["attempts"] == 1


async def test_a_step_outlives_a_service_that_is_killed(service: Service, working: Working) -> None:
    worker = Worker(service.url, service.worker())
    began = asyncio.Event()

    @worker.step("Drill::Hold")
    async def hold(step: Step) -> Any:
        began.set()
        await asyncio.sleep(2)
        return {"attempt": step.attempt}

    async with working(worker):
        task = await service.create("drill")
        await began.wait()
        await service.stop(signal.SIGKILL)
        await service.start()
        (step,) = (await service.until(task, "COMPLETE"))["workflowSteps"]
    assert (step["attempts"], step["results"]) == (1, {"attempt": 1})


@pytest.mark.parametrize(
    ("role", "bounds", "advice"),
    [
        ("viewer", (), "It lacks tasker.workflow_step:claim"),
        ("worker", ("--handler-class", "Billing::*"), "Billing::*"),
        (None, (), "does not accept the token"),
    ],
)
async def test_a_worker_without_the_permission_says_what_it_lacks(
    service: Service, role: str | None, bounds: tuple[str, ...], advice: str
) -> None:
    token = service.token(role, *bounds) if role else "tasker_of_another_service"
    async with process(service, token, "-m", "order_process") as worker:
        assert worker.stderr is not None
        said = (await asyncio.wait_for(worker.stderr.read(), 10)).decode()
        assert await worker.wait() == 1
    assert advice in said and "Traceback" not in said
