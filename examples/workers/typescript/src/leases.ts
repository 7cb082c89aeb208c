// The leases of the steps that run here: one request keeps them all, and brings word of those that ended.

import { type Connection, Refused, waits } from './connection.js';
import { HEARTBEAT, LONGEST_WAIT, type ClaimedStep, type PublishedEvent } from './protocol.js';
import { Step } from './step.js';

/** Milliseconds between two heartbeats at least, however many steps begin and end meanwhile. */
const PACE = 250;

/** Why an attempt is not wanted any more. */
export type Ended = 'its step was cancelled' | 'its lease is lost' | 'the worker is shutting down';

/** The right to answer for one attempt. */
export class Lease {
  readonly token: string;
  readonly step: Step;
  readonly events: PublishedEvent[] = [];
  ended: Ended | undefined;
  /** Whether the handler is still at it. */
  isRunning = true;
  readonly #controller = new AbortController();

  constructor(
    claimed: ClaimedStep,
    /** By this process's clock, in milliseconds; counted from before the request that extended it. */
    public expiresAt: number,
  ) {
    this.token = claimed.leaseToken;
    this.step = new Step(claimed, this.events);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Tells the handler to stop. What it answers from now on is dropped, unless the worker is shutting down. */
  end(why: Ended): void {
    if (this.ended !== undefined) return;
    this.ended = why;
    this.#controller.abort(new Error(`${this.step.name} is to stop: ${why}`));
  }
}

/** All that are held now. */
export class Leases {
  readonly #held = new Map<string, Lease>();
  /** Whether there are some that no heartbeat has had yet. */
  #isNews = false;
  /** Wakes whoever waits for one more. */
  #added = () => {};

  constructor(
    readonly connection: Connection,
    readonly seconds: number,
  ) {}

  add(lease: Lease): void {
    this.#held.set(lease.token, lease);
    this.#isNews = true;
    this.#added();
  }

  drop(lease: Lease): void {
    this.#held.delete(lease.token);
  }

  /** Sends heartbeats until the connection is closed. Throws `Refused` where the token does not permit them. */
  async keep(): Promise<void> {
    let backoff = waits(this.seconds * 100);
    while (!this.connection.isClosed) {
      if (this.#held.size === 0) await new Promise<void>((resolve) => (this.#added = resolve));
      if (this.connection.isClosed) return;
      const began = performance.now();
      try {
        // A heartbeat that waits knows nothing of steps that are claimed meanwhile. It is given up for one that has
        // them, and that one does not wait: it is answered however fast steps come and go.
        const wait = this.#isNews ? 0 : Math.min(Math.floor(this.seconds / 3), LONGEST_WAIT);
        this.#isNews = false;
        await this.#beat(began, wait);
        backoff = waits(this.seconds * 100);
      } catch (error) {
        if (this.connection.isClosed) return;
        if (error instanceof Refused && error.isAboutTheToken) throw error;
        this.connection.log.warn(`a heartbeat failed and is sent again: ${(error as Error).message}`);
        await this.connection.pause(backoff, error);
      }
      this.#expire();
      await this.connection.sleep(began + PACE - performance.now());
    }
  }

  /** So that `keep` sees that the connection is closed. */
  wake(): void {
    this.#added();
  }

  /** One heartbeat: the service answers when a lease has ended, or after `wait` seconds. */
  async #beat(began: number, wait: number): Promise<void> {
    const leases = new Map(this.#held);
    if (leases.size === 0) return;
    const giveUp = new AbortController();
    if (wait > 0) this.#added = () => giveUp.abort();
    const until = Math.min(...[...leases.values()].map((lease) => lease.expiresAt));
    const timer = setTimeout(() => giveUp.abort(), until - began);
    try {
      const input = { leaseTokens: [...leases.keys()], leaseSeconds: this.seconds, waitSeconds: wait };
      for (const beat of await this.connection.ask(HEARTBEAT, input, { wait, signal: giveUp.signal })) {
        const lease = leases.get(beat.leaseToken);
        if (lease === undefined) continue;
        if (beat.valid && !beat.cancelled) lease.expiresAt = began + this.seconds * 1000;
        else this.#end(lease, beat.cancelled ? 'its step was cancelled' : 'its lease is lost');
      }
    } catch (error) {
      if (!giveUp.signal.aborted) throw error;
    } finally {
      clearTimeout(timer);
      this.#added = () => {};
    }
  }

  /** A lease that could not be extended in time is somebody else's by now. */
  #expire(): void {
    const now = performance.now();
    for (const lease of [...this.#held.values()]) {
      if (lease.expiresAt <= now) this.#end(lease, 'its lease is lost');
    }
  }

  #end(lease: Lease, why: Ended): void {
    // An answer on its way may be what ended the lease: its own reply will tell.
    if (this.#held.delete(lease.token)) lease.end(why);
  }
}
