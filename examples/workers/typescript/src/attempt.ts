// One attempt of a step: from the claim to the service's word on the answer.

import { type Answers, completed, type Failed, type Outcome } from './answers.js';
import { Refused } from './connection.js';
import { RetryableError, StepError } from './errors.js';
import type { Lease } from './leases.js';
import type { Logger } from './log.js';
import type { Handler } from './step.js';

/** The answer for a step that the worker could not finish. */
const GIVEN_BACK: Failed = {
  kind: 'failed',
  message: 'the worker was shut down before the step was finished',
  retryable: true,
  code: 'WORKER_SHUTDOWN',
  events: [],
};

/** Runs the handler and delivers what it says, unless nobody wants to know any more. */
export async function seeThrough(lease: Lease, handler: Handler, answers: Answers, log: Logger): Promise<void> {
  const { step } = lease;
  log.debug(`${step.name} begins, attempt ${step.attempt}`);
  const outcome = await attempt(lease, handler, log);
  lease.isRunning = false;
  if (lease.ended === undefined || (lease.ended === 'the worker is shutting down' && outcome.kind === 'completed')) {
    await answer(lease, outcome, answers, log);
  } else if (lease.ended === 'the worker is shutting down') {
    // Whatever went wrong went wrong because it was told to stop.
    await giveBack(lease, answers, log);
  } else {
    log.warn(`${step.name} was stopped: ${lease.ended}`);
  }
}

/** Lets somebody else do it. */
export function giveBack(lease: Lease, answers: Answers, log: Logger): Promise<void> {
  return answer(lease, GIVEN_BACK, answers, log);
}

/** What the handler says. */
async function attempt(lease: Lease, handler: Handler, log: Logger): Promise<Outcome> {
  const { step, signal, events } = lease;
  try {
    return completed(await handler(step, { signal, log }), events);
  } catch (error) {
    if (lease.ended === undefined)
      log.warn(`${step.name} failed: ${error instanceof StepError ? error.message : inFull(error)}`);
    if (error instanceof StepError) {
      const { message, retryable, code, results } = error;
      const retryAfter = error instanceof RetryableError ? error.retryAfter : undefined;
      return { kind: 'failed', message, retryable, code, retryAfter, results, events };
    }
    const code = (error instanceof Error && error.name) || undefined;
    return { kind: 'failed', message: String(error), retryable: true, code, events };
  }
}

/** Delivers an outcome. One that the service refuses is a failure of the step. */
async function answer(lease: Lease, outcome: Outcome, answers: Answers, log: Logger): Promise<void> {
  const { step, token } = lease;
  try {
    const settled = await answers.deliver(token, outcome).catch((refused: unknown) => {
      if (!(refused instanceof Refused) || refused.isAboutTheToken || refused.code === 'INTERNAL') throw refused;
      // Too large, or with an event that nobody has declared: the next attempt's would be refused as well.
      log.error(`${step.name}: the answer was refused: ${refused.message}`);
      const message = `the answer was refused: ${refused.reason}`;
      return answers.deliver(token, { kind: 'failed', message, retryable: false, code: refused.code, events: [] });
    });
    if (settled === 'dropped') log.warn(`${step.name}: the answer came too late and was dropped`);
    else log.debug(`${step.name} is answered`);
  } catch (error) {
    log.error(`${step.name}: nobody takes the answer: ${(error as Error).message}`);
  }
}

function inFull(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
