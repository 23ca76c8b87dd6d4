import assert from 'node:assert/strict';
import { SaidLines } from '../../../workflows/train/said_lines.ts';
import { recordingReporter } from '../../support/recording_reporter.ts';

describe('SaidLines', () => {
  it('lets workers say what was not said yet', () => {
    const reporter = recordingReporter();
    const said = new SaidLines(reporter);
    said.reporter.info('10 images');
    said.reporter.warn('one is broken');
    said.others.info('10 images');
    said.others.warn('worker 1: one is broken');
    said.others.info('Resuming after step 3.');
    said.others.info('Resuming after step 3.');
    assert.deepEqual(reporter.messages, [
      '10 images',
      'one is broken',
      'Resuming after step 3.',
      'Resuming after step 3.',
    ]);
  });
});
