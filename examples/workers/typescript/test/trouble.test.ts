// What a worker does when leases end, answers get lost, the service is away, or it is told to stop.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { NotAllowed, type Worker } from 'tasker-worker';

import { refused } from './fake.js';
import { quiet, until, withFake, working } from './working.js';

/** Registers a step that sleeps; what happens to it. */
function sleeper(worker: Worker, milliseconds = 30_000) {
  const told = { began: 0, stopped: 0, at: 0 };
  worker.step('Test', async (_, { signal }) => {
    told.began += 1;
    try {
      await sleep(milliseconds, undefined, { signal });
    } catch (error) {
      told.stopped += 1;
      told.at = performance.now();
      throw error;
    }
    return 'slept';
  });
  return told;
}

test(
  'cancellation reaches a handler within a second and nothing is answered',
  withFake(async (fake) => {
    const worker = quiet(fake);
    const told = sleeper(worker);
    const step = fake.add();
    await working(worker, async () => {
      await until(() => told.began);
      const began = performance.now();
      fake.cancel(step);
      await until(() => told.stopped);
      assert.ok(told.at - began < 1000);
    });
    assert.equal(step.answer, undefined);
    assert.equal(fake.count('failStep'), 0);
  }),
);

test(
  'cancellation reaches a step that begins while a heartbeat waits',
  withFake(async (fake) => {
    const worker = quiet(fake);
    const told = sleeper(worker);
    const first = fake.add();
    await working(worker, async () => {
      await until(() => fake.requests.some(([field, input]) => field === 'heartbeatSteps' && input.waitSeconds > 0));
      const second = fake.add();
      await until(() => told.began === 2);
      fake.cancel(second);
      await until(() => told.stopped, 1000);
      fake.cancel(first);
    });
  }),
);

test(
  'a lost lease stops the handler and drops its answer',
  withFake(async (fake) => {
    const worker = quiet(fake, { concurrency: 1 });
    const told = sleeper(worker);
    const step = fake.add();
    await working(worker, async () => {
      await until(() => told.began);
      fake.lose(step);
      await until(() => told.stopped, 1000);
      await until(() => step.attempt === 2);
      fake.cancel(step);
    });
    assert.equal(fake.count('completeStep') + fake.count('failStep'), 0);
  }),
);

test(
  'an answer that comes too late is dropped',
  withFake(async (fake) => {
    const worker = quiet(fake).step('Test', ({ attempt }) => {
      if (attempt === 1) fake.steps[0]?.endLease(); // Without telling anybody.
      return attempt;
    });
    const step = fake.add();
    await working(worker, () => until(() => step.answer));
    assert.equal(fake.count('completeStep'), 2);
    assert.deepEqual([step.answer?.[1].leaseToken, step.answer?.[1].results], ['step-1/2', 2]);
  }),
);

test(
  'leases are kept for as long as their steps run',
  withFake(async (fake) => {
    const worker = quiet(fake, { leaseSeconds: 3 });
    const told = sleeper(worker, 4500);
    const step = fake.add();
    await working(worker, () => until(() => step.answer));
    assert.equal(step.attempt, 1);
    assert.equal(told.stopped, 0);
    assert.ok(fake.count('heartbeatSteps') < 10);
  }),
);

test(
  'leases are kept while other steps come and go',
  withFake(async (fake) => {
    const worker = quiet(fake, { leaseSeconds: 3 })
      .step('Long', () => sleep(4000, 'done'))
      .step('Short', () => sleep(10));
    const step = fake.add('Long');
    await working(worker, async () => {
      while (step.answer === undefined) {
        const short = fake.add('Short');
        await until(() => short.answer);
      }
    });
    assert.equal(step.attempt, 1);
    assert.equal(step.answer?.[1].results, 'done');
    assert.ok(fake.count('heartbeatSteps') < 4 / 0.25 + 5);
  }),
);

test(
  'an answer whose reply is lost is sent again',
  withFake(async (fake) => {
    let runs = 0;
    const worker = quiet(fake).step('Test', () => ++runs);
    fake.unsent = 2;
    const step = fake.add();
    await working(worker, () => until(() => fake.count('completeStep') === 3));
    assert.deepEqual([runs, step.attempt], [1, 1]);
  }),
);

