import * as tf from '@tensorflow/tfjs';
import { elements, isSameShape } from '../graph/shape.ts';
import { RearchitectError } from './errors.ts';
import { inputState } from './stretch.ts';

/** Images in the network's input form; a data set's batches fit. */
export interface InputBatch {
  /** [N, H, W, C] float32 */
  readonly images: Float32Array;
  readonly shape: readonly [number, number, number, number];
}

/** What both networks have made of a batch of images so far. */
export interface BatchState {
  /** As `stateOf` names them, [N, …] each. */
  readonly tensors: tf.NamedTensorMap;
  /** Of the images that are held out to measure on. */
  readonly isHeldOut: boolean;
  readonly images: number;
}

/** The images that a network is fitted on, in batches that each pass over them gives again. */
export interface BatchSource {
  /** One pass over the images; each gives the same ones. */
  readonly batches: () => AsyncIterable<InputBatch>;
  /** Images there are at most: those that cannot be read are left out. */
  readonly images: number;
  /** [H, W, C] */
  readonly imageShape: readonly number[];
}

/** Of so many batches one is held out. */
const HELD_OUT_EVERY = 5;

/**
 * Batches whose activations have become small are joined up to so many numbers of each network: the
 * sums of a batch cost the same however few positions it has.
 */
const JOINED_VALUES = 2 ** 21;

/**
 * Passes over images, as far into the network as memory allows: the activations of all images are
 * kept after a layer as soon as they fit into `budgetBytes`, so that later passes start from there
 * instead of from the pixels.
 */
export class ImageStates {
  private readonly source: BatchSource;
  private readonly input: string;
  private readonly budgetBytes: number;
  private kept: { readonly boundary: number; readonly states: BatchState[] } | undefined;

  /** @param input the networks' */
  constructor(source: BatchSource, input: string, budgetBytes: number) {
    this.source = source;
    this.input = input;
    this.budgetBytes = budgetBytes;
  }

  /** The node that the next pass starts with; 0 is the first, which reads pixels. */
  get boundary(): number {
    return this.kept?.boundary ?? 0;
  }

  /** Whether activations of `valuesPerImage` numbers an image fit into the budget. */
  fits(valuesPerImage: number): boolean {
    return this.source.images * valuesPerImage * Float32Array.BYTES_PER_ELEMENT <= this.budgetBytes;
  }

  /**
   * One pass: `advance` gets each batch's state at `boundary` and returns the state at `next`, which is
   * kept in its place for the passes to come; nothing where that is undefined. States are disposed of here.
   * @throws RearchitectError where there is no image
   */
  async pass(
    next: number | undefined,
    advance: (state: BatchState) => tf.NamedTensorMap | undefined,
  ): Promise<void> {
    const previous = this.kept;
    const states: BatchState[] = [];
    let count = 0;
    try {
      for await (const state of previous?.states ?? this.fromPixels()) {
        count++;
        let keepsState = previous !== undefined;
        try {
          const tensors = advance(state);
          if (tensors !== undefined) join(states, { ...state, tensors });
          else if (!keepsState && this.keepsPixels) {
            states.push(state);
            keepsState = true;
          }
        } finally {
          if (!keepsState) tf.dispose(state.tensors);
        }
      }
    } catch (error) {
      for (const { tensors } of states) tf.dispose(tensors);
      throw error;
    }
    if (count === 0) {
      throw new RearchitectError('Expected at least one image to fit on but received none', {
        remedy: 'Fit on one image or more that can be read.',
      });
    }
    if (states.length === 0) return;
    this.dispose();
    this.kept = { boundary: next ?? 0, states };
  }

  /**
   * Shows the states at `boundary` without going on from there, until `see` returns false.
   */
  async visit(see: (state: BatchState) => boolean): Promise<void> {
    for await (const state of this.kept?.states ?? this.fromPixels()) {
      try {
        if (!see(state)) return;
      } finally {
        if (this.kept === undefined) tf.dispose(state.tensors);
      }
    }
  }

  dispose(): void {
    for (const { tensors } of this.kept?.states ?? []) tf.dispose(tensors);
    this.kept = undefined;
  }

  private get keepsPixels(): boolean {
    return this.fits(elements(this.source.imageShape));
  }

  private async *fromPixels(): AsyncGenerator<BatchState> {
    let index = 0;
    for await (const { images, shape } of this.source.batches()) {
      if (!isSameShape(shape.slice(1), this.source.imageShape)) {
        throw new RearchitectError(
          `Expected images of [${this.source.imageShape}] to fit on but received [${shape.slice(1)}]`,
        );
      }
      yield {
        tensors: inputState(this.input, tf.tensor4d(images, [...shape])),
        isHeldOut: index++ % HELD_OUT_EVERY === HELD_OUT_EVERY - 1,
        images: shape[0],
      };
    }
  }
}

/** Adds a state to one of its kind as long as that is small. */
function join(states: BatchState[], state: BatchState): void {
  const place = states.findLastIndex(({ isHeldOut }) => isHeldOut === state.isHeldOut);
  const last = states[place];
  if (last === undefined || valuesOf(last) + valuesOf(state) > JOINED_VALUES) {
    states.push(state);
    return;
  }
  const tensors = Object.fromEntries(
    Object.entries(state.tensors).map(([name, tensor]) => [
      name,
      tf.concat([last.tensors[name], tensor]),
    ]),
  );
  tf.dispose([last.tensors, state.tensors]);
  states[place] = { ...last, tensors, images: last.images + state.images };
}

function valuesOf({ tensors }: BatchState): number {
  return Math.max(...Object.values(tensors).map(({ size }) => size));
}
