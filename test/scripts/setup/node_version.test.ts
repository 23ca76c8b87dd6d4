import assert from 'node:assert/strict';
import { nodeVersionProblem } from '../../../scripts/setup/node_version.mjs';

describe('nodeVersionProblem', () => {
  for (const version of ['20.19.0', '20.20.2', '21.7.3', '22.0.0', '22.22.1']) {
    it(`accepts ${version}`, () => assert.equal(nodeVersionProblem(version), undefined));
  }

  for (const version of ['18.20.0', '20.18.3']) {
    it(`names ${version} and what to install`, () => {
      assert.match(nodeVersionProblem(version)!, new RegExp(`this is Node ${version}`));
      assert.match(nodeVersionProblem(version)!, /Install Node 20\.19 or later/);
    });
  }

  it('says why Node 23 and later do not work', () => {
    assert.match(nodeVersionProblem('24.1.0')!, /util\.isNullOrUndefined, which Node 23 removed/);
  });
});
