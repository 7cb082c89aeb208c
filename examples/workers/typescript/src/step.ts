// What a handler sees of its step.

import type { Logger } from './log.js';
import type { ClaimedStep, PublishedEvent } from './protocol.js';

/** One attempt of one step. `Context` is what the task's template asks for. */
export class Step<Context = any> {
  /** The step's own id. */
  readonly id: string;
  readonly name: string;
  readonly handlerClass: string;
  /** From the template. `${VARIABLES}` are as they were written: they are for who runs the step. */
  readonly handlerConfig: any;
  readonly taskId: string;
  readonly taskName: string;
  readonly namespace: string;
  readonly version: string;
  /** Counts from one. */
  readonly attempt: number;
  /** The same for every attempt: a step runs at least once, so hand it on to whoever acts on it. */
  readonly idempotencyKey: string;
  /** The task's input. */
  readonly context: Context;
  /** The step's own input: the context, unless somebody has changed it. */
  readonly inputs: any;
  /** The attempt's span, as W3C Trace Context has it: the parent of what the handler does. */
  readonly traceparent: string | undefined;
  /** When the service gives the attempt up. */
  readonly deadlineAt: Date | undefined;
  readonly #earlier: Record<string, unknown>;
  readonly #events: PublishedEvent[];

  /** `events` takes what is published. */
  constructor(claimed: ClaimedStep, events: PublishedEvent[]) {
    this.id = claimed.workflowStepId;
    this.name = claimed.name;
    this.handlerClass = claimed.handlerClass;
    this.handlerConfig = claimed.handlerConfig;
    this.taskId = claimed.taskId;
    this.taskName = claimed.taskName;
    this.namespace = claimed.namespace;
    this.version = claimed.version;
    this.attempt = claimed.attempt;
    this.idempotencyKey = claimed.idempotencyKey;
    this.context = claimed.context as Context;
    this.inputs = claimed.inputs;
    this.traceparent = claimed.traceparent ?? undefined;
    this.deadlineAt = claimed.deadlineAt === null ? undefined : new Date(claimed.deadlineAt);
    this.#earlier = claimed.dependencyResults;
    this.#events = events;
  }

  /**
   * What an earlier step has left: all of it, or what `path` leads to; undefined where there is nothing.
   *
   * Every step is there that this one depends on, directly or not.
   */
  results<T = any>(stepName: string, ...path: (string | number)[]): T | undefined {
    let value: any = Object.hasOwn(this.#earlier, stepName) ? this.#earlier[stepName] : undefined;
    for (const key of path)
      value = value !== null && typeof value === 'object' && Object.hasOwn(value, key) ? value[key] : undefined;
    return value as T | undefined;
  }

  /** Publishes an event that the template declares. It is written with the attempt's outcome. */
  publish(name: string, payload: unknown = null): void {
    // A mistake shows here, where it was made; and what is published does not change afterwards.
    this.#events.push({ name, payload: JSON.parse(JSON.stringify(payload)) });
  }
}

/** What goes with a call of a handler. */
export interface StepContext {
  /** Aborted when the answer will not count any more: hand it on to whatever takes time. */
  signal: AbortSignal;
  /** Says with each line which step it is about. */
  log: Logger;
}

/** Does a step. What it answers are the step's results; what it throws is the attempt's failure. */
export type Handler<Context = any> = (step: Step<Context>, context: StepContext) => unknown;
