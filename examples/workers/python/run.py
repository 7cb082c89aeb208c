"""Installs what the worker needs beside this file, the first time, and starts it: `python3 run.py`.

TASKER_URL says where Tasker is (http://127.0.0.1:8080/graphql), TASKER_TOKEN is the worker's token.
"""

import os
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
LOCK = HERE / "requirements.lock"
INSTALLED = VENV / "installed.lock"


def install() -> None:
    """What the lock file names, to the letter, and the library as it is here."""
    venv.create(VENV, with_pip=True, clear=True)
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "--requirement", str(LOCK)], check=True)
    subprocess.run([*pip, "--no-deps", "--editable", str(HERE)], check=True)
    INSTALLED.write_bytes(LOCK.read_bytes())


if sys.version_info < (3, 10):
    sys.exit("the worker needs Python 3.10 or later")
if not INSTALLED.exists() or INSTALLED.read_bytes() != LOCK.read_bytes():
    print("installing what the worker needs into", VENV, file=sys.stderr)
    install()
os.chdir(HERE)
command = [str(PYTHON), "-m", "order_process"]
if os.name == "nt":
    sys.exit(subprocess.run(command).returncode)
os.execv(command[0], command)
