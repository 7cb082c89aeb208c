// A worker at work: claims steps, starts them, and stops in good order.

import { Answers } from './answers.js';
import { giveBack, seeThrough } from './attempt.js';
import { type Connection, Refused, waits } from './connection.js';
import { NotAllowed } from './errors.js';
import { Lease, Leases } from './leases.js';
import { about } from './log.js';
import { CLAIM, LONGEST_WAIT, MOST_STEPS } from './protocol.js';
import type { Handler } from './step.js';

/** Seconds that a claim waits for steps: shorter than the patience of most proxies. */
const WAIT = LONGEST_WAIT / 2;

/** Milliseconds that a handler has between being told to stop and being given up. */
const WINDING_DOWN = 1000;

/** Milliseconds for what is still to be said then. */
const LAST_WORDS = 5000;

/** How a worker works. */
export interface Terms {
  workerId: string;
  namespaces: string[] | null;
  concurrency: number;
  leaseSeconds: number;
  graceSeconds: number;
}

/** One worker at work, from its start to its stop. */
export class Shift {
  readonly #leases: Leases;
  readonly #answers: Answers;
  readonly #running = new Map<Lease, Promise<void>>();
  readonly #claiming = new AbortController();
  #isRoom = () => {};

  constructor(
    readonly terms: Terms,
    readonly handlers: ReadonlyMap<string, Handler>,
    readonly connection: Connection,
  ) {
    this.#leases = new Leases(connection, terms.leaseSeconds);
    this.#answers = new Answers(connection);
  }

  /** Until `stop`, or until the service does not let it. `hurry` ends the grace period. */
  async work(stop: AbortSignal, hurry: AbortSignal): Promise<void> {
    const { log, url } = this.connection;
    log.info(`worker ${this.terms.workerId} does ${[...this.handlers.keys()].join(', ')} at ${url}`);
    const claiming = this.#claim();
    const keeping = this.#leases.keep();
    try {
      await Promise.race([aborted(stop), claiming, keeping]);
    } catch (error) {
      throw error instanceof Refused ? new NotAllowed(this.connection.advice(error)) : error;
    } finally {
      this.#claiming.abort();
      this.#isRoom();
      await this.#drain(hurry);
      this.connection.close();
      this.#leases.wake();
      await Promise.allSettled([claiming, keeping]);
      log.info(`worker ${this.terms.workerId} has stopped`);
    }
  }

  /** Whether a handler goes on although it was told to stop. */
  get isDeaf(): boolean {
    return [...this.#running.keys()].some((lease) => lease.isRunning);
  }

  /** Claims as many steps as there is room for, and waits where there are none. */
  async #claim(): Promise<void> {
    const { signal } = this.#claiming;
    let backoff = waits();
    while (!signal.aborted) {
      const room = this.terms.concurrency - this.#running.size;
      if (room === 0) {
        await new Promise<void>((resolve) => (this.#isRoom = resolve));
        continue;
      }
      const { workerId, namespaces, leaseSeconds } = this.terms;
      const limit = Math.min(room, MOST_STEPS);
      const input = {
        workerId,
        handlerClasses: [...this.handlers.keys()],
        namespaces,
        limit,
        leaseSeconds,
        waitSeconds: WAIT,
      };
      const began = performance.now();
      try {
        const steps = await this.connection.ask(CLAIM, input, { wait: WAIT, signal });
        for (const claimed of steps) this.#start(new Lease(claimed, performance.now() + leaseSeconds * 1000));
        if (steps.length > 0 || performance.now() > began + 1000) backoff = waits();
        // A service that is shutting down lets nobody wait.
        else await this.connection.pause(backoff);
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof Refused && !error.isPassing) throw error;
        this.connection.log.warn(`no steps can be claimed now: ${(error as Error).message}`);
        await this.connection.pause(backoff, error);
      }
    }
  }

  #start(lease: Lease): void {
    const handler = this.handlers.get(lease.step.handlerClass);
    if (handler === undefined) throw new Error(`${lease.step.handlerClass} was not asked for`);
    this.#leases.add(lease);
    const done = () => {
      this.#leases.drop(lease);
      this.#running.delete(lease);
      this.#isRoom();
    };
    this.#running.set(
      lease,
      seeThrough(lease, handler, this.#answers, about(lease.step.id, this.connection.log)).finally(done),
    );
  }

  /** Finishes what is running; gives back what takes too long, so that nobody waits for its lease to run out. */
  async #drain(hurry: AbortSignal): Promise<void> {
    const { log } = this.connection;
    const wanted = () => [...this.#running].filter(([lease]) => lease.ended === undefined);
    if (wanted().length === 0) return;
    log.info(`${wanted().length} steps are finished before the worker stops`);
    const finished = Promise.all(wanted().map(([, running]) => running));
    await within(this.terms.graceSeconds * 1000, finished, aborted(hurry));
    const late = wanted();
    if (late.length === 0) return;
    log.warn(`${late.length} steps are given back`);
    for (const [lease] of late) lease.end('the worker is shutting down');
    await within(WINDING_DOWN, Promise.all(late.map(([, running]) => running)));
    const words = late.map(([lease, running]) =>
      lease.isRunning ? giveBack(lease, this.#answers, about(lease.step.id, log)) : running,
    );
    await within(LAST_WORDS, Promise.all(words));
  }
}

/** Waits for one of them, but no longer than that. */
async function within(milliseconds: number, ...any: Promise<unknown>[]): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, milliseconds)));
  await Promise.race([late, ...any]);
  clearTimeout(timer);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
