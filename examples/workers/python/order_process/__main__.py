"""Processes orders until it is told to stop: `python -m order_process`."""

import logging

from tasker_worker import Worker

from .shop import Shop
from .steps import register

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")

worker = Worker()
register(worker, Shop())
worker.run()
