// Copies the files `manifest.json` names from node_modules to dist/<package>@<version>/<file>, which is also their
// address on the CDN. Refuses a file whose version or hash is not the manifest's.
//
// `--pin` writes the versions and hashes of node_modules into the manifest instead.

import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const here = import.meta.dirname;
const manifest = JSON.parse(readFileSync(join(here, 'manifest.json'), 'utf8'));
const installed = (name) => join(here, 'node_modules', name);
const versionOf = (name) => JSON.parse(readFileSync(join(installed(name), 'package.json'), 'utf8')).version;
const integrityOf = (path) => 'sha384-' + createHash('sha384').update(readFileSync(path)).digest('base64');

if (process.argv.includes('--pin')) {
  for (const entry of manifest.files) {
    entry.version = versionOf(entry.package);
    entry.integrity = integrityOf(join(installed(entry.package), entry.file));
  }
  writeFileSync(join(here, 'manifest.json'), JSON.stringify(manifest, null, 2) + '\n');
} else {
  build(join(here, 'dist'));
}

function build(dist) {
  for (const name of readdirSync(dist)) {
    if (name !== '.gitkeep') rmSync(join(dist, name), { recursive: true });
  }
  for (const entry of manifest.files) {
    const from = join(installed(entry.package), entry.file);
    const version = versionOf(entry.package);
    if (version !== entry.version) {
      refuse(`${entry.package} is ${version} here and ${entry.version} in manifest.json`);
    }
    if (integrityOf(from) !== entry.integrity) {
      refuse(`${entry.package}/${entry.file} has another hash than in manifest.json`);
    }
    const folder = join(dist, `${entry.package}@${entry.version}`);
    copy(from, join(folder, entry.file));
    for (const license of readdirSync(installed(entry.package)).filter((name) => /^licen[sc]e/i.test(name))) {
      copy(join(installed(entry.package), license), join(folder, license));
    }
  }
}

function copy(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
}

function refuse(reason) {
  console.error(`${reason}: run \`npm ci\`, or \`npm run pin\` if the change is meant.`);
  process.exit(1);
}
