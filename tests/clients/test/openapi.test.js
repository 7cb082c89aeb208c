// The OpenAPI document, as Redocly reads it: by the specification, and by what it recommends.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { createConfig, lintFromString } from '@redocly/openapi-core';

import { address, admin, bearer, viewer } from './service.js';

describe('the OpenAPI document', () => {
  for (const [who, token] of [
    ['one who may do everything', admin],
    ['a viewer', viewer],
  ]) {
    test(`has nothing to mend for ${who}`, async () => {
      const answer = await fetch(`http://${address}/openapi.json`, { headers: bearer(token) });
      assert.equal(answer.status, 200);
      const source = await answer.text();
      assert.ok(JSON.parse(source).paths['/api/v1/tasks'].get);
      const config = await createConfig({ extends: ['recommended-strict'] });
      const problems = await lintFromString({ source, absoluteRef: 'openapi.json', config });
      const said = problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} ${location?.[0]?.pointer}`);
      assert.deepEqual(said, []);
    });
  }
});
