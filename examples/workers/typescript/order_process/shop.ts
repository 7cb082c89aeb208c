// A shop that lives in memory, with systems that take their time.

import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds that each system takes: enough to watch it happen. */
const ANSWER = 150;

/** Items there are. */
const SHELF = 1_000_000;

export interface Order {
  order_id: number;
  products: { sku: string; quantity: number }[];
  total: number;
}

/** Asking twice with one idempotency key has one effect. */
export class Shop {
  readonly #taken = new Set<string>();
  readonly #charged = new Map<string, string>();

  async order(orderId: number, signal: AbortSignal): Promise<Order | undefined> {
    await sleep(ANSWER, undefined, { signal });
    if (orderId < 1) return undefined;
    const total = ((orderId % 50) + 1) * 10;
    return { order_id: orderId, products: [{ sku: `SKU-${orderId}`, quantity: 1 }], total };
  }

  async left(signal: AbortSignal): Promise<number> {
    await sleep(ANSWER, undefined, { signal });
    return SHELF - this.#taken.size;
  }

  async charge(_customerId: number, _amount: number, idempotencyKey: string, signal: AbortSignal): Promise<string> {
    await sleep(ANSWER, undefined, { signal });
    const payment = this.#charged.get(idempotencyKey) ?? `pay_${idempotencyKey}`;
    this.#charged.set(idempotencyKey, payment);
    return payment;
  }

  async take(idempotencyKey: string, signal: AbortSignal): Promise<number> {
    this.#taken.add(idempotencyKey);
    return await this.left(signal);
  }

  async writeTo(_customerId: number, idempotencyKey: string, signal: AbortSignal): Promise<string> {
    await sleep(ANSWER, undefined, { signal });
    return `msg_${idempotencyKey}`;
  }
}
