"""A shop that lives in memory, with systems that take their time."""

from __future__ import annotations

import asyncio
from typing import Any

ANSWER = 0.15
"""Seconds that each system takes: enough to watch it happen."""

SHELF = 1_000_000
"""Items there are."""


class Shop:
    """Asking twice with one idempotency key has one effect."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._charged: dict[str, str] = {}

    async def order(self, order_id: int) -> dict[str, Any] | None:
        await asyncio.sleep(ANSWER)
        if order_id < 1:
            return None
        total = (order_id % 50 + 1) * 10.0
        return {"order_id": order_id, "products": [{"sku": f"SKU-{order_id}", "quantity": 1}], "total": total}

    async def left(self) -> int:
        await asyncio.sleep(ANSWER)
        return SHELF - len(self._taken)

    async def charge(self, customer_id: int, amount: float, *, idempotency_key: str) -> str:
        await asyncio.sleep(ANSWER)
        return self._charged.setdefault(idempotency_key, f"pay_{idempotency_key}")

    async def take(self, *, idempotency_key: str) -> int:
        self._taken.add(idempotency_key)
        return await self.left()

    async def write_to(self, customer_id: int, *, idempotency_key: str) -> str:
        await asyncio.sleep(ANSWER)
        return f"msg_{idempotency_key}"
