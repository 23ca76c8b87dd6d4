import { type Chart, COLOURS, shortLayer } from '../../workflows/charts/chart.ts';
import { percent, tenth } from '../../workflows/charts/format.ts';
import { WIDTH } from '../../workflows/charts/style.ts';
import type { RearchitectRecord } from '../../workflows/records/rearchitect_record.ts';

/** What each pointwise layer cannot tell from a linear depthwise, in the fit on most images. */
export function unexplainedChart({ fits }: RearchitectRecord): Chart {
  const { layers, images } = fits.at(-1)!;
  const worst = mostUnexplained(layers);
  return {
    name: 'unexplained',
    title: `Unexplained variance of the reconstructed layers, ${images} images (%)`,
    description: `Bars by layer. The most is left at ${worst.layer}: ${percent(worst.share)} %.`,
    spec: {
      width: WIDTH,
      height: 180,
      data: {
        values: layers.map(({ layer, unexplainedVariance }) => ({
          layer: shortLayer(layer),
          percent: unexplainedVariance === null ? null : 100 * unexplainedVariance,
        })),
      },
      mark: { type: 'bar', color: COLOURS.good },
      encoding: {
        x: { field: 'layer', type: 'nominal', sort: null, axis: { title: null, labelAngle: -60 } },
        y: { field: 'percent', type: 'quantitative', title: 'unexplained (%)' },
      },
    },
  };
}

/** How accuracy depends on the number of images. */
export function imagesChart({ fits, originalTop1Percent }: RearchitectRecord): Chart {
  const [fewest, most] = [fits[0], fits.at(-1)!];
  return {
    name: 'images',
    title: 'Top-1 after reconstruction, before any training step (%)',
    description: `Lines over the number of images that were fitted. In float ${tenth(fewest.floatTop1Percent)} % with ${fewest.images} images and ${tenth(most.floatTop1Percent)} % with ${most.images}; in TF8 ${tenth(fewest.tf8Top1Percent)} % and ${tenth(most.tf8Top1Percent)} %. The original network has ${tenth(originalTop1Percent)} % in float.`,
    spec: {
      width: WIDTH,
      height: 180,
      data: {
        values: fits.flatMap(({ images, floatTop1Percent, tf8Top1Percent }) => [
          { images, precision: 'float', top1: floatTop1Percent },
          { images, precision: 'TF8', top1: tf8Top1Percent },
        ]),
      },
      mark: { type: 'line', strokeWidth: 2, point: { size: 40 } },
      encoding: {
        x: {
          field: 'images',
          type: 'quantitative',
          title: 'images',
          axis: { values: fits.map(({ images }) => images) },
        },
        y: { field: 'top1', type: 'quantitative', title: 'top-1 (%)', scale: { zero: true } },
        color: {
          field: 'precision',
          type: 'nominal',
          scale: { domain: ['float', 'TF8'], range: [COLOURS.good, COLOURS.bad] },
        },
      },
    },
  };
}

/** The layer of which most is left, and which share that is. */
export function mostUnexplained(layers: RearchitectRecord['fits'][number]['layers']): {
  readonly layer: string;
  readonly share: number;
} {
  return layers
    .map(({ layer, unexplainedVariance }) => ({ layer, share: unexplainedVariance ?? 0 }))
    .reduce((a, b) => (b.share > a.share ? b : a));
}
