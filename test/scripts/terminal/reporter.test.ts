import assert from 'node:assert/strict';
import {
  describeProgress,
  formatAmount,
  formatRate,
  formatSeconds,
} from '../../../scripts/terminal/amounts.ts';
import { consoleReporter } from '../../../scripts/terminal/reporter.ts';

function recorder() {
  const lines: string[] = [];
  let milliseconds = 0;
  const stream = { write: (text: string) => lines.push(text) };
  const reporter = consoleReporter(stream, () => milliseconds);
  return { lines, reporter, pass: (ms: number) => (milliseconds += ms) };
}

describe('consoleReporter without a terminal', () => {
  it('writes sentences as lines and marks warnings', () => {
    const { lines, reporter } = recorder();
    reporter.info('a');
    reporter.warn('b');
    assert.deepEqual(lines, ['a\n', 'Warning: b\n']);
  });

  it('speaks after five seconds, then ever less often, with rate and remaining time', () => {
    const { lines, reporter, pass } = recorder();
    const progress = reporter.start('Training', 10_000, 'images');
    for (let done = 1; done <= 1200; done++) {
      pass(100);
      progress.update(done, 'loss 0.5');
    }
    assert.deepEqual(lines, [
      'Training: 50 of 10,000 images, 10 images/s, 16:35 left, loss 0.5\n',
      'Training: 150 of 10,000 images, 10 images/s, 16:25 left, loss 0.5\n',
      'Training: 350 of 10,000 images, 10 images/s, 16:05 left, loss 0.5\n',
      'Training: 750 of 10,000 images, 10 images/s, 15:25 left, loss 0.5\n',
    ]);
    progress.end();
    assert.equal(lines.at(-1), 'Training: 1,200 images in 2:00\n');
  });

  it('speaks at least once a minute', () => {
    const { lines, reporter, pass } = recorder();
    const progress = reporter.start('Training', 10_000, 'images');
    for (let second = 1; second <= 600; second++) {
      pass(1000);
      progress.update(second);
    }
    assert.ok(lines.length >= 10, `${lines.length} lines in ten minutes`);
    assert.ok(lines.length <= 15, `${lines.length} lines in ten minutes`);
    progress.end();
  });

  it('says nothing of short work', () => {
    const { lines, reporter, pass } = recorder();
    const progress = reporter.start('a', 10, 'images');
    pass(4000);
    progress.update(10);
    progress.end();
    assert.deepEqual(lines, []);
  });
});

describe('amounts', () => {
  it('shows bytes in kB and MB, everything else with separators', () => {
    assert.equal(formatAmount(1500, 'bytes'), '2 kB');
    assert.equal(formatAmount(207_208_420, 'bytes'), '207.2 MB');
    assert.equal(formatAmount(12_345, 'images'), '12,345');
  });

  it('shows slow rates with a decimal', () => {
    assert.equal(formatRate(0.4, 'steps'), '0.4 steps/s');
    assert.equal(formatRate(215.3, 'images'), '215 images/s');
    assert.equal(formatRate(8.1e6, 'bytes'), '8.1 MB/s');
  });

  it('shows minutes and hours', () => {
    assert.deepEqual([7, 723, 3723].map(formatSeconds), ['0:07', '12:03', '1:02:03']);
  });

  it('leaves out what is unknown', () => {
    assert.equal(describeProgress(5e6, 0, 'bytes', 1), '5.0 MB, 5.0 MB/s');
    assert.equal(describeProgress(0, 10, 'images', 0), '0 of 10 images');
  });
});
