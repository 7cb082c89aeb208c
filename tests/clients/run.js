// Starts a service of its own and runs test/ against it: node run.js <the tasker program>
//
// The service asks for credentials, so that the clients sign in as they would elsewhere. Each of its tokens has one
// role: admin may do everything; viewer sees that tasks and events are there, and not what is in them.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const program = resolve(process.argv[2] ?? '../../target/debug/tasker');
const home = mkdtempSync(join(tmpdir(), 'tasker-clients-'));
const config = join(home, 'config');
const database = `sqlite://${join(home, 'tasker.db')}?mode=rwc`;

for (const folder of ['tasks', 'authorization']) mkdirSync(join(config, folder), { recursive: true });
// JSON is YAML.
write('tasker.yaml', {
  authentication: { enabled: true, authenticators: [{ type: 'api_token' }] },
  authorization: { enabled: true },
  graphql: { connection_init_timeout: '1s' },
});
write('tasks/hello.yaml', {
  name: 'hello',
  step_templates: [
    { name: 'first', handler_class: 'tasker.noop' },
    { name: 'second', handler_class: 'tasker.noop', depends_on_step: 'first' },
  ],
});
write(
  'authorization/policy.csv',
  `p, role:admin, *, *, *, allow
   p, role:admin, *, tasker.policy, *, allow
   p, role:viewer, *, tasker.task, index, allow
   p, role:viewer, *, tasker.event, index, allow
   p, role:viewer, *, tasker.event, subscribe, allow`,
);

const address = `127.0.0.1:${await freePort()}`;
const place = ['--config', config, '--database-url', database];
const service = spawn(program, ['serve', ...place, '--listen', address]);
let said = '';
for (const stream of [service.stdout, service.stderr]) stream.on('data', (chunk) => (said += chunk));
const exited = once(service, 'exit');
let failed = true;
try {
  await ready();
  const env = { ...process.env, TASKER_PROGRAM: program, TASKER_ADDRESS: address, ADMIN: await token('admin'), VIEWER: await token('viewer') };
  const files = readdirSync('test').filter((file) => file.endsWith('.test.js')).map((file) => join('test', file));
  const tests = spawn(process.execPath, ['--test', '--test-reporter', 'spec', '--test-timeout', '60000', ...files], { stdio: 'inherit', env });
  failed = (await once(tests, 'exit'))[0] !== 0;
} finally {
  service.kill('SIGTERM');
  const [code] = await exited;
  rmSync(home, { recursive: true });
  if (failed || code !== 0) {
    console.error(`${said}\nthe service ended with ${code}`);
    process.exitCode = 1;
  }
}

function write(name, what) {
  writeFileSync(join(config, name), typeof what === 'string' ? what : JSON.stringify(what));
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function ready() {
  for (let attempt = 0; attempt < 300; attempt++) {
    const answer = await fetch(`http://${address}/health/ready`).catch(() => undefined);
    if (answer?.ok) return;
    if (service.exitCode !== null) break;
    await new Promise((wake) => setTimeout(wake, 100));
  }
  throw new Error('the service does not start');
}

async function token(role) {
  const { stdout } = await promisify(execFile)(program, ['token', 'issue', ...place, '--role', role]);
  const found = /\btasker_\S+/.exec(stdout);
  if (!found) throw new Error(`no token in ${stdout}`);
  return found[0];
}
