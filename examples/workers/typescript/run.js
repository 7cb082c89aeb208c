// Installs what the worker needs beside this file, the first time, and starts it: `node run.js`.
//
// TASKER_URL says where Tasker is (http://127.0.0.1:8080/graphql), TASKER_TOKEN is the worker's token.

import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const lock = here('package-lock.json');
const installed = here('node_modules/installed-lock.json');

function npm(...words) {
  const { status } = spawnSync('npm', words, { cwd: here('.'), stdio: 'inherit', shell: process.platform === 'win32' });
  if (status !== 0) process.exit(status ?? 1);
}

if (!existsSync(installed) || !readFileSync(installed).equals(readFileSync(lock))) {
  console.error(`installing what the worker needs into ${here('node_modules')}`);
  npm('ci', '--include=dev', '--no-audit', '--no-fund', '--silent');
  copyFileSync(lock, installed);
}
npm('run', '--silent', 'build');
// In this process, so that a signal to it is a signal to the worker.
await import('./dist/order_process/main.js');
