import assert from 'node:assert/strict';
import { whenFree } from '../../../foundation/files/read_when_free.ts';

function failing(code: string): Error {
  return Object.assign(new Error(code), { code });
}

describe('whenFree', () => {
  for (const code of ['EMFILE', 'ENFILE']) {
    it(`waits until a file can be opened again (${code})`, async () => {
      let failures = 4;
      const work = async () => {
        if (failures-- > 0) throw failing(code);
        return 'read';
      };
      assert.equal(await whenFree('/a', work), 'read');
    });
  }

  it('throws every other error at once, as it is', async () => {
    const error = failing('ENOENT');
    let calls = 0;
    const work = () => {
      calls++;
      return Promise.reject(error);
    };
    await assert.rejects(whenFree('/a', work), (thrown) => thrown === error);
    assert.equal(calls, 1);
  });
});
