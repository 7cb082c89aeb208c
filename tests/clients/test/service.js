// The service that run.js has started, and what every test needs of it.

import assert from 'node:assert/strict';

export const { TASKER_ADDRESS: address, ADMIN: admin, VIEWER: viewer } = process.env;
assert.ok(address && admin && viewer, 'run this by ../run.js');

export const url = `http://${address}/graphql`;
export const socket = `ws://${address}/graphql`;
export const bearer = (token) => ({ Authorization: `Bearer ${token}` });

/** The data of an answer without errors. */
export async function ask(query, variables = {}, token = admin) {
  const headers = { 'Content-Type': 'application/json', ...bearer(token) };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
  const { data, errors } = await answer.json();
  assert.equal(errors, undefined);
  return data;
}

/** Runs a task to its end: its id. */
export async function run() {
  const { createTask } = await ask('mutation { createTask(input: { name: "hello" }) { taskId } }');
  for (;;) {
    const { task } = await ask('query ($id: ID!) { task(taskId: $id) { complete } }', { id: createTask.taskId });
    if (task.complete) return createTask.taskId;
  }
}

/** Everything that the log has of a task, as `cursor name`. */
export async function story(taskId) {
  const { events } = await ask(
    'query ($id: ID!) { events(filter: { taskId: $id }, first: 100) { nodes { cursor name } } }',
    { id: taskId },
  );
  return events.nodes.map(({ cursor, name }) => `${cursor} ${name}`);
}

/** The end of the log. */
export const now = async () => (await ask('{ eventCursor }')).eventCursor;
