"""Does the steps of Tasker's workflows in Python.

from tasker_worker import Step, Worker

worker = Worker()

@worker.step("Orders::FetchOrder")
async def fetch_order(step: Step):
    return {"order_id": step.context["order_id"], "total": 30.0}

worker.run()
"""

from .errors import NotAllowed, PermanentError, RetryableError
from .json import JSON
from .step import Step
from .worker import Worker

__all__ = ["JSON", "NotAllowed", "PermanentError", "RetryableError", "Step", "Worker"]
