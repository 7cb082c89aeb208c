"""Five steps of an order.

What is done twice for one step has one effect: each step hands its idempotency key on to the shop.
"""

from __future__ import annotations

import asyncio
from typing import Any

from tasker_worker import PermanentError, RetryableError, Step, Worker

from .shop import Shop

RISKY = 10_000.0
"""Orders above this are looked at by a person."""


def register(worker: Worker, shop: Shop) -> None:
    """Lets `worker` do the steps with what is in `shop`."""

    @worker.step("Orders::FetchOrder")
    async def fetch_order(step: Step) -> Any:
        order = await shop.order(step.context["order_id"])
        if order is None:
            raise PermanentError(f"there is no order {step.context['order_id']}", code="NO_SUCH_ORDER")
        return order

    @worker.step("Orders::ValidateInventory")
    async def validate_inventory(step: Step) -> Any:
        products = step.results("fetch_order", "products", default=[])
        left = await shop.left()
        if left < len(products):
            raise RetryableError("out of stock; the next delivery may help", retry_after=60)
        return {"available": True, "levels": left, "products": products}

    @worker.step("Orders::ProcessPayment")
    async def process_payment(step: Step) -> Any:
        order_id = step.context["order_id"]
        amount = step.context.get("payment_amount", step.results("fetch_order", "total", default=0.0))
        risk_score = min(amount / RISKY, 1.0)
        if risk_score > 0.8:
            step.publish("payment.risk_flagged", {"order_id": order_id, "risk_score": risk_score})
            return {"status": "risk_review", "risk_score": risk_score}
        payment = await shop.charge(step.context["customer_id"], amount, idempotency_key=step.idempotency_key)
        step.publish("payment.processed", {"order_id": order_id, "payment_amount": amount, "payment_id": payment})
        return {"status": "completed", "payment_id": payment, "amount_charged": amount}

    @worker.step("Orders::UpdateInventory")
    async def update_inventory(step: Step) -> Any:
        return {"levels": await shop.take(idempotency_key=step.idempotency_key)}

    # A function may block: it has a thread of its own.
    @worker.step("Orders::SendConfirmation")
    def send_confirmation(step: Step) -> Any:
        message = asyncio.run(shop.write_to(step.context["customer_id"], idempotency_key=step.idempotency_key))
        return {"sent": True, "message_id": message, "payment": step.results("process_payment", "status")}
