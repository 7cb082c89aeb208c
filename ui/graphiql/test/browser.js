// Drives the page of a running service in headless Chromium: node test/browser.js <base URL> [screenshot.png]
//
// The browser may reach that one host and nothing else, so this also proves that the page is embedded. It runs a
// query that is typed, watches events, creates a task beside the page and sees its event arrive. Any console error,
// refused resource or Content-Security-Policy violation fails it.
//
// Environment: CHROMIUM, the browser's path · AUTHORIZATION, the header's value for a service that wants one.

import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const [base, screenshot] = process.argv.slice(2);
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const authorization = process.env.AUTHORIZATION;
const PATIENCE_MS = 30_000;

if (!base) stop('usage: node test/browser.js <base URL> [screenshot.png]');
if (!existsSync(executablePath)) stop(`there is no browser at ${executablePath}; name one in CHROMIUM`);

const browser = await chromium.launch({
  executablePath,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});
const complaints = [];
let page;
let doing = 'start';
try {
  const context = await browser.newContext({ viewport: { width: 1360, height: 860 } });
  page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  await listen(page);
  for (const [what, does] of steps()) {
    doing = what;
    await does(page);
  }
  doing = 'run without a complaint of the browser';
  expect(complaints.length === 0, 'it complained');
  if (screenshot) await page.screenshot({ path: screenshot });
} catch (error) {
  if (page && screenshot) await page.screenshot({ path: screenshot }).catch(() => {});
  await browser.close();
  const reason = error.message.replaceAll(/\u001b\[\d+m/g, '').trim();
  stop([`the page did not ${doing}: ${reason}`, ...complaints].join('\n'));
}
await browser.close();
console.log('GraphiQL works: it opened, read the schema, ran a query, and a live event arrived.');

function steps() {
  return [
    ['open with the title Tasker', open],
    ['offer its examples', seeExamples],
    ['take the credential', signIn],
    ['read the schema', readSchema],
    ['open its settings and its history', openDialogs],
    ['run a typed query', runQuery],
    ['show the event of a task that was created meanwhile', watchEvents],
    ['keep the credential out of the storage', checkStorage],
  ];
}

// Everything that goes wrong in the browser, as it comes.
async function listen(page) {
  const origin = new URL(base).origin;
  await page.route('**/*', (route) => {
    const { origin: wanted, protocol } = new URL(route.request().url());
    if (wanted === origin || protocol === 'data:' || protocol === 'blob:') return route.continue();
    complaints.push(`it asked for ${route.request().url()}, which is not this service`);
    return route.abort();
  });
  page.on('console', (message) => {
    // Before the credential is entered, the schema is refused.
    const refused = authorization && message.location().url.endsWith('/graphql') && message.text().includes(' 401 ');
    if (message.type() === 'error' && !refused) complaints.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => complaints.push(`script: ${error.stack ?? error.message}`));
  page.on('requestfailed', (request) => complaints.push(`request: ${request.url()} ${request.failure()?.errorText}`));
  await page.exposeFunction('reportViolation', (violation) => complaints.push(`policy: ${violation}`));
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      window.reportViolation(
        `${event.violatedDirective} refused ${event.blockedURI} at ${event.sourceFile}:${event.lineNumber}:${event.columnNumber}`,
      );
    });
  });
}

async function open(page) {
  const schema = page.waitForResponse((response) => response.url().endsWith('/graphql'));
  schema.catch(() => {});
  await page.goto(new URL('/graphiql', base).href);
  expect((await page.title()) === 'Tasker', `the title is ${await page.title()}`);
  const help = page.locator('#help');
  await page.locator('.graphiql-container').or(help).first().waitFor();
  expect(!(await help.isVisible()), 'its libraries could not be loaded; was ui/graphiql built before the service?');
  await schema;
}

async function seeExamples(page) {
  for (const name of ['CreateOrder', 'Watch', 'Tasks']) await tab(page, name).waitFor();
  await tab(page, 'CreateOrder').click();
  await queryEditor(page).getByText('payment_amount').waitFor();
}

async function signIn(page) {
  if (!authorization) return;
  await enterCredential(page);
  const schema = page.waitForResponse((response) => response.url().endsWith('/graphql') && response.ok());
  await page.getByRole('button', { name: 'Re-fetch GraphQL schema' }).click();
  await schema;
}

