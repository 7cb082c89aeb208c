// graphql-transport-ws, by the client that everybody uses, and by hand where that client does nothing wrong.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';

import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

import { address, admin, ask, bearer, now, run, socket, story, viewer } from './service.js';

const EVENTS = 'subscription ($after: String) { workflowEvents(after: $after) { cursor name taskId } }';

const client = (connectionParams = bearer(admin), more = {}) =>
  createClient({ url: socket, webSocketImpl: WebSocket, connectionParams, retryAttempts: 0, ...more });

/** The answers until there are no more, or what went wrong. */
async function all(client, payload) {
  const answers = [];
  for await (const answer of client.iterate(payload)) answers.push(answer);
  return answers;
}

/** Events until one of them says so, as `cursor name`. */
async function until(client, after, last) {
  const seen = [];
  for await (const { data, errors } of client.iterate({ query: EVENTS, variables: { after } })) {
    assert.equal(errors, undefined);
    const { cursor, name, taskId } = data.workflowEvents;
    seen.push(`${cursor} ${name}`);
    if (last(name, taskId)) break;
  }
  return seen;
}

test('a query and a mutation are answered once', async () => {
  const one = client();
  assert.deepEqual(await all(one, { query: '{ __typename }' }), [{ data: { __typename: 'Query' } }]);
  const query = 'mutation ($i: CreateTaskInput!) { createTask(input: $i) { fullName createdBy } }';
  const created = await all(one, { query, variables: { i: { name: 'hello' } } });
  assert.deepEqual(created, [{ data: { createTask: { fullName: 'default/hello@0.1.0', createdBy: 'admin' } } }]);
  await one.dispose();
});

test('a subscription tells everything, in order, until it is stopped', async () => {
  const one = client();
  const after = await now();
  const task = await run();
  const seen = await until(one, after, (name, taskId) => name === 'task.completed' && taskId === task);
  assert.deepEqual(seen, await story(task));
  // The socket goes on for others.
  assert.equal((await all(one, { query: '{ __typename }' })).length, 1);
  await one.dispose();
});

test('a task that is watched ends its subscription itself', async () => {
  const one = client();
  const query = 'subscription ($id: ID!) { taskUpdated(taskId: $id) { status } }';
  const answers = await all(one, { query, variables: { id: await run() } });
  assert.deepEqual(answers.at(-1), { data: { taskUpdated: { status: 'COMPLETE' } } });
  await one.dispose();
});

test('who comes back after a break misses nothing and hears nothing twice', async () => {
  const from = await now();
  const tasks = [await run()];
  const first = client();
  const heard = await until(first, from, (name) => name === 'task.completed');
  first.terminate();
  tasks.push(await run(), await run());
  const second = client();
  const rest = await until(second, heard.at(-1).split(' ')[0], (name, id) => name === 'task.completed' && id === tasks[2]);
  await second.dispose();
  assert.deepEqual([...heard, ...rest], (await Promise.all(tasks.map(story))).flat());
});

test('the client reconnects by itself, and goes on where it was', async () => {
  let connected = 0;
  const one = client(bearer(admin), { retryAttempts: 3, retryWait: async () => {}, on: { connected: () => connected++ } });
  const breaks = new Promise((resolve) => {
    one.subscribe({ query: '{ __typename }' }, { next: resolve, error: resolve, complete() {} });
  });
  await breaks;
  one.terminate();
  assert.equal((await all(one, { query: '{ __typename }' })).length, 1);
  assert.ok(connected >= 2, `${connected}`);
  await one.dispose();
});

test('what is refused is an error with its code, and the socket stays', async () => {
  const one = client(bearer(viewer));
  for (const [query, code, missing] of [
    ['{ tasks { context } }', 'FORBIDDEN', ['tasker.task:show']],
    ['subscription { workflowEvents { payload } }', 'FORBIDDEN', ['tasker.event:show']],
    ['mutation { createTask(input: { name: "hello" }) { taskId } }', 'FORBIDDEN', ['tasker.task:create']],
    ['{', 'GRAPHQL_PARSE_FAILED'],
    ['{ nothing }', 'GRAPHQL_VALIDATION_FAILED'],
    ['subscription { a: workflowEvents { name } b: workflowEvents { name } }', 'GRAPHQL_VALIDATION_FAILED'],
    ['query ($a: ID!) { task(taskId: $a) { name } }', 'BAD_USER_INPUT'],
  ]) {
    const refused = await all(one, { query }).then(assert.fail, (errors) => errors);
    assert.equal(refused[0].extensions.code, code, query);
    assert.deepEqual(refused[0].extensions.missingPermissions, missing, query);
  }
  assert.equal((await all(one, { query: '{ tasks { taskId } }' })).length, 1);
  await one.dispose();
});

test('a bad credential closes the socket with 4403', async () => {
  for (const bad of [bearer('nothing'), { Authorization: 'Bearer' }, { Authorization: 7 }, { 'X-API-Token': '' }]) {
    const refused = await all(client(bad), { query: '{ __typename }' }).then(assert.fail, (e) => e);
    assert.equal(refused.code, 4403, `${JSON.stringify(bad)}: ${refused.reason}`);
  }
});

const INIT = { type: 'connection_init', payload: bearer(admin) };
const forever = (id) => ({ type: 'subscribe', id, payload: { query: 'subscription { workflowEvents { name } }' } });

/** What becomes of a socket over which exactly this is said: the code it is closed with. */
async function closed(said) {
  const raw = new WebSocket(socket, 'graphql-transport-ws');
  await once(raw, 'open');
  for (const message of said) raw.send(typeof message === 'string' ? message : JSON.stringify(message));
  const [code] = await once(raw, 'close');
  return code;
}

for (const [what, said, code] of [
  ['something else than a message', ['x'], 4400],
  ['a message of no known type', [INIT, { type: 'start' }], 4400],
  ['a subscription without a document', [INIT, { type: 'subscribe', id: '1' }], 4400],
  ['a subscription before the acknowledgement', [forever('1')], 4401],
  ['nothing', [], 4408],
  ['an id that is taken', [INIT, forever('1'), forever('1')], 4409],
  ['two introductions', [INIT, INIT], 4429],
]) {
  test(`${what} closes the socket with ${code}`, async () => assert.equal(await closed(said), code));
}

test('other protocols and foreign pages are refused before there is a socket', async () => {
  const status = async (protocols, origin) => {
    const raw = new WebSocket(socket, protocols, { origin });
    raw.on('error', () => {});
    const [request, response] = await once(raw, 'unexpected-response');
    request.destroy();
    return response.statusCode;
  };
  assert.equal(await status('graphql-ws'), 400);
  assert.equal(await status([]), 400);
  assert.equal(await status('graphql-transport-ws', 'http://evil.example'), 403);
  const own = new WebSocket(socket, ['graphql-ws', 'graphql-transport-ws'], { origin: `http://${address}` });
  await once(own, 'open');
  assert.equal(own.protocol, 'graphql-transport-ws');
  own.terminate();
  assert.deepEqual(await ask('{ __typename }'), { __typename: 'Query' });
});
