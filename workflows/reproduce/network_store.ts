import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { FRIENDLY } from '../../architectures/variants.ts';
import { PUBLIC_CHECKPOINTS } from '../../checkpoints/public/public_checkpoints.ts';
import type { ModelCard } from '../../checkpoints/store/model_card.ts';
import { verifyModelFolder } from '../../checkpoints/store/model_store.ts';
import { sha256OfTensors } from '../../checkpoints/weight_tensor.ts';
import { UserError } from '../../foundation/errors.ts';
import { FolderLock } from '../../foundation/files/folder_lock.ts';
import { makeWritableFolder } from '../../foundation/files/writable_folder.ts';
import { sha256OfFile } from '../../foundation/hashes/sha256.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { SILENT_REPORTER } from '../../foundation/reporting/reporter.ts';
import type { Backend } from '../../training/backend.ts';
import { pullImageNet } from '../open/open_float.ts';
import { openFloatModel } from '../open/open_model.ts';
import { TRAINED_TF8 } from '../outputs/training_files.ts';
import { environment, environmentSchema } from '../records/environment.ts';
import { type Identity, keyOf, readStored, writeStored } from '../records/stored_result.ts';
import {
  QUANTIZATION_AWARE_VERSION,
  REARCHITECTURE_VERSION,
  TRAINING_VERSION,
} from '../records/versions.ts';
import { checkpointsOf, makeNetwork, type NetworkToMake } from './make_network.ts';
import type { NetworkPlan } from './network_plan.ts';
import type { TableData } from './table_data.ts';

/** What identifies a network. */
type NetworkCard = Pick<ModelCard, 'weightsSha256'> & Partial<Pick<ModelCard, 'architecture'>>;

/** A network that is there. */
export interface StoredNetwork {
  /** What commands call MODEL; of a quantization-aware network the float network that taught it. */
  readonly model: string;
  /** Of that MODEL; of another program's file without what it is. */
  readonly card: NetworkCard;
  /** Of a quantization-aware network. */
  readonly tf8?: { readonly path: string; readonly sha256: string };
  /** Its folder in that of the runs, or a public checkpoint's name. */
  readonly record: string;
  /** How it came to its weights, where it was made here. */
  readonly made?: MadeNetwork;
}

const madeNetworkSchema = z.strictObject({
  weightsSha256: z.string(),
  environment: environmentSchema,
  /** What the training or the re-architecture says of itself, without times. */
  summary: z.json(),
});

/** How a network was made, and how long that took. */
export type MadeNetwork = Readonly<z.infer<typeof madeNetworkSchema>> & {
  /** Over all attempts that ended by themselves or by Ctrl-C. */
  readonly seconds: number;
};

type MadePlan = Exclude<NetworkPlan, { kind: 'published' }>;

interface Entry {
  readonly network: NetworkToMake;
  readonly name: string;
  readonly dir: string;
  readonly identity: Identity;
  /** What it starts from, where that is made too. */
  readonly original?: StoredNetwork;
}

/** The name of a folder of networks in that of the runs. */
const FOLDER = 'networks';

/** Written when a network is finished. */
const RESULT = 'network.json';
/** What earlier attempts took. */
const ATTEMPTS = 'attempts.json';

const NOTHING = z.null();

/**
 * The networks that tables have trained, `<runsDir>/networks/<name>-<key>`. The key is a hash of all
 * that decides the weights, so whoever asks for the same network again finds it; one that was not
 * finished goes on from its checkpoints.
 */
export class NetworkStore {
  private readonly runsDir: string;
  private readonly data: TableData;
  private readonly backend: Backend;
  private readonly context: Context;
  /** By what stands for a published network, once it was opened. */
  private readonly others = new Map<string, StoredNetwork>();

  /** @param data what networks are trained on */
  constructor(runsDir: string, data: TableData, backend: Backend, context: Context) {
    this.runsDir = runsDir;
    this.data = data;
    this.backend = backend;
    this.context = context;
  }

