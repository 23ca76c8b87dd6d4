import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { messageOf } from '../../foundation/errors.ts';
import type { Reporter } from '../../foundation/reporting/reporter.ts';
import { type EventWriter, eventWriter } from '../backend.ts';
import type { TrainingObserver } from './observer.ts';
import { StepWindow, type WindowMeans } from './step_window.ts';

export interface TensorBoardOptions {
  /** Steps that one point is the mean of (`stepsPerWindow`). */
  readonly every: number;
  /** Step of the checkpoint that the run goes on from; 0 for a new run. */
  readonly resumedFrom?: number | undefined;
  readonly reporter: Reporter;
  /** Opens the event file of a folder. */
  readonly open?: typeof eventWriter;
}

/**
 * Writes event files for TensorBoard into `folder`: `train/loss`, `train/accuracy`, `learning_rate`,
 * `images_per_second` and `input_wait_share` over the steps, `epoch/…` and `validation/…` at the end
 * of epochs; accuracies in percent. A resumed run writes a file of its own, and TensorBoard drops the
 * points of earlier files that come after its first step. Without libtensorflow there are no events,
 * and where events can't be written training goes on without them, with a warning.
 */
export async function openTensorBoard(
  folder: string,
  { every, resumedFrom = 0, reporter, open = eventWriter }: TensorBoardOptions,
): Promise<TrainingObserver> {
  let writer: EventWriter | undefined;
  const write = (work: (to: EventWriter) => void) => {
    try {
      if (writer !== undefined) work(writer);
    } catch (error) {
      writer = undefined;
      reporter.warn(`No more TensorBoard events are written: ${messageOf(error)}`);
    }
  };
  try {
    writer = await open(folder);
    if (writer === undefined) reporter.info('No TensorBoard events: they need tfjs-node.');
  } catch (error) {
    reporter.warn(`No TensorBoard events are written: ${messageOf(error)}`);
  }
  write((to) => {
    to.importEvent(startOfSession(resumedFrom + 1, Date.now() / 1000));
    to.flush();
  });
  const window = new StepWindow(every);
  const writeSteps = ({ step, loss, accuracy, learningRate, time }: WindowMeans) =>
    write((to) => {
      to.scalar('train/loss', loss, step);
      to.scalar('train/accuracy', accuracy, step);
      to.scalar('learning_rate', learningRate, step);
      to.scalar('images_per_second', time.imagesPerSecond, step);
      to.scalar('input_wait_share', time.waitShare, step);
    });
  return {
    step(report) {
      const means = window.add(report);
      if (means !== undefined) writeSteps(means);
    },
    epoch({ step, loss, accuracy, validation }) {
      write((to) => {
        to.scalar('epoch/loss', loss, step);
        to.scalar('epoch/accuracy', accuracy, step);
        if (validation === undefined) return;
        to.scalar('validation/loss', validation.loss, step);
        to.scalar('validation/top1', validation.top1, step);
        to.scalar('validation/top5', validation.top5, step);
      });
    },
    checkpoint: () => write((to) => to.flush()),
    async end() {
      const means = window.close();
      if (means !== undefined) writeSteps(means);
      write((to) => to.flush());
    },
  };
}

/**
 * The `tensorflow.Event` that a session starts with. From its second one on, TensorBoard's
 * `event_accumulator` forgets the points at `step` and after it, which a crash has orphaned.
 * Field numbers: tensorflow/core/util/event.proto.
 */
export function startOfSession(step: number, wallTimeSeconds: number): Uint8Array<ArrayBuffer> {
  const START = 1;
  return new BinaryWriter()
    .tag(1, WireType.Bit64) // wall_time
    .double(wallTimeSeconds)
    .tag(2, WireType.Varint) // step
    .int64(step)
    .tag(7, WireType.LengthDelimited) // session_log
    .fork()
    .tag(1, WireType.Varint) // status
    .int32(START)
    .join()
    .finish();
}
