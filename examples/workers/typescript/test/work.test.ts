// What a worker does with steps, as long as nothing goes wrong that is not the steps' own.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { PermanentError, RetryableError, type Step } from 'tasker-worker';

import { refused } from './fake.js';
import { quiet, until, withFake, working } from './working.js';

test(
  'a handler sees what its step has',
  withFake(async (fake) => {
    let seen: Step | undefined;
    const worker = quiet(fake).step('Test', (step) => {
      seen = step;
      step.publish('payment.processed', { amount: step.results('fetch', 'items', 0, 'price') });
      return { done: true };
    });
    const dependencyResults = { fetch: { items: [{ price: 7.5 }] } };
    const step = fake.add('Test', { context: { order_id: 1 }, inputs: { order_id: 2 }, dependencyResults });
    await working(worker, () => until(() => step.answer));
    assert.deepEqual(
      [seen?.context, seen?.inputs, seen?.attempt, seen?.idempotencyKey],
      [{ order_id: 1 }, { order_id: 2 }, 1, step.id],
    );
    assert.equal(seen?.results('fetch', 'nothing'), undefined);
    assert.equal(seen?.results('nobody'), undefined);
    assert.equal(seen?.results('constructor'), undefined);
    assert.equal(seen?.deadlineAt?.toISOString(), '2030-01-01T00:05:00.123Z');
    assert.match(seen?.traceparent ?? '', /^00-0af7/);
    const [field, { leaseToken, results, events }] = step.answer ?? [];
    assert.deepEqual([field, leaseToken, results], ['completeStep', 'step-1/1', { done: true }]);
    assert.deepEqual({ ...events[0] }, { name: 'payment.processed', payload: { amount: 7.5 } });
  }),
);

test(
  'no more steps run at once than there is room for',
  withFake(async (fake) => {
    let running = 0;
    let most = 0;
    const worker = quiet(fake, { concurrency: 3 }).step('Test', async () => {
      most = Math.max(most, ++running);
      await sleep(20);
      running -= 1;
    });
    const steps = Array.from({ length: 20 }, () => fake.add());
    await working(worker, () => until(() => steps.every((step) => step.answer)));
    assert.equal(most, 3);
    assert.ok(fake.requests.every(([field, input]) => field !== 'claimSteps' || input.limit <= 3));
  }),
);

test(
  'steps that are ready together are claimed and answered together',
  withFake(async (fake) => {
    const worker = quiet(fake, { concurrency: 100 }).step('Test', () => sleep(50));
    const steps = Array.from({ length: 100 }, () => fake.add());
    await working(worker, () => until(() => steps.every((step) => step.answer)));
    assert.equal(fake.requests.find(([field]) => field === 'claimSteps')?.[1].limit, 100);
    assert.ok(fake.count('completeSteps') + fake.count('completeStep') < 20);
  }),
);

test(
  'a batch fits into a request',
  withFake(async (fake) => {
    let go = () => {};
    const together = new Promise<void>((resolve) => (go = resolve));
    const worker = quiet(fake, { concurrency: 8 }).step('Test', () => together.then(() => 'x'.repeat(200_000)));
    const steps = Array.from({ length: 8 }, () => fake.add());
    await working(worker, async () => {
      await until(() => fake.count('heartbeatSteps'));
      go();
      await until(() => steps.every((step) => step.answer));
    });
    assert.ok(fake.count('completeSteps') >= 1 && Math.max(...fake.bodies) < 1024 * 1024);
  }),
);

test(
  'errors say whether another attempt is worth it',
  withFake(async (fake) => {
    const worker = quiet(fake)
      .step('Later', async () => {
        throw new RetryableError('the bank is closed', { retryAfter: 60, code: 'CLOSED', results: { tried: 1 } });
      })
      .step('Never', (step) => {
        step.publish('payment.refused');
        throw new PermanentError('the card is stolen', { code: 'STOLEN' });
      })
      .step('Bug', (step) => step.context.order.id)
      .step('Strange', () => 10n);
    const steps = ['Later', 'Never', 'Bug', 'Strange'].map((name) => fake.add(name));
    await working(worker, () => until(() => steps.every((step) => step.answer)));
    const [later, never, bug, strange] = steps.map((step) => step.answer?.[1]);
    assert.deepEqual(
      { ...later },
      {
        leaseToken: 'step-1/1',
        message: 'the bank is closed',
        retryable: true,
        code: 'CLOSED',
        retryAfterSeconds: 60,
        results: { tried: 1 },
        events: [],
      },
    );
    assert.deepEqual([never.retryable, never.code, never.events[0].name], [false, 'STOLEN', 'payment.refused']);
    assert.deepEqual([bug.retryable, bug.code], [true, 'TypeError']);
    assert.deepEqual([strange.retryable, strange.code], [false, 'RESULTS_NOT_JSON']);
  }),
);

test(
  'an undeclared event fails its step and no other',
  withFake(async (fake) => {
    let go = () => {};
    const together = new Promise<void>((resolve) => (go = resolve));
    const worker = quiet(fake).step('Test', async (step) => {
      await together;
      step.publish(step.id === 'step-3' ? 'undeclared.event' : 'declared.event');
    });
    const steps = Array.from({ length: 5 }, () => fake.add());
    await working(worker, async () => {
      await until(() => fake.count('heartbeatSteps'));
      go();
      await until(() => steps.every((step) => step.answer));
    });
    assert.deepEqual(
      steps.map((step) => step.answer?.[0]),
      ['completeStep', 'completeStep', 'failStep', 'completeStep', 'completeStep'],
    );
    assert.deepEqual([steps[2]?.answer?.[1].retryable, steps[2]?.answer?.[1].code], [false, 'BAD_USER_INPUT']);
  }),
);

test(
  'neither token nor contents are logged',
  withFake(async (fake) => {
    const lines: string[] = [];
    const worker = quiet(fake, { token: 's3cr3t-token' }, lines).step('Test', (_, { log }) => {
      log.info('at work');
      return { card: '4711-s3cr3t' };
    });
    // Refused, so that the library's error has the request in it.
    fake.before = (field) => {
      if (field === 'completeStep' && fake.count('completeStep') === 1) throw refused('OVERLOADED', 'too much to do');
    };
    const step = fake.add('Test', { context: { card: '4711-s3cr3t' } });
    await working(worker, () => until(() => step.answer));
    assert.equal(fake.headers[0]?.authorization, 'Bearer s3cr3t-token');
    const said = lines.join('\n');
    assert.match(said, /step-1: at work/);
    assert.match(said, /sent again: OVERLOADED/);
    assert.doesNotMatch(said, /s3cr3t/);
  }),
);

test(
  'a handler class has one handler',
  withFake(async (fake) => {
    const worker = quiet(fake).step('Test', () => null);
    assert.throws(() => worker.step('Test', () => null), /has a handler already/);
  }),
);
