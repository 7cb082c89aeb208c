// GraphQL over HTTP: the audits of `graphql-http`, as somebody who has signed in and as somebody who has not.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { serverAudits } from 'graphql-http';

import { admin, bearer, url } from './service.js';

for (const [who, headers] of [
  ['signed in', bearer(admin)],
  ['nobody', {}],
]) {
  describe(`audits, ${who}`, () => {
    const fetchFn = (to, init = {}) => fetch(to, { ...init, headers: { ...headers, ...init.headers } });
    for (const audit of serverAudits({ url, fetchFn })) {
      // Three audits ask about the schema to see an answer; nobody gets one.
      const asks = who === 'nobody' && /utf-8 encoded request|allow map {variables}/.test(audit.name);
      test(audit.name, { skip: asks && 'it asks about the schema' }, async () => {
        const { status, reason } = await audit.fn();
        // `notice`: a MAY that is not used. `warn`: a SHOULD. `error`: a MUST.
        const good = audit.name.startsWith('MAY') ? ['ok', 'notice'] : ['ok'];
        assert.ok(good.includes(status), `${status}: ${reason}`);
      });
    }
  });
}
