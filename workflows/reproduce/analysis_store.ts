import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Context } from '../../foundation/reporting/context.ts';
import { selectKernels } from '../../quantize/kernels/select.ts';
import type { Backend } from '../../training/backend.ts';
import { type AnalyzedNetwork, analyzeNetwork } from '../analyze/analyze_network.ts';
import { ANALYZED_IMAGES } from '../analyze/analyze_options.ts';
import { labelOffsetOn } from '../open/model_facts.ts';
import { openFloatModel } from '../open/open_model.ts';
import { calibrationSource, quantizeModel } from '../quantize/quantize.ts';
import { analysisSchema, recorded } from '../records/analysis_record.ts';
import { samplesSchema } from '../records/samples.ts';
import { type Identity, keyOf, makeStored, readStored } from '../records/stored_result.ts';
import { ANALYSIS_VERSION } from '../records/versions.ts';
import { type Measuring, measurementsDir, measuringIdentity } from './measure_network.ts';
import type { StoredNetwork } from './network_store.ts';

const tableAnalysisSchema = z.strictObject({ analysis: analysisSchema, samples: samplesSchema });

/** Where a network of a table loses its accuracy, and what it takes a few images for. */
export type TableAnalysis = Pick<AnalyzedNetwork, 'analysis' | 'samples'>;

/**
 * Analyses of networks that tables have measured, in `<runsDir>/measurements`: what was analyzed once is
 * not analyzed again.
 */
export class AnalysisStore {
  private readonly dir: string;
  private readonly backend: Backend;
  private readonly context: Context;

  constructor(runsDir: string, backend: Backend, context: Context) {
    this.dir = measurementsDir(runsDir);
    this.backend = backend;
    this.context = context;
  }

  /**
   * The analysis of the TF8 network that `measuring` measures, made where it is not there.
   * @param name what the analysis calls the network
   * @throws the signal's reason when aborted; what conversion and analysis throw
   */
  async analyze(
    network: StoredNetwork,
    measuring: Measuring,
    name: string,
  ): Promise<TableAnalysis> {
    const identity: Identity = {
      ...measuringIdentity(network, measuring, this.backend).tf8,
      analysis: ANALYSIS_VERSION,
      images: ANALYZED_IMAGES,
      name,
    };
    const path = join(this.dir, `analysis-${keyOf(identity)}.json`);
    const { reporter } = this.context;
    const found = await readStored(path, identity, tableAnalysisSchema, reporter);
    if (found !== undefined) return found.result;
    const make = async () => recorded(await this.make(network, measuring, name));
    const { result } = await makeStored(path, identity, make, this.context.signal);
    return tableAnalysisSchema.parse(result);
  }

  private async make(
    network: StoredNetwork,
    { data: { dataset }, seed, testImages = Infinity, calibrationImages, recipe }: Measuring,
    name: string,
  ): Promise<TableAnalysis> {
    const opened = await openFloatModel(network.model, this.context);
    try {
      const limit = Math.min(testImages, dataset.count('test'));
      const source = await calibrationSource(
        { dataset: dataset.name, calibrationImages, seed },
        { dataset, limit },
        this.context,
      );
      const { model: tf8, graph } = await quantizeModel(opened, recipe, source, this.context);
      const { kernels } = selectKernels('auto', { threads: availableParallelism() });
      const { analysis, samples } = await analyzeNetwork(
        {
          opened,
          tf8,
          graph,
          kernels,
          name,
          dataset,
          seed,
          limit: Math.min(ANALYZED_IMAGES, limit),
          labelOffset: labelOffsetOn(opened.facts, dataset),
          patient: { model: 'MODEL', dataset: dataset.name, recipe: recipe.name },
        },
        this.context,
      );
      return { analysis, samples };
    } finally {
      opened.dispose();
    }
  }
}
