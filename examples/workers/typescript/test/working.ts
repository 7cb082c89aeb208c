// What the tests have in common.

import { setTimeout as sleep } from 'node:timers/promises';

import { type Logger, Worker, type WorkerOptions } from 'tasker-worker';

import { Fake } from './fake.js';

// Nothing from outside.
delete process.env.TASKER_URL;
delete process.env.TASKER_TOKEN;

/** A worker whose log the test keeps to itself. */
export function quiet(fake: Fake, options: WorkerOptions = {}, lines: string[] = []): Worker {
  const keep = (line: string) => void lines.push(line);
  const logger: Logger = { debug: keep, info: keep, warn: keep, error: keep };
  return new Worker({ url: fake.url, logger, ...options });
}

/** A worker works as long as `during` does; then it is told to stop. */
export async function working(worker: Worker, during: (stop: AbortController) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const serving = worker.serve(stop.signal);
  serving.catch(() => {});
  try {
    await during(stop);
  } finally {
    stop.abort();
    await serving;
  }
}

/** Waits until something is so, and fails when it does not become so. */
export async function until(isSo: () => unknown, milliseconds = 10_000): Promise<void> {
  const late = Date.now() + milliseconds;
  while (!isSo()) {
    if (Date.now() > late) throw new Error(`it does not become so: ${isSo}`);
    await sleep(5);
  }
}

/** Runs a test with a service of its own. */
export function withFake(test: (fake: Fake) => Promise<void>): () => Promise<void> {
  return async () => {
    const fake = await Fake.start();
    try {
      await test(fake);
    } finally {
      await fake.down();
    }
  };
}
