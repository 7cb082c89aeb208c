// What a worker asks for: the five mutations, and no more of their answers than it needs.
//
// A worker's token permits `tasker.workflow_step:claim` and `:complete`. With one field more the whole document is
// refused.

import { parse, type DocumentNode } from 'graphql';

/** A document, what it takes as `input`, and what its only field answers. */
export interface Mutation<Input, Output> {
  document: DocumentNode;
  /** For the compiler alone. */
  types?: (input: Input) => Output;
}

/** A step that is this worker's until its lease ends. */
export interface ClaimedStep {
  leaseToken: string;
  deadlineAt: string | null;
  attempt: number;
  idempotencyKey: string;
  taskId: string;
  taskName: string;
  namespace: string;
  version: string;
  workflowStepId: string;
  name: string;
  handlerClass: string;
  handlerConfig: unknown;
  context: unknown;
  inputs: unknown;
  dependencyResults: Record<string, unknown>;
  traceparent: string | null;
}

export interface ClaimStepsInput {
  workerId: string;
  handlerClasses: string[];
  namespaces: string[] | null;
  limit: number;
  leaseSeconds: number;
  waitSeconds: number;
}

export interface HeartbeatStepsInput {
  leaseTokens: string[];
  leaseSeconds: number;
  waitSeconds: number;
}

export interface StepHeartbeat {
  leaseToken: string;
  valid: boolean;
  cancelled: boolean;
}

export interface PublishedEvent {
  name: string;
  payload: unknown;
}

export interface CompleteStepInput {
  leaseToken: string;
  results: unknown;
  events: PublishedEvent[];
}

export interface FailStepInput extends CompleteStepInput {
  message: string;
  retryable: boolean;
  code: string | null;
  retryAfterSeconds: number | null;
}

export interface StepCompletion {
  leaseToken: string;
  accepted: boolean;
  code: string | null;
  message: string | null;
}

export const CLAIM: Mutation<ClaimStepsInput, ClaimedStep[]> = typed(`
  mutation Claim($input: ClaimStepsInput!) {
    claimSteps(input: $input) {
      leaseToken deadlineAt attempt idempotencyKey taskId taskName namespace version workflowStepId name
      handlerClass handlerConfig context inputs dependencyResults traceparent
    }
  }`);

export const HEARTBEAT: Mutation<HeartbeatStepsInput, StepHeartbeat[]> = typed(`
  mutation Heartbeat($input: HeartbeatStepsInput!) {
    heartbeatSteps(input: $input) { leaseToken valid cancelled }
  }`);

export const COMPLETE: Mutation<CompleteStepInput, unknown> = typed(`
  mutation Complete($input: CompleteStepInput!) {
    completeStep(input: $input) { workflowStepId status }
  }`);

export const COMPLETE_MANY: Mutation<{ completions: CompleteStepInput[] }, StepCompletion[]> = typed(`
  mutation CompleteMany($input: CompleteStepsInput!) {
    completeSteps(input: $input) { leaseToken accepted code message }
  }`);

export const FAIL: Mutation<FailStepInput, unknown> = typed(`
  mutation Fail($input: FailStepInput!) {
    failStep(input: $input) { workflowStepId status }
  }`);

/** As many may be claimed, or completed, at once. */
export const MOST_STEPS = 100;

/** As many does one heartbeat keep. */
export const MOST_LEASES = 1000;

/** As many seconds may a request wait for something to happen. */
export const LONGEST_WAIT = 60;

function typed<Input, Output>(text: string): Mutation<Input, Output> {
  return { document: parse(text) };
}
