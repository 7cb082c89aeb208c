// Processes orders until it is told to stop.

import { Worker } from 'tasker-worker';

import { Shop } from './shop.js';
import { register } from './steps.js';

const worker = new Worker();
register(worker, new Shop());
await worker.run();
