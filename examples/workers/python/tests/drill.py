"""A worker of the tests, as a process of its own: `python -m tests.drill FOLDER`.

Its only step leaves a file in the folder when it begins, named after the attempt, and takes as long as the task says.
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

from tasker_worker import Step, Worker

folder = Path(sys.argv[1])
worker = Worker(lease_seconds=3, grace_seconds=20)


@worker.step("Drill::Hold")
async def hold(step: Step) -> Any:
    (folder / f"{step.id}-{step.attempt}").write_text(str(os.getpid()))
    await asyncio.sleep(step.context["seconds"])
    return {"pid": os.getpid()}


worker.run()