  /** A network that is finished; nothing is trained. */
  async find(plan: NetworkPlan): Promise<StoredNetwork | undefined> {
    if (plan.kind === 'published') return this.published(plan.model);
    const entry = await this.entryOf(plan, (original) => this.find(original));
    return entry && this.finished(entry);
  }

  /**
   * A network, made where it is not there.
   * @throws the signal's reason when aborted: what is done by then is kept; UserError where another
   *   process makes it; what `makeNetwork` throws
   */
  async provide(plan: NetworkPlan): Promise<StoredNetwork> {
    if (plan.kind === 'published') return this.published(plan.model);
    const entry = await this.entryOf(plan, (original) => this.provide(original));
    return (await this.finished(entry!)) ?? this.make(entry!);
  }

  private async published(model: string): Promise<StoredNetwork> {
    if (PUBLIC_CHECKPOINTS.some(({ name }) => name === model)) {
      const { card } = await pullImageNet(model, this.context);
      return { model, card, record: model };
    }
    const known = this.others.get(model);
    if (known !== undefined) return known;
    const card = await this.cardOf(model);
    const other = { model, card, record: `model ${card.weightsSha256.slice(0, 12)}` };
    this.others.set(model, other);
    return other;
  }

  /** @throws UserError where it is no float model, or damaged */
  private async cardOf(model: string): Promise<NetworkCard> {
    const opened = await openFloatModel(model, this.context);
    try {
      const isOurs = opened.facts.format === 'tfjs LayersModel';
      const card = isOurs ? await verifyModelFolder(model) : undefined;
      return card ?? { weightsSha256: sha256OfTensors(opened.network.weights()) };
    } finally {
      opened.dispose();
    }
  }

  /** @returns undefined where `origin` does not give what it starts from */
  private async entryOf(
    plan: MadePlan,
    origin: (original: NetworkPlan) => Promise<StoredNetwork | undefined>,
  ): Promise<Entry | undefined> {
    if (plan.kind === 'trained') return this.entry(plan, await this.trainedIdentity(plan));
    const original = await origin(plan.original);
    if (original === undefined) return undefined;
    const identity =
      plan.kind === 'rearchitected'
        ? this.rearchitectedIdentity(plan, original.card)
        : this.quantizationAwareIdentity(plan, original.card);
    return { ...this.entry({ ...plan, model: original.model }, identity), original };
  }

  private entry(network: NetworkToMake, identity: Identity): Entry {
    const name = `${network.name}-${keyOf(identity)}`;
    return { network, name, dir: join(this.runsDir, FOLDER, name), identity };
  }

  private async trainedIdentity(plan: Extract<MadePlan, { kind: 'trained' }>): Promise<Identity> {
    const { network, recipe, imagesPerEpoch, from, seed } = plan;
    const start = from === undefined ? undefined : await this.published(from);
    return jsonOf({
      version: TRAINING_VERSION,
      backend: this.backendName,
      network,
      recipe,
      imagesPerEpoch,
      data: this.data.identity,
      start: start?.card.weightsSha256,
      seed,
    });
  }

  private rearchitectedIdentity(
    plan: Extract<MadePlan, { kind: 'rearchitected' }>,
    original: NetworkCard,
  ): Identity {
    const { variant, images, retrain, seed } = plan;
    const { architecture, weightsSha256 } = original;
    return jsonOf({
      version: REARCHITECTURE_VERSION,
      trainingVersion: TRAINING_VERSION,
      backend: this.backendName,
      original: { architecture, weightsSha256 },
      // At first there was no other one.
      variant: variant.name === FRIENDLY.name ? undefined : variant.name,
      images,
      retrain,
      data: this.data.identity,
      seed,
    });
  }

