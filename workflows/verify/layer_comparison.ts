/** How the bytes of one layer compare, over all images. */
export interface LayerComparison {
  readonly name: string;
  /** Bytes compared. */
  readonly elements: number;
  readonly differing: number;
  /** The largest |ours − theirs|. */
  readonly maxDifference: number;
}

/** The first byte that differs: of the first image, of the first layer of it. */
export interface FirstDifference {
  readonly image: string;
  readonly layer: string;
  /** [y, x, channel] */
  readonly coordinate: readonly [number, number, number];
  readonly ours: number;
  readonly theirs: number;
}

interface Layer {
  readonly name: string;
  /** [H, W, C] */
  readonly shape: readonly [number, number, number];
}

/** Compares the layers of a network, image by image. */
export class LayerComparisons {
  private readonly layers: readonly (Layer & {
    elements: number;
    differing: number;
    maxDifference: number;
  })[];
  /** Undefined while nothing differs. */
  first: FirstDifference | undefined;

  /** @param layers in the order in which they are computed */
  constructor(layers: readonly Layer[]) {
    this.layers = layers.map((layer) => ({
      ...layer,
      elements: 0,
      differing: 0,
      maxDifference: 0,
    }));
  }

  /** @param image its name; both maps hold every layer's bytes, [H, W, C] */
  add(
    image: string,
    ours: ReadonlyMap<string, Uint8Array>,
    theirs: ReadonlyMap<string, Uint8Array>,
  ): void {
    for (const layer of this.layers) {
      const [a, b] = [ours.get(layer.name)!, theirs.get(layer.name)!];
      layer.elements += a.length;
      if (Buffer.compare(a, b) === 0) continue;
      for (let index = 0; index < a.length; index++) {
        const difference = Math.abs(a[index] - b[index]);
        if (difference === 0) continue;
        layer.differing++;
        layer.maxDifference = Math.max(layer.maxDifference, difference);
        this.first ??= {
          image,
          layer: layer.name,
          coordinate: coordinate(index, layer.shape),
          ours: a[index],
          theirs: b[index],
        };
      }
    }
  }

  result(): LayerComparison[] {
    return this.layers.map(({ shape: _, ...comparison }) => ({ ...comparison }));
  }
}

function coordinate(
  index: number,
  [, width, channels]: readonly [number, number, number],
): [number, number, number] {
  const position = Math.floor(index / channels);
  return [Math.floor(position / width), position % width, index % channels];
}
