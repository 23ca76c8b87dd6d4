import assert from 'node:assert/strict';
import {
  amountDone,
  formatAmount,
  formatRate,
  formatSeconds,
  type ProgressAmount,
} from '../../../foundation/reporting/amounts.ts';
import { progressLine } from '../../../foundation/reporting/progress_line.ts';
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
      'Training: loss 0.5, 50 of 10,000 images, 10 images/s, 16:35 left\n',
      'Training: loss 0.5, 150 of 10,000 images, 10 images/s, 16:25 left\n',
      'Training: loss 0.5, 350 of 10,000 images, 10 images/s, 16:05 left\n',
      'Training: loss 0.5, 750 of 10,000 images, 10 images/s, 15:25 left\n',
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

/** A terminal of so many columns, what was written to it, and its clock. */
function terminal(columns: number) {
  const written: string[] = [];
  let milliseconds = 0;
  const stream = { isTTY: true, columns, write: (text: string) => written.push(text) };
  const reporter = terminalReporter(stream, () => milliseconds);
  return { written, reporter, pass: (ms: number) => (milliseconds += ms) };
}

const CLEAR = '\r\x1b[K';

describe('terminalReporter on a terminal', () => {
  const draw = (columns: number) => {
    const { written, reporter } = terminal(columns);
    reporter.start('Training', 100, 'images', 50).end();
    return written[0];
  };

  it('draws how far the work is, with what an earlier run did', () => {
    assert.equal(draw(80), `${CLEAR}Training ${'█'.repeat(10)}${'░'.repeat(10)} 50 of 100 images`);
  });

  it('shortens the bar before the text', () => {
    assert.equal(draw(37), `${CLEAR}Training ████░░░░ 50 of 100 images`);
    assert.equal(draw(30), `${CLEAR}Training: 50 of 100 images`);
  });

  it('draws anew five times a second at most', () => {
    const { written, reporter, pass } = terminal(80);
    const progress = reporter.start('Training', 1000, 'images');
    for (let done = 1; done <= 1000; done++) {
      pass(1);
      progress.update(done);
    }
    assert.equal(written.length, 1 + 5);
  });

  it('writes sentences above the bar, which stays, and leaves nothing of it at the end', () => {
    const { written, reporter } = terminal(80);
    const progress = reporter.start('Training', 100, 'images');
    const [bar] = written;
    reporter.warn('a checkpoint is damaged');
    progress.end();
    assert.deepEqual(written.slice(1), [`${CLEAR}Warning: a checkpoint is damaged\n`, bar, CLEAR]);
  });

  it('breaks sentences between words', () => {
    const { written, reporter } = terminal(20);
    reporter.info('one two three four five');
    assert.deepEqual(written, ['one two three four\nfive\n']);
  });
});

describe('the line of a training', () => {
  const DETAIL = 'loss 0.512, accuracy 83.1 %, epoch 1/2, learning rate 0.0096';

  function lineOf(columns: number, label: string): string {
    const { written, reporter, pass } = terminal(columns);
    const progress = reporter.start(label, 10_000, 'images');
    pass(12_000);
    progress.update(1200, DETAIL);
    return written
      .at(-1)!
      .slice(CLEAR.length)
      .replace(/ [█░]{4,8} /, ': ');
  }

  it('has the loss before the counters', () => {
    const counters = '1,200 of 10,000 images, 100 images/s, 1:28 left';
    assert.equal(
      lineOf(150, 'training'),
      `training ${'█'.repeat(2)}${'░'.repeat(18)} ${DETAIL}, ${counters}`,
    );
  });

  it('keeps loss and remaining time in 80 columns, with room for ^C', () => {
    const line = lineOf(80, 'training standard, seed 0');
    assert.equal(
      line,
      'training standard, seed 0: loss 0.512, accuracy 83.1 %, epoch 1/2, 1:28 left',
    );
    assert.ok(line.length <= 77, `${line.length} characters`);
    assert.equal(
      lineOf(80, 'training friendly-rearchitected, seed 0'),
      'training friendly-rearchitected, seed 0: loss 0.512, epoch 1/2, 1:28 left',
    );
    assert.equal(
      lineOf(64, 'calibrating runs/networks/standard-213722fcc4c6'),
      'calibrating …/standard-213722fcc4c6: loss 0.512, 1:28 left',
    );
    assert.equal(lineOf(40, 'training standard'), 'training standard: loss 0.512');
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
  const line = (progress: ProgressAmount) => progressLine(progress, undefined, Infinity);

  it('shows bytes in kB and MB, everything else with separators', () => {
    assert.equal(formatAmount(1500, 'bytes'), '2 kB');
    assert.equal(formatAmount(207_208_420, 'bytes'), '207.2 MB');
    assert.equal(formatAmount(12_345, 'images'), '12,345');
  });

  it('shows slow rates with a decimal', () => {
    assert.equal(formatRate(0.4, 'steps'), '0.4 steps/s');
    assert.equal(formatRate(0.02, 'rows'), '1.2 rows/min');
    assert.equal(formatRate(9.97, 'steps'), '10 steps/s');
    assert.equal(formatRate(215.3, 'images'), '215 images/s');
    assert.equal(formatRate(8.1e6, 'bytes'), '8.1 MB/s');
  });

  it('shows minutes and hours', () => {
    assert.deepEqual([7, 723, 3723].map(formatSeconds), ['0:07', '12:03', '1:02:03']);
  });

  it('makes the remaining time of the mean rate', () => {
    assert.equal(
      line({ done: 50, total: 100, unit: 'images', recentRate: 20, meanRate: 10 }),
      '50 of 100 images, 20 images/s, 0:05 left',
    );
  });

  it('leaves out what is unknown', () => {
    const bytes = { done: 5e6, total: 0, unit: 'bytes', recentRate: 5e6, meanRate: 5e6 };
    assert.equal(line(bytes), '5.0 MB, 5.0 MB/s');
    assert.equal(amountDone(5e6, 8e6, 'bytes'), '5.0 MB of 8.0 MB');
    const begun = { done: 0, total: 10, unit: 'images', recentRate: 0, meanRate: 0 };
    assert.equal(line(begun), '0 of 10 images');
  });
});
