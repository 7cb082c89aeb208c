// What a worker says goes to the console; what it says of each step, where NODE_DEBUG has `tasker-worker`.

import { debuglog } from 'node:util';

/** Where lines go. `console` is one, and so are the loggers of most libraries. */
export interface Logger {
  debug(line: string): void;
  info(line: string): void;
  warn(line: string): void;
  error(line: string): void;
}

const debug = debuglog('tasker-worker');

/** Used where no other is given. */
export const standard: Logger = {
  debug: (line) => debug('%s', line),
  info: (line) => console.info(line),
  warn: (line) => console.warn(line),
  error: (line) => console.error(line),
};

/** Puts in front of each line which step it is about. */
export function about(stepId: string, log: Logger): Logger {
  const put = (line: string) => `step ${stepId}: ${line}`;
  return {
    debug: (line) => log.debug(put(line)),
    info: (line) => log.info(put(line)),
    warn: (line) => log.warn(put(line)),
    error: (line) => log.error(put(line)),
  };
}
