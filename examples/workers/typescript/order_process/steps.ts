// The five steps of an order, as examples/workers/config/tasks/order_process.yaml has them. What is done twice for one
// step has one effect: each hands its idempotency key on to the shop.

import { PermanentError, RetryableError, type Worker } from 'tasker-worker';

import type { Order, Shop } from './shop.js';

/** What the template's schema asks for. */
interface OrderContext {
  order_id: number;
  customer_id: number;
  payment_amount?: number;
}

/** Orders above this are looked at by a person. */
const RISKY = 10_000;

/** Lets `worker` do the steps with what is in `shop`. */
export function register(worker: Worker, shop: Shop): void {
  worker.step<OrderContext>('Orders::FetchOrder', async (step, { signal }) => {
    const order = await shop.order(step.context.order_id, signal);
    if (order === undefined) {
      throw new PermanentError(`there is no order ${step.context.order_id}`, { code: 'NO_SUCH_ORDER' });
    }
    return order;
  });

  worker.step<OrderContext>('Orders::ValidateInventory', async (step, { signal }) => {
    const products = step.results<Order['products']>('fetch_order', 'products') ?? [];
    const levels = await shop.left(signal);
    if (levels < products.length) {
      throw new RetryableError('out of stock; the next delivery may help', { retryAfter: 60 });
    }
    return { available: true, levels, products };
  });

  worker.step<OrderContext>('Orders::ProcessPayment', async (step, { signal }) => {
    const { order_id, customer_id, payment_amount } = step.context;
    const amount = payment_amount ?? step.results<number>('fetch_order', 'total') ?? 0;
    const risk_score = Math.min(amount / RISKY, 1);
    if (risk_score > 0.8) {
      step.publish('payment.risk_flagged', { order_id, risk_score });
      return { status: 'risk_review', risk_score };
    }
    const payment_id = await shop.charge(customer_id, amount, step.idempotencyKey, signal);
    step.publish('payment.processed', { order_id, payment_amount: amount, payment_id });
    return { status: 'completed', payment_id, amount_charged: amount };
  });

  worker.step<OrderContext>('Orders::UpdateInventory', async (step, { signal }) => {
    return { levels: await shop.take(step.idempotencyKey, signal) };
  });

  worker.step<OrderContext>('Orders::SendConfirmation', async (step, { signal }) => {
    const message_id = await shop.writeTo(step.context.customer_id, step.idempotencyKey, signal);
    return { sent: true, message_id, payment: step.results('process_payment', 'status') };
  });
}
