import assert from 'node:assert/strict';
import { type Contestant, median, rateOf, takeTurns } from '../../bench/rounds.ts';

describe('takeTurns', () => {
  const contestant = (name: string, log: string[]): Contestant => ({
    name,
    round(seconds) {
      log.push(`${name} ${seconds}`);
      return { images: log.length, seconds };
    },
  });

  it('lets each contestant take one turn a round, begins each round with another, drops the first', async () => {
    const log: string[] = [];
    const contestants = ['a', 'b', 'c'].map((name) => contestant(name, log));
    const { signal } = new AbortController();
    const rounds: number[] = [];
    const turns = await takeTurns(contestants, {
      rounds: 2,
      seconds: 1,
      signal,
      onRound: (round) => rounds.push(round),
    });
    assert.equal(log.join(), 'a 1,b 1,c 1,b 1,c 1,a 1,c 1,a 1,b 1');
    assert.deepEqual(rounds, [0, 1, 2]);
    const images = [...turns].map(([name, done]) => [name, done.map((turn) => turn.images)]);
    assert.deepEqual(images, [
      ['a', [6, 8]],
      ['b', [4, 9]],
      ['c', [5, 7]],
    ]);
  });

  it('goes on without a contestant that fails, and keeps none of its turns', async () => {
    const log: string[] = [];
    let left = 2;
    const failing: Contestant = {
      name: 'b',
      round() {
        log.push('b');
        if (left-- === 0) throw new Error('killed');
        return { images: 1, seconds: 1 };
      },
    };
    const failures: unknown[] = [];
    const { signal } = new AbortController();
    const contestants = [contestant('a', log), failing];
    const turns = await takeTurns(contestants, {
      rounds: 4,
      seconds: 1,
      signal,
      onFailure: (name, error) => failures.push([name, (error as Error).message]),
    });
    assert.deepEqual(failures, [['b', 'killed']]);
    assert.equal(log.filter((name) => name === 'b').length, 3);
    assert.deepEqual([...turns.keys()], ['a']);
    assert.equal(turns.get('a')!.length, 4);
  });

  it('ends with the first failure where nobody asks for failures, or who does throws', async () => {
    const { signal } = new AbortController();
    const failing: Contestant = {
      name: 'b',
      round() {
        throw new Error('killed');
      },
    };
    const options = { rounds: 1, seconds: 1, signal };
    await assert.rejects(takeTurns([failing], options), /killed/);
    const onFailure = () => {
      throw new Error('not this one');
    };
    await assert.rejects(takeTurns([failing], { ...options, onFailure }), /not this one/);
  });

  it('stops between two turns with the reason of the signal', async () => {
    const log: string[] = [];
    const interruption = new AbortController();
    const interrupting: Contestant = {
      name: 'b',
      round() {
        interruption.abort(new Error('interrupted'));
        return { images: 1, seconds: 1 };
      },
    };
    const contestants = [contestant('a', log), interrupting, contestant('c', log)];
    await assert.rejects(
      takeTurns(contestants, { rounds: 2, seconds: 1, signal: interruption.signal }),
      /interrupted/,
    );
    assert.deepEqual(log, ['a 1']);
  });
});

describe('rateOf', () => {
  it('is the median of the rates of the turns, with the slowest and the fastest', () => {
    const turns = [8, 2, 4].map((images) => ({ images, seconds: 2 }));
    assert.deepEqual(rateOf(turns), { median: 2, slowest: 1, fastest: 4 });
  });
});

describe('median', () => {
  it('is the mean of the two in the middle of an even number', () => {
    assert.equal(median([9, 1, 2, 4]), 3);
  });
});
