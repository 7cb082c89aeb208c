// Answers on their way to the service: what is ready together goes together, again and again until it has arrived.

import { setImmediate } from 'node:timers/promises';

import { type Connection, Refused, waits } from './connection.js';
import {
  COMPLETE,
  COMPLETE_MANY,
  FAIL,
  MOST_STEPS,
  type CompleteStepInput,
  type FailStepInput,
  type Mutation,
  type PublishedEvent,
} from './protocol.js';

/** Of one batch. The service accepts requests of up to 1 MiB, unless it is told otherwise. */
const MOST_BYTES = 512 * 1024;

/** So often is an answer sent again that the service meets with a fault of its own. */
const FAULTS = 8;

/** The handler has answered. */
export interface Completed {
  kind: 'completed';
  results: unknown;
  events: PublishedEvent[];
  bytes: number;
}

/** The handler has failed, or its answer was refused. */
export interface Failed {
  kind: 'failed';
  message: string;
  retryable: boolean;
  code?: string | undefined;
  retryAfter?: number | undefined;
  results?: unknown;
  events: PublishedEvent[];
}

export type Outcome = Completed | Failed;

/** What became of an answer that the service has not refused; `dropped`: the attempt was not ours any more. */
export type Settled = 'accepted' | 'dropped';

interface Answer {
  token: string;
  outcome: Outcome;
  settle(settled: Settled): void;
  refuse(why: unknown): void;
}

/** The queue, and the one who empties it. */
export class Answers {
  #ready: Answer[] = [];
  #isSending = false;

  constructor(readonly connection: Connection) {}

  /** Waits until it has arrived, over any number of tries. Throws `Refused` where it never will. */
  deliver(token: string, outcome: Outcome): Promise<Settled> {
    return new Promise((settle, reject) => {
      const refuse = (why: unknown) => {
        if (why instanceof Refused && (why.code === 'CONFLICT' || why.code === 'NOT_FOUND')) settle('dropped');
        else reject(why);
      };
      this.#ready.push({ token, outcome, settle, refuse });
      if (!this.#isSending) void this.#send();
    });
  }

  /** Sends what is ready until nothing is. While one batch is on its way the next one grows. */
  async #send(): Promise<void> {
    this.#isSending = true;
    await setImmediate();
    while (this.#ready.length > 0) {
      const ready = this.#ready;
      this.#ready = [];
      const failed = ready.filter(({ outcome }) => outcome.kind === 'failed');
      await Promise.all([
        ...batches(ready).map((batch) => this.#sendBatch(batch)),
        ...failed.map((one) => this.#sendOne(one)),
      ]);
    }
    this.#isSending = false;
  }

  async #sendBatch(batch: Answer[]): Promise<void> {
    const [only] = batch;
    if (batch.length === 1 && only !== undefined) return this.#sendOne(only);
    try {
      const completions = batch.map(({ token, outcome }) => completion(token, outcome));
      const said = new Map(
        (await this.#untilAnswered(COMPLETE_MANY, { completions })).map((one) => [one.leaseToken, one]),
      );
      const again: Answer[] = [];
      for (const answer of batch) {
        const one = said.get(answer.token);
        const why = new Refused(one?.code ?? 'INTERNAL', one?.message ?? '');
        if (one?.accepted) answer.settle('accepted');
        else if (why.isPassing) again.push(answer);
        else answer.refuse(why);
      }
      await Promise.all(again.map((answer) => this.#sendOne(answer)));
    } catch (error) {
      if (error instanceof Refused && !error.isAboutTheToken) {
        // One of them is not what it has to be; each alone, the others arrive.
        await Promise.all(batch.map((answer) => this.#sendOne(answer)));
      } else {
        for (const answer of batch) answer.refuse(error);
      }
    }
  }

  async #sendOne({ token, outcome, settle, refuse }: Answer): Promise<void> {
    try {
      if (outcome.kind === 'completed') await this.#untilAnswered(COMPLETE, completion(token, outcome));
      else await this.#untilAnswered(FAIL, failure(token, outcome));
      settle('accepted');
    } catch (error) {
      refuse(error);
    }
  }

  /** A repeated answer gets the reply of the first, so it is safe to send it until there is one. */
  async #untilAnswered<I, O>(mutation: Mutation<I, O>, input: I): Promise<O> {
    const backoff = waits();
    for (let faults = 0; ;) {
      try {
        return await this.connection.ask(mutation, input);
      } catch (error) {
        if (error instanceof Refused && error.code === 'INTERNAL') faults += 1;
        if (this.connection.isClosed || faults > FAULTS || (error instanceof Refused && !error.isPassing)) throw error;
        this.connection.log.warn(`an answer is sent again: ${(error as Error).message}`);
        await this.connection.pause(backoff, error);
      }
    }
  }
}

/** What a handler has answered; a failure, if that is nothing that JSON can write. */
export function completed(results: unknown, events: PublishedEvent[]): Outcome {
  try {
    const text = JSON.stringify(results) ?? 'null';
    const bytes = Buffer.byteLength(text) + Buffer.byteLength(JSON.stringify(events));
    // A copy: what the handler's own objects become meanwhile is not what it has answered.
    return { kind: 'completed', results: JSON.parse(text), events, bytes };
  } catch (error) {
    const message = `the results are no JSON: ${(error as Error).message}`;
    return { kind: 'failed', message, retryable: false, code: 'RESULTS_NOT_JSON', events: [] };
  }
}

function completion(leaseToken: string, { results, events }: Outcome): CompleteStepInput {
  return { leaseToken, results: results ?? null, events };
}

function failure(leaseToken: string, failed: Failed): FailStepInput {
  const { message, retryable, code, retryAfter } = failed;
  return {
    ...completion(leaseToken, failed),
    message,
    retryable,
    code: code ?? null,
    retryAfterSeconds: retryAfter ?? null,
  };
}

/** Those that are complete, in the same order, in batches none of which is too large for one request. */
function batches(answers: Answer[]): Answer[][] {
  const found: Answer[][] = [];
  let bytesLeft = 0;
  for (const answer of answers) {
    if (answer.outcome.kind !== 'completed') continue;
    const { bytes } = answer.outcome;
    let last = found.at(-1);
    if (last === undefined || last.length === MOST_STEPS || bytes > bytesLeft) {
      found.push((last = []));
      bytesLeft = MOST_BYTES;
    }
    last.push(answer);
    bytesLeft -= bytes;
  }
  return found;
}
