/** A Keras model whose inner models are put in the place of their calls. */
import type { UserError } from '../../foundation/errors.ts';
import {
  isTensors,
  type KerasLayer,
  type KerasModel,
  type LayerCall,
  type TensorRef,
} from './keras_topology.ts';
import { damagedModel } from './weights_manifest.ts';

/** A layer, its name once in the whole network. */
export interface FlatLayer extends KerasLayer {
  /** As its model calls it. */
  readonly ownName: string;
  /** Names of the models that it is in, the outermost first. */
  readonly models: readonly string[];
}

/** Layers in an order in which they can be called. */
export interface FlatNetwork {
  readonly name: string;
  readonly layers: readonly FlatLayer[];
  readonly inputs: readonly TensorRef[];
  readonly outputs: readonly TensorRef[];
}

/** Above any network's; a model in a model that is called twice in each doubles them. */
const MAX_CALLS = 5000;

interface DraftLayer extends FlatLayer {
  readonly calls: LayerCall[];
}

/** A model with what became of its layers. */
interface Instance {
  readonly model: KerasModel;
  readonly layers: ReadonlyMap<string, DraftLayer>;
  readonly models: ReadonlyMap<string, Instance>;
}

/** @throws UserError for layers that cannot be called in any order, or more calls than any network has */
export function flattenModel(model: KerasModel, path: string): FlatNetwork {
  return new Flattening(path).run(model);
}

class Flattening {
  private readonly path: string;
  private readonly layers: DraftLayer[] = [];
  private readonly names = new Set<string>();
  private calls = 0;

  constructor(path: string) {
    this.path = path;
  }

  run(model: KerasModel): FlatNetwork {
    const instance = this.instance(model, [], true);
    const outputs = this.call(instance, undefined);
    const layers = this.layers.filter(({ className, calls }) =>
      className === 'InputLayer' ? true : calls.length > 0,
    );
    return { name: model.name, layers, inputs: model.inputs.map((ref) => this.top(ref)), outputs };
  }

  private instance(model: KerasModel, models: readonly string[], isOutermost: boolean): Instance {
    const layers = new Map<string, DraftLayer>();
    const inner = new Map<string, Instance>();
    for (const layer of model.layers) {
      if (layer.model !== undefined) {
        inner.set(layer.name, this.instance(layer.model, [...models, layer.name], false));
      } else if (layer.className !== 'InputLayer' || isOutermost) {
        const name = this.uniqueName(layer.name, models);
        const draft = { ...layer, name, ownName: layer.name, models, calls: [] };
        layers.set(layer.name, draft);
        this.layers.push(draft);
      }
    }
    return { model, layers, models: inner };
  }

  private uniqueName(name: string, models: readonly string[]): string {
    let unique = name;
    for (let depth = 1; this.names.has(unique) && depth <= models.length; depth++) {
      unique = [...models.slice(-depth), name].join('_');
    }
    while (this.names.has(unique)) unique += '_';
    this.names.add(unique);
    return unique;
  }

  private top({ layer, call, output }: TensorRef): TensorRef {
    const found = this.layers.find(
      ({ className, ownName, models }) =>
        className === 'InputLayer' && models.length === 0 && ownName === layer,
    );
    if (found === undefined) {
      throw damagedModel(`Expected an InputLayer "${layer}" in ${this.path} but there is none`);
    }
    return { layer: found.name, call, output };
  }

