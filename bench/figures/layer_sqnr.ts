import type { Analysis } from '../../quantize/analyze/analysis.ts';
import type { PaperFiguresRecord } from '../../workflows/records/paper_figures_record.ts';
import { figure } from '../explain/figure.ts';

type Layer = NonNullable<PaperFiguresRecord['activations']>['relu']['layers'][number];

/** What the page shows of an analysis: the layers that have weights. */
export function layerSqnr({ layers }: Pick<Analysis, 'layers'>): Layer[] {
  return layers
    .filter(({ weights }) => weights !== undefined)
    .map(({ name, cumulativeSqnrDb, cumulative, causes, relu6 }) => ({
      layer: name,
      cumulativeDb: figure(cumulativeSqnrDb),
      standardDeviationDb: figure(cumulative.standardDeviationDb),
      weightsDb: figure(causes.weightQuantization),
      outputDb: orNull(causes.activationRequantization),
      ...(relu6 && {
        clipped: { share: figure(relu6.clippedShare), db: orNull(causes.relu6Clipping) },
      }),
    }));
}

/** Null where nothing is lost. */
function orNull(db: number): number | null {
  return db === Infinity ? null : figure(db);
}
