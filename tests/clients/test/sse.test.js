// GraphQL over Server-Sent Events, each operation on a connection of its own, by the client that everybody uses.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createClient } from 'graphql-sse';

import { admin, bearer, now, run, story, url, viewer } from './service.js';

const EVENTS = 'subscription ($after: String) { workflowEvents(after: $after) { cursor name taskId } }';

const client = (headers = bearer(admin)) => createClient({ url, headers, retryAttempts: 0 });

async function all(client, payload) {
  const answers = [];
  for await (const answer of client.iterate(payload)) answers.push(answer);
  return answers;
}

/** Events until the task is done, as `cursor name`. */
async function until(client, task, variables = {}) {
  const seen = [];
  for await (const { data, errors } of client.iterate({ query: EVENTS, variables })) {
    assert.equal(errors, undefined);
    const { cursor, name, taskId } = data.workflowEvents;
    seen.push(`${cursor} ${name}`);
    if (name === 'task.completed' && taskId === task) break;
  }
  return seen;
}

test('a query is a stream of one answer', async () => {
  assert.deepEqual(await all(client(), { query: '{ __typename }' }), [{ data: { __typename: 'Query' } }]);
});

test('a subscription tells everything, in order, until it is stopped', async () => {
  const after = await now();
  const task = await run();
  assert.deepEqual(await until(client(), task, { after }), await story(task));
});

test('a task that is watched ends its stream itself', async () => {
  const query = 'subscription ($id: ID!) { taskUpdated(taskId: $id) { status } }';
  const answers = await all(client(), { query, variables: { id: await run() } });
  assert.deepEqual(answers.at(-1), { data: { taskUpdated: { status: 'COMPLETE' } } });
});

test('what is refused is one answer with its code and no data', async () => {
  for (const [query, code] of [
    ['{ tasks { context } }', 'FORBIDDEN'],
    ['subscription { workflowEvents { payload } }', 'FORBIDDEN'],
    ['{', 'GRAPHQL_PARSE_FAILED'],
  ]) {
    const [answer, ...more] = await all(client(bearer(viewer)), { query });
    assert.equal(answer.errors[0].extensions.code, code, query);
    assert.ok(!('data' in answer) && more.length === 0);
  }
});

test('a bad credential is 401, and no stream', async () => {
  const refused = await all(client(bearer('nothing')), { query: '{ __typename }' }).then(assert.fail, (e) => e);
  assert.equal(refused.response.status, 401);
});

test('Last-Event-ID goes on behind that event, whatever the operation says', async () => {
  const from = await now();
  const tasks = [await run(), await run()];
  const [first] = await until(client(), tasks[0], { after: from });
  const rest = (await Promise.all(tasks.map(story))).flat().slice(1);
  const last = { ...bearer(admin), 'Last-Event-ID': first.split(' ')[0] };
  assert.deepEqual(await until(client(last), tasks[1]), rest);
  assert.deepEqual(await until(client(last), tasks[1], { after: from }), rest);
});

test('an event carries its cursor as its id', async () => {
  const after = await now();
  const task = await run();
  const headers = { 'Content-Type': 'application/json', Accept: 'text/event-stream', ...bearer(admin) };
  const leave = new AbortController();
  const body = JSON.stringify({ query: EVENTS, variables: { after } });
  const answer = await fetch(url, { method: 'POST', headers, body, signal: leave.signal });
  assert.equal(answer.headers.get('content-type'), 'text/event-stream');
  let text = '';
  for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (text.includes('task.completed')) break;
  }
  leave.abort();
  const ids = [...text.matchAll(/^id: (.*)$/gm)].map(([, id]) => id);
  assert.deepEqual(ids, (await story(task)).map((line) => line.split(' ')[0]));
});

test('a forged Last-Event-ID is refused and no beginning', async () => {
  for (const forged of ['x', '-1', '999999999999999999999', "' OR 1=1"]) {
    const last = { ...bearer(admin), 'Last-Event-ID': forged };
    const [answer] = await all(client(last), { query: EVENTS });
    assert.equal(answer.errors[0].extensions.code, 'BAD_USER_INPUT', forged);
  }
});
