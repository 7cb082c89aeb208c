// How a handler fails, and how a worker does.

/** What both kinds of failure may have. */
export interface FailureOptions {
  /** For programs. */
  code?: string;
  /** They stay in spite of the failure. */
  results?: unknown;
  cause?: unknown;
}

/** A failed attempt. Throw one of the two below; anything else that is thrown is as `RetryableError`. */
export abstract class StepError extends Error {
  abstract readonly retryable: boolean;
  readonly code: string | undefined;
  readonly results: unknown;

  constructor(message: string, options: FailureOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : {});
    this.name = new.target.name;
    this.code = options.code;
    this.results = options.results;
  }
}

/** Another attempt may succeed. It is made while the template allows one. */
export class RetryableError extends StepError {
  readonly retryable = true;
  /** In seconds, instead of the template's backoff. */
  readonly retryAfter: number | undefined;

  constructor(message: string, options: FailureOptions & { retryAfter?: number } = {}) {
    super(message, options);
    this.retryAfter = options.retryAfter;
  }
}

/** No attempt will succeed: the step goes to `error` at once. */
export class PermanentError extends StepError {
  readonly retryable = false;
}

/** The service does not let this worker work; the text says what to do about it. */
export class NotAllowed extends Error {
  override readonly name = 'NotAllowed';
}
