// Does the steps of Tasker's workflows.
//
//     const worker = new Worker();
//     worker.step('Orders::FetchOrder', async (step) => ({ order_id: step.context.order_id, total: 30 }));
//     await worker.run();

export { type FailureOptions, NotAllowed, PermanentError, RetryableError } from './errors.js';
export type { Logger } from './log.js';
export type { Handler, Step, StepContext } from './step.js';
export { Worker, type WorkerOptions } from './worker.js';
