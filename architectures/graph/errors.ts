import { UserError } from '../../foundation/errors.ts';

/** A network that cannot be a float graph: the message says what of it. */
export class GraphError extends UserError {
  override readonly name: string = 'GraphError';
}

/** A layer or node of another program that a graph has nothing for. */
export class UnsupportedLayerError extends GraphError {
  override readonly name = 'UnsupportedLayerError';
  /** E.g. `conv1 (Conv2D)`. */
  readonly layer: string;
  /** What of it there is nothing for; undefined where it is all of it. */
  readonly what: string | undefined;

  constructor({ name, className }: LayerLabel, what?: string) {
    const layer = `${name} (${className})`;
    super(
      `Expected a layer that a float graph can hold but received ${layer}: ${what ?? className}`,
    );
    this.layer = layer;
    this.what = what;
  }
}

interface LayerLabel {
  readonly name: string;
  readonly className: string;
}