async function readSchema(page) {
  await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
  await page.getByText('Root Types').waitFor();
  await page.getByRole('button', { name: 'Hide Documentation Explorer' }).click();
}

// Each brings styles and pictures of its own, which the policy has to allow.
async function openDialogs(page) {
  for (const dialog of ['Open settings dialog', 'Open short keys dialog']) {
    await page.getByRole('button', { name: dialog }).click();
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  }
  await page.getByRole('button', { name: 'Show History' }).click();
  await page.getByRole('button', { name: 'Hide History' }).click();
}

async function runQuery(page) {
  await tab(page, 'Tasks').click();
  await queryEditor(page).click();
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.type('query Typed { __typename tasks(limit: 1) { name ');
  await page.keyboard.press('Escape');
  await tab(page, 'Typed').waitFor();
  await run(page, 'Typed');
  await answer(page).getByText('__typename').waitFor();
  expect(!(await answer(page).innerText()).includes('errors'), await answer(page).innerText());
}

async function watchEvents(page) {
  await tab(page, 'Watch').click();
  await queryEditor(page).getByText('workflowEvents').waitFor();
  const asked = page.waitForEvent('websocket').then((socket) =>
    socket.waitForEvent('framesent', ({ payload }) => JSON.parse(payload).type === 'subscribe'),
  );
  await run(page, 'Watch');
  await asked;
  // That the request was sent doesn't say that the server has begun to watch: a first task may be too early.
  const taskIds = [];
  const deadline = Date.now() + PATIENCE_MS;
  do {
    expect(Date.now() < deadline, `none of these tasks showed: ${taskIds.join(', ')}`);
    taskIds.push(await createTask(page));
  } while (!(await shows(answer(page), taskIds)));
  const event = await answer(page).innerText();
  expect(event.includes('workflowEvents') && event.includes('occurredAt'), event);
  if (screenshot) await page.waitForTimeout(300); // The spinner fades.
}

async function checkStorage(page) {
  const stored = await page.evaluate(() => JSON.stringify(localStorage));
  expect(stored.includes('workflowEvents'), `the query is not in the history: ${stored}`);
  if (authorization) expect(!stored.includes(authorization), stored);
}

function tab(page, name) {
  return page.locator('.graphiql-tab-button', { hasText: new RegExp(`^${name}$`) });
}

function queryEditor(page) {
  return page.locator('.graphiql-query-editor .CodeMirror');
}

function answer(page) {
  return page.locator('.graphiql-response .CodeMirror-code');
}

// GraphiQL reads the operation's name a moment after the editor has it.
async function run(page, operation) {
  await enterCredential(page);
  await page.waitForFunction(
    (name) => document.querySelector('.graphiql-query-editor .CodeMirror').CodeMirror.operationName === name,
    operation,
  );
  await page.getByRole('button', { name: /^Execute query/ }).click();
}

// Into the headers editor of the tab in front.
async function enterCredential(page) {
  if (!authorization) return;
  await page.locator('.graphiql-editor-tool .CodeMirror:visible').click();
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.insertText(JSON.stringify({ Authorization: authorization }));
}

async function shows(place, texts) {
  const any = texts.reduce((found, text) => found.or(place.getByText(text)), place.getByText(texts[0]));
  return any.first().waitFor({ timeout: 3_000 }).then(
    () => true,
    () => false,
  );
}

// Beside the page, as another client would.
async function createTask(page) {
  const query = `mutation { createTask(input: {name: "order_process", context: {order_id: 7, customer_id: 2, payment_amount: 12.5}}) { taskId } }`;
  const response = await page.context().request.post(new URL('/graphql', base).href, {
    headers: { Accept: 'application/json', ...(authorization ? { Authorization: authorization } : {}) },
    data: { query },
  });
  const { data, errors } = await response.json();
  expect(data?.createTask?.taskId, `createTask was refused: ${JSON.stringify(errors)}`);
  return data.createTask.taskId;
}

function expect(holds, otherwise) {
  if (!holds) throw new Error(otherwise);
}

function stop(sentence) {
  console.error(sentence);
  process.exit(1);
}
