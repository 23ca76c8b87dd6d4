import assert from 'node:assert/strict';
import { environment } from '../../../workflows/records/environment.ts';

describe('environment', () => {
  it('names version, commit, Node, backend, processor and threads', async () => {
    const found = await environment({ name: 'wasm', version: '4.22.0', notes: [] });
    assert.match(found.tf8, /^\d+\.\d+\.\d+$/);
    assert.match(found.commit, /^([0-9a-f]{40}\+?|unknown)$/);
    assert.equal(found.node, process.versions.node);
    assert.equal(found.backend, 'wasm 4.22.0');
    assert.notEqual(found.processor, '');
    assert.ok(found.threads >= 1);
  });
});