  /**
   * Calls every layer of a model.
   * @param given what its input layers stand for; undefined of the outermost model
   */
  private call(
    { model, layers, models }: Instance,
    given: readonly TensorRef[] | undefined,
  ): TensorRef[] {
    const made = new Map<string, readonly TensorRef[]>();
    const keyOf = ({ layer, call }: TensorRef) => JSON.stringify([layer, call]);
    for (const layer of model.layers) {
      if (layer.className !== 'InputLayer' || layer.model !== undefined) continue;
      const position = model.inputs.findIndex((ref) => ref.layer === layer.name);
      const own = layers.get(layer.name);
      const tensor =
        given === undefined ? own && { layer: own.name, call: 0, output: 0 } : given[position];
      if (tensor !== undefined) made.set(JSON.stringify([layer.name, 0]), [tensor]);
    }
    const find = (ref: TensorRef) => made.get(keyOf(ref))?.[ref.output];
    const resolve = (refs: readonly TensorRef[]) => refs.map((ref) => find(ref)!);
    let left = model.layers.flatMap((layer) =>
      layer.className === 'InputLayer' && layer.model === undefined
        ? []
        : layer.calls.map((call, position) => ({ layer, call, position })),
    );
    for (let before = Infinity; left.length > 0 && left.length < before; ) {
      before = left.length;
      left = left.filter(({ layer, call, position }) => {
        if (!tensorsOf(call).every((ref) => find(ref) !== undefined)) return true;
        const inner = models.get(layer.name);
        const outputs =
          inner === undefined
            ? [this.use(layers.get(layer.name)!, call, resolve)]
            : this.call(inner, this.argumentsOf(inner, call, resolve));
        made.set(JSON.stringify([layer.name, position]), outputs);
        return false;
      });
    }
    const [waiting] = left;
    if (waiting !== undefined) throw this.waits(model, waiting.layer, waiting.call, find);
    const outputs = model.outputs.map((ref) => find(ref) ?? ref);
    const missing = model.outputs.find((ref) => find(ref) === undefined);
    if (missing === undefined) return outputs;
    throw damagedModel(
      `Expected the output "${missing.layer}" of ${model.name} in ${this.path} but there is no such layer, or not call ${missing.call} of it`,
    );
  }

  private argumentsOf(
    { model }: Instance,
    { inputs, kwargs }: LayerCall,
    resolve: (refs: readonly TensorRef[]) => TensorRef[],
  ): TensorRef[] {
    const named = Object.values(kwargs).filter(isTensors).flat();
    const given = resolve(inputs.length > 0 ? inputs : named);
    if (given.length === model.inputs.length) return given;
    throw damagedModel(
      `Expected ${model.inputs.length} inputs for ${model.name} in ${this.path} but received ${given.length}`,
    );
  }

  private use(
    layer: DraftLayer,
    { inputs, constants, kwargs }: LayerCall,
    resolve: (refs: readonly TensorRef[]) => TensorRef[],
  ): TensorRef {
    if (++this.calls > MAX_CALLS) {
      throw damagedModel(
        `Expected at most ${MAX_CALLS} calls of layers in ${this.path} but received more`,
      );
    }
    layer.calls.push({
      inputs: resolve(inputs),
      constants,
      kwargs: Object.fromEntries(
        Object.entries(kwargs).map(([name, value]) => [
          name,
          isTensors(value) ? resolve(value) : value,
        ]),
      ),
    });
    return { layer: layer.name, call: layer.calls.length - 1, output: 0 };
  }

  private waits(
    model: KerasModel,
    { name }: KerasLayer,
    call: LayerCall,
    find: (ref: TensorRef) => TensorRef | undefined,
  ): UserError {
    const ref = tensorsOf(call).find((input) => find(input) === undefined)!;
    const source = model.layers.find((layer) => layer.name === ref.layer);
    const calls = source?.className === 'InputLayer' ? 1 : (source?.calls.length ?? 0);
    const reason =
      source === undefined
        ? 'there is no such layer'
        : ref.call < 0 || ref.call >= calls || ref.output > 0
          ? `it has no call ${ref.call}`
          : `"${ref.layer}" waits for it in turn`;
    return damagedModel(
      `Expected an order in which the layers of ${this.path} can be called but "${name}" takes its input from "${ref.layer}": ${reason}`,
    );
  }
}

function tensorsOf({ inputs, kwargs }: LayerCall): TensorRef[] {
  return [...inputs, ...Object.values(kwargs).filter(isTensors).flat()];
}
