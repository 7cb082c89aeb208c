// Workers against the real service: the program at TASKER_BIN.

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { type Handler, Worker } from 'tasker-worker';

import { program, Service, type Spawned } from './service.js';
import { until, working } from './working.js';

const skip = program ? false : "TASKER_BIN does not say where the service's program is";

interface Ground {
  service: Service;
  token: string;
  /** Starts a worker that is not left behind. */
  spawn(file: string, ...more: string[]): Spawned;
  /** Where drills leave their files. */
  folder: string;
}

function proves(name: string, body: (ground: Ground) => Promise<void>): void {
  test(name, { skip }, async () => {
    const service = await Service.start();
    const token = await service.worker();
    const folder = join(service.home, 'drill');
    mkdirSync(folder);
    const started: Spawned[] = [];
    const spawn = (file: string, ...more: string[]) => {
      const worker = service.spawn(token, file, ...more);
      started.push(worker);
      return worker;
    };
    try {
      await body({ service, token, spawn, folder });
    } finally {
      for (const worker of started) await worker.kill();
      await service.end();
    }
  });
}

const appears = (folder: string, end: string) => until(() => readdirSync(folder).some((name) => name.endsWith(end)));

function drill(service: Service, token: string, handler: Handler): Worker {
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  return new Worker({ url: service.url, token, logger }).step('Drill::Hold', handler);
}

proves('orders are processed with no more than a worker’s permissions', async ({ service, spawn }) => {
  const worker = spawn('order_process/main.js');
  const orders: string[] = [];
  for (let order_id = 1; order_id <= 10; order_id++)
    orders.push(await service.create('order_process', { order_id, customer_id: 7 }));
  const risky = await service.create('order_process', { order_id: 11, customer_id: 7, payment_amount: 9000 });
  const results = async (id: string) =>
    Object.fromEntries((await service.until(id, 'COMPLETE')).workflowSteps.map((step) => [step.name, step.results]));
  const first = await results(orders[0]!);
  assert.equal(first.fetch_order.total, 20);
  assert.equal(first.process_payment.amount_charged, 20);
  assert.equal(first.send_confirmation.payment, 'completed');
  for (const order of orders) {
    await results(order);
    const names = await service.events(order);
    assert.deepEqual(
      ['payment.processed', 'step.completed'].map((name) => names.filter((one) => one === name).length),
      [1, 5],
    );
  }
  assert.equal((await results(risky)).process_payment.status, 'risk_review');
  assert.ok((await service.events(risky)).includes('payment.risk_flagged'));
  assert.equal(await worker.kill('SIGTERM'), 0);
});

proves('an error says what becomes of the step', async ({ service, token }) => {
  const worker = drill(service, token, (step) => step.publish('drill.undeclared'));
  await working(worker, async () => {
    const { workflowSteps } = await service.until(await service.create('drill', {}), 'ERROR');
    assert.deepEqual([workflowSteps[0]?.attempts, workflowSteps[0]?.error?.code], [1, 'BAD_USER_INPUT']);
  });
});

proves('the step of a worker that was killed is done by another', async ({ service, spawn, folder }) => {
  const first = spawn('test/drill.js', folder);
  const task = await service.create('drill', { seconds: 2 });
  await appears(folder, '-1');
  await first.kill();
  const killed = performance.now();
  const second = spawn('test/drill.js', folder);
  await appears(folder, '-2');
  assert.ok(performance.now() - killed < 5000, 'no more than the lease');
  const { workflowSteps } = await service.until(task, 'COMPLETE');
  assert.deepEqual(workflowSteps[0]?.results, { pid: second.process.pid });
  assert.equal((await service.events(task)).filter((name) => name === 'step.released').length, 1);
});

proves('cancellation reaches a handler within a second', async ({ service, token }) => {
  let began = false;
  let stoppedAt = 0;
  const worker = drill(service, token, async (_, { signal }) => {
    began = true;
    await sleep(60_000, undefined, { signal }).finally(() => (stoppedAt = performance.now()));
  });
  await working(worker, async () => {
    const task = await service.create('drill', {});
    await until(() => began);
    await sleep(500);
    const cancelled = performance.now();
    await service.ask('mutation ($id: ID!) { cancelTask(input: { taskId: $id }) { status } }', { id: task });
    await until(() => stoppedAt);
    assert.ok(stoppedAt - cancelled < 1000);
    assert.equal((await service.task(task)).status, 'CANCELLED');
  });
});

proves('a worker that is told to stop finishes its step', async ({ service, spawn, folder }) => {
  const first = spawn('test/drill.js', folder);
  const task = await service.create('drill', { seconds: 2 });
  await appears(folder, '-1');
  first.process.kill('SIGTERM');
  await sleep(500);
  // The one that is stopping takes nothing any more.
  const second = await service.create('drill', { seconds: 0 });
  assert.equal(await first.exited, 0);
  const [step] = (await service.until(task, 'COMPLETE')).workflowSteps;
  assert.deepEqual([step?.attempts, step?.results], [1, { pid: first.process.pid }]);
  assert.notEqual((await service.task(second)).status, 'COMPLETE');
  // Nor has it left a claim that waits: the next worker gets the step at once.
  spawn('test/drill.js', folder);
  assert.equal((await service.until(second, 'COMPLETE')).workflowSteps[0]?.attempts, 1);
});

proves('a step outlives a service that is killed', async ({ service, token }) => {
  let began = false;
  const worker = drill(service, token, async ({ attempt }) => {
    began = true;
    await sleep(2000);
    return { attempt };
  });
  await working(worker, async () => {
    const task = await service.create('drill', {});
    await until(() => began);
    await service.stop('SIGKILL');
    await service.start();
    const [step] = (await service.until(task, 'COMPLETE')).workflowSteps;
    assert.deepEqual([step?.attempts, step?.results], [1, { attempt: 1 }]);
  });
});

proves('a worker without the permission says what it lacks', async ({ service }) => {
  const tokens: [string, RegExp][] = [
    [await service.token('viewer'), /lacks tasker\.workflow_step:claim/],
    [await service.token('worker', '--handler-class', 'Billing::*'), /Billing::\*/],
    ['tasker_of_another_service', /does not accept the token/],
  ];
  for (const [token, advice] of tokens) {
    const worker = service.spawn(token, 'order_process/main.js');
    assert.equal(await worker.exited, 1);
    assert.match(worker.said, advice);
    assert.doesNotMatch(worker.said, /\n {4}at /);
  }
});
