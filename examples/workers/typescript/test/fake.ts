// A service of the tests' own: the five mutations in memory, behind the schema that Tasker publishes.
//
// It executes what is sent to it with a real GraphQL library, so a document that the schema does not know fails here
// too.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

import { buildSchema, graphql, GraphQLError } from 'graphql';

const schema = buildSchema(readFileSync(new URL('../../../../../schema.graphql', import.meta.url), 'utf8'));

type Input = any;

/** A step, where it is, and what was answered for it. */
export class FakeStep {
  attempt = 0;
  token: string | undefined;
  expiresAt = 0;
  cancelled = false;
  /** The mutation and its input. */
  answer: [string, Input] | undefined;

  constructor(
    readonly id: string,
    readonly handlerClass: string,
    readonly given: object,
  ) {}

  /** As if its lease had run out: the step is there for anybody. */
  endLease(): void {
    this.token = undefined;
  }
}

export class Fake {
  readonly steps: FakeStep[] = [];
  /** Each mutation that arrived, with its input. */
  readonly requests: [string, Input][] = [];
  readonly headers: IncomingMessage['headers'][] = [];
  readonly bodies: number[] = [];
  /** Called before a mutation; throws what it is to be refused with. */
  before: (field: string, input: Input) => void = () => {};
  /** So many replies to answers get lost after these took effect. */
  unsent = 0;
  #server: Server | undefined;
  #port = 0;
  #news = new Set<() => void>();

  static async start(): Promise<Fake> {
    const fake = new Fake();
    await fake.up();
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/graphql`;
  }

  /** At the same address as before. */
  async up(): Promise<void> {
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Nobody answers at the address until `up`. */
  async down(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    server.close();
    server.closeAllConnections();
    this.#change();
    await once(server, 'close');
  }

  add(handlerClass = 'Test', given: object = {}): FakeStep {
    const step = new FakeStep(`step-${this.steps.length + 1}`, handlerClass, given);
    this.steps.push(step);
    this.#change();
    return step;
  }

  cancel(step: FakeStep): void {
    step.cancelled = true;
    this.#change();
  }

  lose(step: FakeStep): void {
    step.endLease();
    this.#change();
  }

  count(field: string): number {
    return this.requests.filter(([name]) => name === field).length;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    this.bodies.push(body.length);
    this.headers.push(request.headers);
    const { query, variables } = JSON.parse(body);
    const isGone = () => response.destroyed || !this.#server;
    response.on('close', () => this.#change());
    const root = {
      claimSteps: ({ input }: Input) => this.#claim(input, isGone),
      heartbeatSteps: ({ input }: Input) => this.#heartbeat(input, isGone),
      completeStep: ({ input }: Input) => this.#enter('completeStep', input) ?? this.#settle('completeStep', input),
      failStep: ({ input }: Input) => this.#enter('failStep', input) ?? this.#settle('failStep', input),
      completeSteps: ({ input }: Input) =>
        this.#enter('completeSteps', input) ?? input.completions.map((one: Input) => this.#completion(one)),
    };
    const answered = await graphql({ schema, source: query, rootValue: root, variableValues: variables });
    if (this.unsent > 0 && /(complete|fail)Steps?\(/.test(query)) {
      this.unsent -= 1;
      request.socket.destroy();
      return;
    }
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify(answered));
  }

  #enter(field: string, input: Input): undefined {
    this.requests.push([field, input]);
    this.before(field, input);
  }

  async #claim(input: Input, isGone: () => boolean): Promise<object[]> {
    this.#enter('claimSteps', input);
    const until = Date.now() + input.waitSeconds * 1000;
    while (!isGone()) {
      const free = this.steps.filter((step) => this.#isFree(step) && input.handlerClasses.includes(step.handlerClass));
      if (free.length > 0 || Date.now() >= until)
        return free.slice(0, input.limit).map((step) => this.#lease(step, input.leaseSeconds));
      await this.#wait(until);
    }
    return [];
  }

  async #heartbeat(input: Input, isGone: () => boolean): Promise<object[]> {
    this.#enter('heartbeatSteps', input);
    const until = Date.now() + input.waitSeconds * 1000;
    for (;;) {
      const beats = input.leaseTokens.map((token: string) => this.#beat(token, input.leaseSeconds));
      if (isGone() || Date.now() >= until || beats.some((beat: any) => beat.cancelled || !beat.valid)) return beats;
      await this.#wait(until);
    }
  }

  #completion(input: Input): object {
    try {
      this.#settle('completeStep', input);
      return { leaseToken: input.leaseToken, accepted: true };
    } catch (error) {
      const { message, extensions } = error as GraphQLError;
      return { leaseToken: input.leaseToken, accepted: false, code: extensions.code, message };
    }
  }

  #isFree(step: FakeStep): boolean {
    return step.answer === undefined && !step.cancelled && (step.token === undefined || step.expiresAt <= Date.now());
  }

  #lease(step: FakeStep, seconds: number): object {
    step.attempt += 1;
    step.token = `${step.id}/${step.attempt}`;
    step.expiresAt = Date.now() + seconds * 1000;
    return {
      leaseToken: step.token,
      leaseExpiresAt: '2030-01-01T00:00:00.123Z',
      deadlineAt: '2030-01-01T00:05:00.123456Z',
      attempt: step.attempt,
      idempotencyKey: step.id,
      taskId: `task-of-${step.id}`,
      taskName: 'test',
      namespace: 'default',
      version: '0.1.0',
      workflowStepId: step.id,
      name: 'a step',
      handlerClass: step.handlerClass,
      handlerConfig: {},
      context: {},
      inputs: {},
      dependencyResults: {},
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      ...step.given,
    };
  }

  #beat(token: string, seconds: number): object {
    const step = this.steps.find((one) => one.token === token);
    const valid = step !== undefined && step.answer === undefined && step.expiresAt > Date.now();
    if (valid) step.expiresAt = Date.now() + seconds * 1000;
    return { leaseToken: token, valid, cancelled: step?.cancelled ?? false };
  }

  #settle(field: string, input: Input): object {
    const step = this.steps.find((one) => one.token === input.leaseToken);
    const repeated = step?.answer === undefined || JSON.stringify(step.answer) === JSON.stringify([field, input]);
    if (step === undefined || step.cancelled || !repeated) throw refused('CONFLICT', 'the lease has ended');
    for (const { name } of input.events) {
      if (name.startsWith('undeclared.')) throw refused('BAD_USER_INPUT', `nothing declares the event ${name}`);
    }
    step.answer = [field, input];
    this.#change();
    return { workflowStepId: step.id, status: field === 'failStep' ? 'ERROR' : 'COMPLETE' };
  }

  #change(): void {
    for (const wake of [...this.#news]) wake();
  }

  async #wait(until: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#news.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, until - Date.now());
      this.#news.add(wake);
    });
  }
}

export function refused(code: string, message: string, extensions: object = {}): GraphQLError {
  return new GraphQLError(message, { extensions: { code, ...extensions } });
}
