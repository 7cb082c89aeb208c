"""The real service, on a port and in a database of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

REPOSITORY = Path(__file__).parents[4]
PACKAGE = Path(__file__).parents[1]

DRILL = """
name: drill
step_templates:
  - { name: hold, handler_class: "Drill::Hold" }
"""

SETTINGS = """
authentication: { enabled: true, authenticators: [{ type: api_token }] }
authorization: { enabled: true }
"""


class Service:
    """Callers sign in, by the policy that comes with it. `url` is where it is."""

    def __init__(self, program: str, home: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._address = f"127.0.0.1:{free.getsockname()[1]}"
        self.url = f"http://{self._address}/graphql"
        self._program = program
        self._log = home / "log"
        config = home / "config"
        shutil.copytree(PACKAGE.parent / "config", config)
        shutil.copytree(REPOSITORY / "config" / "authorization", config / "authorization")
        (config / "tasks" / "drill.yaml").write_text(DRILL)
        (config / "tasker.yaml").write_text(SETTINGS)
        self._place = ["--config", str(config), "--database-url", f"sqlite://{home / 'tasker.db'}?mode=rwc"]
        self._process: subprocess.Popen[bytes] | None = None
        self._admin = ""

    async def start(self) -> None:
        with self._log.open("ab") as log:
            command = [self._program, "serve", *self._place, "--listen", self._address]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        async with aiohttp.ClientSession() as session:
            for _ in range(300):
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.get(f"http://{self._address}/health/ready") as answer:
                        if answer.ok:
                            break
                assert self._process.poll() is None, self._log.read_text()
                await asyncio.sleep(0.1)
            else:
                raise AssertionError(f"the service does not start: {self._log.read_text()}")
        self._admin = self._admin or self.token("admin")

    async def stop(self, number: int = signal.SIGTERM) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)
            await asyncio.to_thread(self._process.wait, 30)

    def token(self, role: str, *bounds: str) -> str:
        command = [self._program, "token", "issue", *self._place, "--name", role, "--role", role, *bounds]
        found = re.search(r"\btasker_\S+", subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        assert found
        return found.group()

    def worker(self) -> str:
        """A token that permits no more than a worker of orders and drills needs."""
        bounds = ("--namespace", "default", "--handler-class", "Orders::*", "--handler-class", "Drill::*")
        return self.token("worker", *bounds)

    async def ask(self, query: str, **variables: Any) -> Any:
        headers = {"Authorization": f"Bearer {self._admin}"}
        body = {"query": query, "variables": variables}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.post(self.url, json=body) as response,
        ):
            answer = json.loads(await response.text())
        assert "errors" not in answer, answer
        return answer["data"]

    async def create(self, name: str, **context: Any) -> str:
        created = await self.ask(
            "mutation ($input: CreateTaskInput!) { createTask(input: $input) { taskId } }",
            input={"name": name, "context": context},
        )
        return str(created["createTask"]["taskId"])

    async def task(self, task_id: str) -> Any:
        asked = """query ($id: ID!) { task(taskId: $id) {
            status workflowSteps { workflowStepId name status attempts results error { kind code } } } }"""
        return (await self.ask(asked, id=task_id))["task"]

    async def events(self, task_id: str) -> list[str]:
        asked = "query ($id: ID!) { events(filter: { taskId: $id }, first: 100) { nodes { name } } }"
        return [node["name"] for node in (await self.ask(asked, id=task_id))["events"]["nodes"]]

    async def until(self, task_id: str, status: str, seconds: float = 20) -> Any:
        """The task, as soon as it has this status."""
        for _ in range(int(seconds / 0.05)):
            task = await self.task(task_id)
            if task["status"] == status:
                return task
            await asyncio.sleep(0.05)
        raise AssertionError(f"it does not become {status}: {task}")


@contextlib.asynccontextmanager
async def process(service: Service, token: str, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A worker in a process of its own: `python ARGUMENTS`."""
    environment = {**os.environ, "TASKER_URL": service.url, "TASKER_TOKEN": token}
    worker = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, cwd=PACKAGE, env=environment, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield worker
    finally:
        if worker.returncode is None:
            worker.kill()
        await worker.communicate()