  private quantizationAwareIdentity(
    plan: Extract<MadePlan, { kind: 'quantization-aware' }>,
    { architecture, weightsSha256 }: NetworkCard,
  ): Identity {
    const { recipe, imagesPerEpoch, calibrationImages, seed } = plan;
    return jsonOf({
      version: QUANTIZATION_AWARE_VERSION,
      trainingVersion: TRAINING_VERSION,
      backend: this.backendName,
      original: { architecture, weightsSha256 },
      recipe,
      imagesPerEpoch,
      calibrationImages,
      data: this.data.identity,
      seed,
    });
  }

  private get backendName(): string {
    return `${this.backend.name} ${this.backend.version}`;
  }

  private async finished(
    entry: Entry,
    reporter = this.context.reporter,
  ): Promise<StoredNetwork | undefined> {
    const { name, dir, identity } = entry;
    const found = await readStored(join(dir, RESULT), identity, madeNetworkSchema, reporter);
    if (found === undefined) return undefined;
    const { result, seconds } = found;
    try {
      const network = await networkIn(entry, result.weightsSha256);
      return { ...network, record: `${FOLDER}/${name}`, made: { ...result, seconds } };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      reporter.warn(`The network in ${dir} is damaged and made again: ${error.message}`);
      await rm(dir, { recursive: true, force: true });
      return undefined;
    }
  }

  private async make(entry: Entry): Promise<StoredNetwork> {
    await makeWritableFolder(entry.dir);
    const lock = await FolderLock.acquire(join(entry.dir, 'lock'));
    try {
      // Another process may have finished it before it released the folder; damage was reported above.
      return (await this.finished(entry, SILENT_REPORTER)) ?? (await this.makeAlone(entry));
    } finally {
      await lock.release();
    }
  }

  /** For the process that has locked the folder: what is in it is one network at any time. */
  private async makeAlone(entry: Entry): Promise<StoredNetwork> {
    const { network, dir, identity } = entry;
    const { dataset } = this.data;
    const begun = performance.now();
    const earlier = await this.earlierSeconds(entry);
    const elapsed = () => earlier + (performance.now() - begun) / 1000;
    try {
      const making = { dataset, out: dir };
      const { weightsSha256, summary } = await makeNetwork(network, making, this.context);
      this.context.signal.throwIfAborted();
      const made = jsonOf({
        weightsSha256,
        environment: await environment(this.backend),
        summary,
      });
      await writeStored(join(dir, RESULT), identity, { result: made, seconds: elapsed() });
    } catch (error) {
      // Where that fails too, on a full disk, what failed first says why.
      await writeStored(join(dir, ATTEMPTS), identity, { result: null, seconds: elapsed() }).catch(
        () => undefined,
      );
      throw error;
    }
    // A finished network is not gone on with; its checkpoints are several times its size.
    await rm(checkpointsOf(dir), { recursive: true, force: true });
    const stored = await this.finished(entry);
    if (stored !== undefined) return stored;
    throw new UserError(`Expected the network that was just stored in ${dir} but it is damaged`, {
      remedy: 'Check the disk, then give the same command again.',
    });
  }

  private async earlierSeconds({ dir, identity }: Entry): Promise<number> {
    const path = join(dir, ATTEMPTS);
    return (await readStored(path, identity, NOTHING, this.context.reporter))?.seconds ?? 0;
  }
}

/**
 * The network that lies in an entry's folder.
 * @throws UserError where it is not the one of these weights
 */
async function networkIn(
  { dir, network, original }: Entry,
  weightsSha256: string,
): Promise<Pick<StoredNetwork, 'model' | 'card' | 'tf8'>> {
  if (network.kind === 'quantization-aware') {
    const path = join(dir, TRAINED_TF8);
    const sha256 = await sha256OfFile(path).catch(() => undefined);
    if (sha256 !== weightsSha256) throw new UserError(`${path} is not the file that was stored`);
    const { model, card } = original!;
    return { model, card, tf8: { path, sha256 } };
  }
  const card = await verifyModelFolder(dir);
  if (card?.weightsSha256 !== weightsSha256) throw new UserError('other weights lie there');
  return { model: dir, card };
}

/** Without what JSON leaves out, so that it equals what is read back. */
function jsonOf<Value extends object>(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value;
}