test(
  'answers wait for a service that is too busy',
  withFake(async (fake) => {
    const busy = ['OVERLOADED', 'RATE_LIMITED', 'INTERNAL'];
    const times: number[] = [];
    fake.before = (field) => {
      if (field !== 'completeStep') return;
      times.push(performance.now());
      const code = busy.shift();
      if (code) throw refused(code, 'too much to do', { retryAfter: code === 'RATE_LIMITED' ? 1 : 0 });
    };
    const worker = quiet(fake);
    sleeper(worker, 0);
    const step = fake.add();
    await working(worker, () => until(() => step.answer));
    assert.deepEqual([step.attempt, times.length], [1, 4]);
    assert.ok(times[2]! - times[1]! >= 990, 'as long as the service asked for');
  }),
);

test(
  'a worker outlives a service that goes and comes back',
  withFake(async (fake) => {
    const worker = quiet(fake);
    const told = sleeper(worker, 300);
    const first = fake.add();
    await working(worker, async () => {
      await until(() => told.began);
      await fake.down();
      await sleep(700);
      const second = fake.add();
      await fake.up();
      await until(() => first.answer && second.answer);
      assert.deepEqual([first.attempt, second.attempt], [1, 1]);
    });
  }),
);

test(
  'a lease that cannot be extended is given up before somebody else has it',
  withFake(async (fake) => {
    const worker = quiet(fake, { leaseSeconds: 3 });
    const told = sleeper(worker);
    const step = fake.add();
    await working(worker, async () => {
      await until(() => told.began);
      const began = performance.now();
      await fake.down();
      await until(() => told.stopped);
      assert.ok(told.at - began > 1500 && told.at - began < 4000);
      fake.cancel(step);
      await fake.up();
    });
    assert.equal(fake.count('failStep'), 0);
  }),
);

test(
  'a worker that is told to stop claims nothing and finishes what runs',
  withFake(async (fake) => {
    const worker = quiet(fake);
    const told = sleeper(worker, 500);
    const first = fake.add();
    await working(worker, async (stop) => {
      await until(() => told.began);
      stop.abort();
      await sleep(100);
      fake.add();
    });
    assert.equal(first.answer?.[1].results, 'slept');
    assert.equal(fake.steps[1]?.attempt, 0);
  }),
);

test(
  'what takes longer than the grace period is given back',
  withFake(async (fake) => {
    const worker = quiet(fake, { graceSeconds: 0.2 });
    const told = sleeper(worker);
    let isDeaf = false;
    worker.step('Deaf', () => {
      isDeaf = true;
      return new Promise(() => {});
    });
    fake.add();
    fake.add('Deaf');
    const stop = new AbortController();
    const serving = worker.serve(stop.signal);
    await until(() => told.began && isDeaf);
    const began = performance.now();
    stop.abort();
    await serving;
    assert.ok(performance.now() - began < 3000);
    assert.deepEqual(
      fake.steps.map(({ answer }) => [answer?.[0], answer?.[1].retryable, answer?.[1].code]),
      Array(2).fill(['failStep', true, 'WORKER_SHUTDOWN']),
    );
    assert.equal(told.stopped, 1);
  }),
);

test(
  'a second signal ends the grace period',
  withFake(async (fake) => {
    const worker = quiet(fake, { graceSeconds: 60 });
    const told = sleeper(worker);
    const step = fake.add();
    const [stop, hurry] = [new AbortController(), new AbortController()];
    const serving = worker.serve(stop.signal, hurry.signal);
    await until(() => told.began);
    stop.abort();
    await sleep(100);
    hurry.abort();
    await serving;
    assert.equal(step.answer?.[1].code, 'WORKER_SHUTDOWN');
  }),
);

for (const [token, error, advice] of [
  [undefined, refused('UNAUTHENTICATED', 'sign in'), /Set TASKER_TOKEN/],
  ['old', refused('UNAUTHENTICATED', 'unknown'), /does not accept the token/],
  [
    'weak',
    refused('FORBIDDEN', 'not permitted', { missingPermissions: ['tasker.workflow_step:claim'] }),
    /lacks tasker\.workflow_step:claim.*tasker token issue --name NAME --role worker/,
  ],
  [undefined, refused('BAD_USER_INPUT', 'leaseSeconds is too large'), /does not understand this worker/],
] as const) {
  test(
    `a worker that is not let stops and says what to do: ${advice.source}`,
    withFake(async (fake) => {
      fake.before = () => {
        throw error;
      };
      const worker = quiet(fake, { token });
      sleeper(worker);
      await assert.rejects(worker.serve(new AbortController().signal), (why: unknown) => {
        assert.ok(why instanceof NotAllowed);
        assert.match(why.message, advice);
        return true;
      });
    }),
  );
}
