import assert from 'node:assert/strict';
import {
  describeProgress,
  formatAmount,
  formatRate,
  formatSeconds,
} from '../../../foundation/reporting/amounts.ts';
import { RateMeter } from '../../../foundation/reporting/rate_meter.ts';
import { terminalReporter } from '../../../foundation/reporting/terminal_reporter.ts';

function recorder() {
  const lines: string[] = [];
  let milliseconds = 0;
  const stream = { write: (text: string) => lines.push(text) };
  const reporter = terminalReporter(stream, () => milliseconds);
  return { lines, reporter, pass: (ms: number) => (milliseconds += ms) };
}

describe('terminalReporter without a terminal', () => {
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

  it('counts what an earlier run did as done, not towards rate and remaining time', () => {
    const { lines, reporter, pass } = recorder();
    const progress = reporter.start('Training', 10_000, 'images', 9000);
    pass(10_000);
    progress.update(9100);
    progress.end();
    assert.deepEqual(lines, [
      'Training: 9,100 of 10,000 images, 10 images/s, 1:30 left\n',
      'Training: 100 images in 0:10\n',
    ]);
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

describe('terminalReporter on a terminal', () => {
  const draw = (columns: number) => {
    let written = '';
    const stream = { isTTY: true, columns, write: (text: string) => (written += text) };
    const progress = terminalReporter(stream, () => 0).start('Training', 100, 'images', 50);
    progress.end();
    return written;
  };

  it('draws how far the work is, with what an earlier run did', () => {
    assert.match(draw(80), /Training █{10}░{10} 50 of 100 images/);
  });

  it('shortens the bar before the text', () => {
    assert.match(draw(34), /Training █{4}░{4} 50 of 100 images/);
    assert.match(draw(26), /Training 50 of 100 images/);
  });
});

describe('terminalReporter on a terminal of 80 columns', () => {
  it('has the loss before the counters, in one line', () => {
    let written = '';
    const stream = { isTTY: true, columns: 80, write: (text: string) => (written += text) };
    const progress = terminalReporter(stream, () => 0).start('Training standard', 10_000, 'images');
    const detail = 'epoch 1/2, loss 0.512, accuracy 83.1 %, learning rate 0.0096';
    progress.update(1200, detail);
    progress.end();
    const line = written.slice(
      written.indexOf('Training standard epoch'),
      written.indexOf('…') + 1,
    );
    assert.equal(line, `Training standard ${detail},…`);
    assert.equal(line.length, 80);
  });
});

describe('RateMeter', () => {
  it('takes the rate of late, and the mean with all pauses', () => {
    const meter = new RateMeter(0, 0);
    for (let second = 1; second <= 100; second++) meter.update(1000 * second, 10 * second);
    assert.ok(Math.abs(meter.recentRate - 10) < 1e-9, `${meter.recentRate}`);
    meter.update(200_000, 1000); // nothing done for as long again
    assert.equal(meter.meanRate, 5);
    for (let second = 1; second <= 100; second++)
      meter.update(200_000 + 1000 * second, 1000 + second);
    assert.ok(Math.abs(meter.recentRate - 1) < 0.05, `${meter.recentRate}`);
  });

  it('counts updates within one millisecond with the next', () => {
    const meter = new RateMeter(0, 0);
    meter.update(0, 5);
    assert.equal(meter.recentRate, 0);
    assert.equal(meter.meanRate, 0);
    meter.update(1000, 10);
    assert.equal(meter.recentRate, 10);
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
    assert.equal(formatRate(9.97, 'steps'), '10 steps/s');
    assert.equal(formatRate(215.3, 'images'), '215 images/s');
    assert.equal(formatRate(8.1e6, 'bytes'), '8.1 MB/s');
  });

  it('shows minutes and hours', () => {
    assert.deepEqual([7, 723, 3723].map(formatSeconds), ['0:07', '12:03', '1:02:03']);
  });

  it('makes the remaining time of the mean rate', () => {
    assert.equal(
      describeProgress({ done: 50, total: 100, unit: 'images', recentRate: 20, meanRate: 10 }),
      '50 of 100 images, 20 images/s, 0:05 left',
    );
  });

  it('leaves out what is unknown', () => {
    const bytes = { done: 5e6, total: 0, unit: 'bytes', recentRate: 5e6, meanRate: 5e6 };
    assert.equal(describeProgress(bytes), '5.0 MB, 5.0 MB/s');
    const begun = { done: 0, total: 10, unit: 'images', recentRate: 0, meanRate: 0 };
    assert.equal(describeProgress(begun), '0 of 10 images');
  });
});
