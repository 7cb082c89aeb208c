// A worker of the tests, as a process of its own: `node drill.js FOLDER`.
//
// Its only step leaves a file in the folder when it begins, named after the attempt, and takes as long as the task
// says.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Worker } from 'tasker-worker';

const folder = process.argv[2]!;
const worker = new Worker({ leaseSeconds: 3, graceSeconds: 20 });

worker.step<{ seconds: number }>('Drill::Hold', async (step, { signal }) => {
  writeFileSync(join(folder, `${step.id}-${step.attempt}`), String(process.pid));
  await sleep(step.context.seconds * 1000, undefined, { signal });
  return { pid: process.pid };
});

await worker.run();
