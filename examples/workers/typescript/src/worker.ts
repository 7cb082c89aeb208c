// A worker: which steps it does, and how it is started and stopped.

import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import process from 'node:process';

import { Connection } from './connection.js';
import { NotAllowed } from './errors.js';
import { type Logger, standard } from './log.js';
import { MOST_LEASES } from './protocol.js';
import { Shift, type Terms } from './shift.js';
import type { Handler } from './step.js';

export interface WorkerOptions {
  /** Where the service is. From TASKER_URL; otherwise on this machine. */
  url?: string | undefined;
  /** From TASKER_TOKEN. */
  token?: string | undefined;
  /** Steps in these namespaces only. */
  namespaces?: string[];
  /** How many steps run at once at most. 1 to 1000; 10 */
  concurrency?: number;
  /** What a worker that vanishes costs each of its steps. 3 to 3600; 30 */
  leaseSeconds?: number;
  /** How long a worker that is told to stop works on; the rest is given back. 25 */
  graceSeconds?: number;
  workerId?: string;
  logger?: Logger;
}

/** Does the steps of the handler classes that are registered with it. */
export class Worker {
  readonly #url: string;
  readonly #token: string | undefined;
  readonly #terms: Terms;
  readonly #log: Logger;
  readonly #handlers = new Map<string, Handler>();

  constructor(options: WorkerOptions = {}) {
    const { concurrency = 10, leaseSeconds = 30, graceSeconds = 25, namespaces = null } = options;
    if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > MOST_LEASES) {
      throw new RangeError(`concurrency must be from 1 to ${MOST_LEASES}`);
    }
    if (!Number.isInteger(leaseSeconds) || leaseSeconds < 3 || leaseSeconds > 3600) {
      throw new RangeError('leaseSeconds must be from 3 to 3600');
    }
    this.#url = options.url || process.env.TASKER_URL || 'http://127.0.0.1:8080/graphql';
    this.#token = options.token || process.env.TASKER_TOKEN || undefined;
    this.#log = options.logger ?? standard;
    const workerId = options.workerId ?? `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;
    this.#terms = { workerId, namespaces, concurrency, leaseSeconds, graceSeconds };
  }

  /**
   * Registers a function for the steps of a handler class.
   *
   * What it answers are the step's results; what it throws, `RetryableError` and `PermanentError` among others, is the
   * attempt's failure.
   */
  step<Context = any>(handlerClass: string, handler: Handler<Context>): this {
    if (this.#handlers.has(handlerClass)) throw new Error(`${handlerClass} has a handler already`);
    this.#handlers.set(handlerClass, handler);
    return this;
  }

  /**
   * Works until SIGTERM or SIGINT; a second one ends the grace period. Where the service does not let it work, or a
   * handler does not stop, it ends the process.
   */
  async run(): Promise<void> {
    const stop = new AbortController();
    const hurry = new AbortController();
    let toldAt = Infinity;
    const told = () => {
      // Ctrl-C reaches npm and this process, and npm hands it on: that is one signal.
      if (performance.now() > toldAt + 1000) hurry.abort();
      toldAt = Math.min(toldAt, performance.now());
      stop.abort();
    };
    process.on('SIGTERM', told).on('SIGINT', told);
    try {
      const isDeaf = await this.#serve(stop.signal, hurry.signal);
      // A handler that does not stop would keep the process alive.
      if (isDeaf) process.exit();
    } catch (error) {
      if (!(error instanceof NotAllowed)) throw error;
      this.#log.error(`the worker has stopped: ${error.message}`);
      process.exit(1);
    } finally {
      process.off('SIGTERM', told).off('SIGINT', told);
    }
  }

  /**
   * Works until `stop`, then finishes what is running; `hurry` ends the grace period.
   *
   * Throws `NotAllowed` where the service does not let it work.
   */
  async serve(stop: AbortSignal, hurry: AbortSignal = new AbortController().signal): Promise<void> {
    await this.#serve(stop, hurry);
  }

  async #serve(stop: AbortSignal, hurry: AbortSignal): Promise<boolean> {
    if (this.#handlers.size === 0) throw new Error('no step is registered');
    const shift = new Shift(this.#terms, this.#handlers, new Connection(this.#url, this.#token, this.#log));
    await shift.work(stop, hurry);
    return shift.isDeaf;
  }
}
