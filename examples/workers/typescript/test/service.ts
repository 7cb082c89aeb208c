// The real service, on a port and in a database of its own.

import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The service's program. */
export const program = process.env.TASKER_BIN;

const repository = fileURLToPath(new URL('../../../../../', import.meta.url));

const drill = `
name: drill
step_templates:
  - { name: hold, handler_class: "Drill::Hold" }
`;

const settings = `
authentication: { enabled: true, authenticators: [{ type: api_token }] }
authorization: { enabled: true }
`;

export interface TaskAnswer {
  status: string;
  workflowSteps: {
    name: string;
    status: string;
    attempts: number;
    results: any;
    error: { kind: string; code: string | null } | null;
  }[];
}

/** Callers sign in, by the policy that comes with it. `url` is where it is. */
export class Service {
  readonly home = mkdtempSync(join(tmpdir(), 'tasker-worker-'));
  url = '';
  #address = '';
  #place: string[] = [];
  #process: ChildProcess | undefined;
  #admin: string | undefined;

  static async start(): Promise<Service> {
    const service = new Service();
    const config = join(service.home, 'config');
    cpSync(join(repository, 'examples/workers/config'), config, { recursive: true });
    cpSync(join(repository, 'config/authorization'), join(config, 'authorization'), { recursive: true });
    writeFileSync(join(config, 'tasks/drill.yaml'), drill);
    writeFileSync(join(config, 'tasker.yaml'), settings);
    service.#place = ['--config', config, '--database-url', `sqlite://${join(service.home, 'tasker.db')}?mode=rwc`];
    service.#address = `127.0.0.1:${await freePort()}`;
    service.url = `http://${service.#address}/graphql`;
    await service.start();
    return service;
  }

  async start(): Promise<void> {
    const log = openSync(join(this.home, 'log'), 'a');
    const command = ['serve', ...this.#place, '--listen', this.#address];
    const started = spawn(program!, command, { stdio: ['ignore', log, log] });
    this.#process = started;
    for (let tries = 0; ; tries++) {
      const answer = await fetch(`http://${this.#address}/health/ready`).catch(() => undefined);
      if (answer?.ok) break;
      assert.ok(started.exitCode === null && tries < 300, readFileSync(join(this.home, 'log'), 'utf8'));
      await sleep(100);
    }
    this.#admin ??= await this.token('admin');
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.#process?.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, 'exit');
    this.#process.kill(signal);
    await exited;
  }

  async end(): Promise<void> {
    await this.stop();
    rmSync(this.home, { recursive: true });
  }

  async token(role: string, ...bounds: string[]): Promise<string> {
    const command = ['token', 'issue', ...this.#place, '--name', role, '--role', role, ...bounds];
    const { stdout } = await promisify(execFile)(program!, command);
    return /\btasker_\S+/.exec(stdout)![0];
  }

  /** A token that permits no more than a worker of orders and drills needs. */
  worker(): Promise<string> {
    return this.token(
      'worker',
      '--namespace',
      'default',
      '--handler-class',
      'Orders::*',
      '--handler-class',
      'Drill::*',
    );
  }

  async ask(query: string, variables: object): Promise<any> {
    const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${this.#admin}` };
    const answer: any = await (
      await fetch(this.url, { method: 'POST', headers, body: JSON.stringify({ query, variables }) })
    ).json();
    assert.equal(answer.errors, undefined, JSON.stringify(answer));
    return answer.data;
  }

  async create(name: string, context: object): Promise<string> {
    const create = 'mutation ($input: CreateTaskInput!) { createTask(input: $input) { taskId } }';
    return (await this.ask(create, { input: { name, context } })).createTask.taskId;
  }

  async task(id: string): Promise<TaskAnswer> {
    const asked = `query ($id: ID!) { task(taskId: $id) {
      status workflowSteps { name status attempts results error { kind code } } } }`;
    return (await this.ask(asked, { id })).task;
  }

  async events(id: string): Promise<string[]> {
    const asked = 'query ($id: ID!) { events(filter: { taskId: $id }, first: 100) { nodes { name } } }';
    return (await this.ask(asked, { id })).events.nodes.map(({ name }: { name: string }) => name);
  }

  /** The task, as soon as it has this status. */
  async until(id: string, status: string): Promise<TaskAnswer> {
    for (let tries = 0; ; tries++) {
      const task = await this.task(id);
      if (task.status === status) return task;
      assert.ok(tries < 400, `it does not become ${status}: ${JSON.stringify(task)}`);
      await sleep(50);
    }
  }

  /** A worker in a process of its own: `node FILE ARGUMENTS`. What it says is in `said`. */
  spawn(token: string, file: string, ...more: string[]): Spawned {
    return new Spawned(this.url, token, file, more);
  }
}

export class Spawned {
  readonly process: ChildProcess;
  readonly exited: Promise<number | null>;
  said = '';

  constructor(url: string, token: string, file: string, more: string[]) {
    const path = fileURLToPath(new URL(`../${file}`, import.meta.url));
    const env = { ...process.env, TASKER_URL: url, TASKER_TOKEN: token };
    this.process = spawn(process.execPath, [path, ...more], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.process.stdout!, this.process.stderr!])
      stream.on('data', (chunk) => (this.said += chunk));
    this.exited = once(this.process, 'close').then(([code]) => code as number | null);
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    this.process.kill(signal);
    return await this.exited;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
