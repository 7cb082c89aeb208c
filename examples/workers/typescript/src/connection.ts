// Requests to the service, and what their failures mean.

import { ClientError, GraphQLClient } from 'graphql-request';

import type { Logger } from './log.js';
import type { Mutation } from './protocol.js';

/** Milliseconds that the service may take to answer what does not wait for anything. */
const ANSWER_TIMEOUT = 15_000;

/** The service has answered, with an error. `code` is its `extensions.code`. */
export class Refused extends Error {
  constructor(
    readonly code: string,
    readonly reason: string,
    /** Seconds. */
    readonly retryAfter = 0,
    /** The permissions that the token lacks. */
    readonly missing: readonly string[] = [],
  ) {
    super(`${code}: ${reason}`);
  }

  /** Whether the same request may succeed later. */
  get isPassing(): boolean {
    return ['OVERLOADED', 'RATE_LIMITED', 'TIMEOUT', 'INTERNAL'].includes(this.code);
  }

  /** Whether no request will be permitted. */
  get isAboutTheToken(): boolean {
    return this.code === 'UNAUTHENTICATED' || this.code === 'FORBIDDEN';
  }
}

/** There is no answer, or none of the service. The request may have taken effect nevertheless. */
export class Unreachable extends Error {}

/** The way to one service. */
export class Connection {
  readonly #client: GraphQLClient;
  readonly #hasToken: boolean;
  /** What waits, for an answer or for the next try, and how it is told that it waits in vain. */
  readonly #waiting = new Set<() => void>();
  #isClosed = false;

  constructor(
    readonly url: string,
    token: string | undefined,
    readonly log: Logger,
  ) {
    this.#hasToken = token !== undefined;
    const headers: Record<string, string> = { 'User-Agent': 'tasker-worker-typescript/0.1.0' };
    if (token !== undefined) {
      headers.Authorization = `Bearer ${token}`;
      const { protocol, hostname } = new URL(url);
      if (protocol === 'http:' && !['127.0.0.1', '[::1]', 'localhost'].includes(hostname)) {
        log.warn(`${url} is not https: the token can be read on its way`);
      }
    }
    // A redirected POST loses its body, or sends the token elsewhere.
    this.#client = new GraphQLClient(url, { headers, redirect: 'error' });
  }

  /** The answer's only field. `wait` is how many seconds the service may wait for something to happen. */
  async ask<I, O>(mutation: Mutation<I, O>, input: I, how: { wait?: number; signal?: AbortSignal } = {}): Promise<O> {
    const controller = new AbortController();
    const abort = () => controller.abort();
    const timer = setTimeout(abort, (how.wait ?? 0) * 1000 + ANSWER_TIMEOUT);
    how.signal?.addEventListener('abort', abort);
    this.#waiting.add(abort);
    if (this.#isClosed || how.signal?.aborted) abort();
    try {
      const request = { document: mutation.document, variables: { input }, signal: controller.signal };
      return Object.values(await this.#client.request<Record<string, O>>(request))[0] as O;
    } catch (error) {
      if (error instanceof ClientError) throw refusal(error);
      throw new Unreachable(controller.signal.aborted ? 'no answer in time' : why(error));
    } finally {
      clearTimeout(timer);
      how.signal?.removeEventListener('abort', abort);
      this.#waiting.delete(abort);
    }
  }

  /** Waits before the next try; as long as the service asked for, if that is longer. */
  async pause(waits: Iterator<number>, error?: unknown): Promise<void> {
    const askedFor = error instanceof Refused ? error.retryAfter * 1000 : 0;
    await this.sleep(Math.max(waits.next().value as number, askedFor));
  }

  /** Waits, but no longer than until the connection is closed. */
  async sleep(milliseconds: number): Promise<void> {
    if (this.#isClosed || milliseconds <= 0) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      this.#waiting.add(done);
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Nothing waits any more. */
  close(): void {
    this.#isClosed = true;
    for (const done of [...this.#waiting]) done();
  }

  /** What to do about a refusal that ends the worker. */
  advice(refused: Refused): string {
    const issue = 'tasker token issue --name NAME --role worker';
    if (refused.code === 'UNAUTHENTICATED') {
      return this.#hasToken
        ? `${this.url} does not accept the token: it was revoked, has run out, or is another service's`
        : `${this.url} wants a token. Set TASKER_TOKEN to one of \`${issue}\``;
    }
    if (refused.code === 'FORBIDDEN') {
      const lacks = refused.missing.length > 0 ? ` It lacks ${refused.missing.join(', ')}.` : '';
      return `the token does not permit this work: ${refused.reason}.${lacks} One that does: \`${issue}\``;
    }
    return `${this.url} does not understand this worker: ${refused.message}`;
  }
}

/** How many milliseconds to wait before each try after the first: twice as long each time, give or take a half. */
export function* waits(most = 5000): Generator<number, never> {
  for (let wait = 100; ; wait = Math.min(wait * 2, most)) yield wait * (0.5 + Math.random());
}

/** The library's own text has the request in it, and so what is in a task: it is never passed on. */
function refusal({ response }: ClientError): Refused | Unreachable {
  const first = response.errors?.[0];
  if (first === undefined) {
    // By a gateway, which does not speak GraphQL.
    if (response.status === 401) return new Refused('UNAUTHENTICATED', 'HTTP 401');
    if (response.status === 403) return new Refused('FORBIDDEN', 'HTTP 403');
    return new Unreachable(`HTTP ${response.status}`);
  }
  const { code, retryAfter, missingPermissions } = (first.extensions ?? {}) as {
    code?: string;
    retryAfter?: number;
    missingPermissions?: string[];
  };
  return new Refused(code ?? 'INTERNAL', first.message, retryAfter, missingPermissions);
}

/** `fetch` hides its reason in the cause. The texts of other errors may have the answer in them. */
function why(error: unknown): string {
  if (!(error instanceof TypeError)) return 'the answer is no GraphQL';
  return (error.cause instanceof Error && error.cause.message) || error.message;
}
