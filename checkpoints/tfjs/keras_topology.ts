/**
 * The topology of a LayersModel as Keras 1 to 3 and TensorFlow.js spell it, in one form: functional
 * models of layers, calls of these, and models inside of models.
 */
import { z } from 'zod';
import { firstIssue } from '../../foundation/first_issue.ts';
import { fromKeras1, isKeras1 } from './keras_1.ts';
import { type Fields, isFields, plainValue, snakeCase } from './keras_values.ts';
import { damagedModel } from './weights_manifest.ts';

/** A tensor: the layer that makes it, which call of that, and which output. */
export interface TensorRef {
  readonly layer: string;
  readonly call: number;
  readonly output: number;
}

/** One use of a layer. */
export interface LayerCall {
  readonly inputs: readonly TensorRef[];
  /** Positional arguments that are no tensors, by position. */
  readonly constants: ReadonlyMap<number, unknown>;
  readonly kwargs: Fields;
}

export interface KerasLayer {
  readonly name: string;
  readonly className: string;
  /** Where Keras says that the class is; undefined where it does not. */
  readonly module: string | undefined;
  /** Its fields by Keras' names; empty for a model. */
  readonly config: Fields;
  readonly calls: readonly LayerCall[];
  /** Where the layer is a model itself. */
  readonly model?: KerasModel;
}

export interface KerasModel {
  readonly name: string;
  readonly layers: readonly KerasLayer[];
  readonly inputs: readonly TensorRef[];
  readonly outputs: readonly TensorRef[];
}

export interface KerasTopology {
  readonly model: KerasModel;
  /** 3 where Keras 3 wrote it. */
  readonly version: 2 | 3;
}

const MODELS: ReadonlySet<string> = new Set(['Model', 'Functional', 'Sequential']);
/** Above any network's. */
const MAX_DEPTH = 32;
const MAX_LAYERS = 5000;
const MAX_INPUTS = 20_000;

/** What stands beside the configuration of a layer. */
const LAYER_FIELDS: ReadonlySet<string> = new Set([
  'class_name',
  'config',
  'name',
  'inbound_nodes',
  'module',
  'registered_name',
  'build_config',
  'compile_config',
  'shared_object_id',
  'keras_version',
  'backend',
]);

/** What a model's configuration has. */
const MODEL_FIELDS: ReadonlySet<string> = new Set([
  'name',
  'trainable',
  'dtype',
  'layers',
  'input_layers',
  'output_layers',
  'build_input_shape',
]);

const index = z.int().min(0);
const refSchema = z.tuple([z.string(), index, index], z.unknown());
const layerSchema = z.looseObject({
  class_name: z.string(),
  config: z.unknown(),
  name: z.string().nullish(),
  module: z.string().nullish(),
  registered_name: z.string().nullish(),
  inbound_nodes: z.array(z.unknown()).nullish(),
});

/**
 * Reads `modelTopology` of a model.json.
 * @throws UserError where it is no topology, has a field of a model or layer that is not known, or is
 *   larger than any network's
 */
export function readKerasTopology(topology: unknown, path: string): KerasTopology {
  const outer = fieldsOf(topology, path, 'modelTopology');
  const described = isFields(outer.model_config)
    ? fieldsOf(outer.model_config, path, 'model_config')
    : outer;
  const versionText = outer.keras_version ?? described.keras_version;
  const layers = isFields(described.config) ? described.config.layers : described.config;
  const reader = new TopologyReader(path, isKeras1(versionText, layers));
  const { model } = reader.layer(described, 0, false);
  if (model === undefined) {
    throw damagedModel(
      `Expected a Functional or Sequential model in ${path} but received ${String(described.class_name)}`,
    );
  }
  const isKeras3 = /^[3-9]/.test(String(versionText ?? '')) || reader.sawKeras3;
  return { model, version: isKeras3 ? 3 : 2 };
}

class TopologyReader {
  sawKeras3 = false;
  private readonly path: string;
  private readonly isKeras1: boolean;
  private layers = 0;
  private inputs = 0;

  constructor(path: string, ofKeras1: boolean) {
    this.path = path;
    this.isKeras1 = ofKeras1;
  }

  /** @param isCalled whether it stands in a functional model, which says how it is called */
  layer(described: unknown, depth: number, isCalled: boolean): KerasLayer {
    const { path } = this;
    if (++this.layers > MAX_LAYERS) {
      throw damagedModel(
        `Expected at most ${MAX_LAYERS} layers in ${path} but received ${this.layers}`,
      );
    }
    if (depth > MAX_DEPTH) {
      throw damagedModel(
        `Expected models at most ${MAX_DEPTH} deep in each other in ${path} but they are deeper`,
      );
    }
    const fields = this.parse(layerSchema, fieldsOf(described, path, 'a layer'));
    const { class_name: className, module, registered_name: registered } = fields;
    const isModel = MODELS.has(className);
    const config =
      className === 'Sequential' && Array.isArray(fields.config)
        ? { layers: fields.config }
        : fieldsOf(fields.config ?? {}, path, `the configuration of a ${className}`);
    const name = this.nameOf(className, fields.name ?? undefined, config.name);
    for (const [field, value] of Object.entries(fields)) {
      if (LAYER_FIELDS.has(field) || value === null) continue;
      throw damagedModel(
        `Expected no field "${field}" beside the configuration of ${name} (${className}) in ${path}: it is not known`,
      );
    }
    const calls = (fields.inbound_nodes ?? []).map((call) => this.call(call, name));
    if (isCalled && fields.inbound_nodes === undefined) {
      throw damagedModel(
        `Expected the calls of ${name} (${className}) in ${path} but it has no inbound_nodes`,
      );
    }
    const own = typeof registered === 'string' && registered.includes('>') ? registered : undefined;
    const layer = { name, className, module: own ?? module ?? undefined, calls };
    if (!isModel)
      return { ...layer, ...(this.isKeras1 ? fromKeras1(className, config) : { config }) };
    const model = this.model(className, name, config, fields.build_config, depth);
    return { ...layer, config: {}, model };
  }

  private model(
    className: string,
    name: string,
    config: Fields,
    buildConfig: unknown,
    depth: number,
  ): KerasModel {
    const { path } = this;
    for (const [field, value] of Object.entries(config)) {
      if (MODEL_FIELDS.has(field) || value === null) continue;
      throw damagedModel(
        `Expected no field "${field}" in the configuration of the model ${name} (${className}) in ${path}: it is not known`,
      );
    }
    if (!Array.isArray(config.layers)) {
      throw damagedModel(
        `Expected the layers of the model ${name} in ${path} but received ${typeof config.layers}`,
      );
    }
    if (className === 'Sequential') {
      const inner = config.layers.map((layer) => this.layer(layer, depth + 1, false));
      const built = isFields(buildConfig) ? buildConfig.input_shape : undefined;
      return sequence(name, inner, config.build_input_shape ?? built, path);
    }
    const { layers, outputs } = renumbered(
      config.layers.map((layer) => this.layer(layer, depth + 1, true)),
      this.refs(config.output_layers, `output_layers of ${name}`),
    );
    const names = new Set<string>();
    for (const { name: layerName } of layers) {
      if (names.has(layerName)) {
        throw damagedModel(`Expected one layer "${layerName}" in ${path} but received two`);
      }
      names.add(layerName);
    }
    return {
      name,
      layers,
      inputs: this.refs(config.input_layers, `input_layers of ${name}`),
      outputs,
    };
  }

  private nameOf(className: string, outer: string | undefined, inner: unknown): string {
    const { path } = this;
    if (outer !== undefined && inner !== undefined && inner !== outer) {
      throw damagedModel(
        `Expected "${outer}" for the name in the configuration of that layer of ${path} but received "${inner}"`,
      );
    }
    const name = outer ?? inner;
    if (typeof name === 'string' && name !== '') return name;
    // tfjs and Keras both name what has none.
    if (name === undefined) return `${className.toLowerCase()}_${this.layers}`;
    throw damagedModel(
      `Expected a name of a ${className} in ${path} but received ${JSON.stringify(name)}`,
    );
  }

  /** Keras 3: {args, kwargs}; before: [[layer, call, output, kwargs], …], of one input also without the outer brackets. */
  private call(described: unknown, name: string): LayerCall {
    if (isFields(described) && ('args' in described || 'kwargs' in described)) {
      this.sawKeras3 = true;
      const args = Array.isArray(described.args) ? described.args : [];
      const kwargs = isFields(described.kwargs) ? described.kwargs : {};
      const inputs: TensorRef[] = [];
      const constants = new Map<number, unknown>();
      args.forEach((argument, position) => {
        const refs = this.tensorsIn(argument);
        if (refs === undefined) constants.set(position, plainValue(argument));
        else inputs.push(...refs);
      });
      this.count(inputs.length);
      return { inputs, constants, kwargs: this.tensorArguments(kwargs) };
    }
    const list = Array.isArray(described) ? described : [];
    const refs: unknown[] = typeof list[0] === 'string' ? [list] : list;
    const constants = new Map<number, unknown>();
    const kwargs = refs.map((ref) => (Array.isArray(ref) && isFields(ref[3]) ? ref[3] : {}));
    // An operation of a constant and what its second argument names.
    if (refs.length === 1 && Array.isArray(refs[0]) && refs[0][0] === '_CONSTANT_VALUE') {
      constants.set(0, plainValue(refs[0][2]));
      const named = this.tensorArguments(kwargs[0]);
      return { inputs: [], constants, kwargs: named };
    }
    this.count(refs.length);
    const inputs = refs.map((ref) => this.ref(ref, `inbound_nodes of ${name}`));
    return { inputs, constants, kwargs: this.tensorArguments(Object.assign({}, ...kwargs)) };
  }

  /** References to tensors in arguments, as refs; the arguments of Keras 2 are ["layer", 0, 0]. */
  private tensorArguments(kwargs: Fields): Fields {
    return Object.fromEntries(
      Object.entries(kwargs).map(([name, value]) => {
        const refs = this.tensorsIn(value);
        if (refs !== undefined) return [name, refs];
        const ref = refSchema.safeParse(value);
        return [name, ref.success ? [refOf(ref.data)] : plainValue(value)];
      }),
    );
  }

  /** The tensors of an argument of Keras 3; undefined where it is none. */
  private tensorsIn(argument: unknown): TensorRef[] | undefined {
    if (Array.isArray(argument)) {
      const parts = argument.map((part) => this.tensorsIn(part));
      if (parts.length === 0 || parts.includes(undefined)) return undefined;
      return (parts as TensorRef[][]).flat();
    }
    if (!isFields(argument) || argument.class_name !== '__keras_tensor__') return undefined;
    const config = isFields(argument.config) ? argument.config : {};
    return [this.ref(config.keras_history, 'keras_history')];
  }

  /** [layer, call, output], several of them, or those by name, which Keras puts in the order of these. */
  private refs(described: unknown, what: string): TensorRef[] {
    if (isFields(described)) {
      const names = Object.keys(described).sort();
      return names.flatMap((name) => this.refs(described[name], what));
    }
    if (!Array.isArray(described)) {
      throw damagedModel(
        `Expected the ${what} in ${this.path} but received ${JSON.stringify(described) ?? 'none'}`,
      );
    }
    if (typeof described[0] === 'string') return [this.ref(described, what)];
    return described.map((ref) => this.ref(ref, what));
  }

  private ref(described: unknown, what: string): TensorRef {
    return refOf(this.parse(refSchema, described, what));
  }

  private count(inputs: number): void {
    this.inputs += inputs;
    if (this.inputs <= MAX_INPUTS) return;
    throw damagedModel(
      `Expected at most ${MAX_INPUTS} inputs of layers in ${this.path} but received ${this.inputs}`,
    );
  }

  private parse<Schema extends z.ZodType>(schema: Schema, value: unknown, what?: string) {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data as z.infer<Schema>;
    const where = what === undefined ? '' : ` (${what})`;
    throw damagedModel(
      `Expected the layers of a Keras model in ${this.path} but: ${firstIssue(parsed.error)}${where}`,
    );
  }
}

function refOf([layer, call, output]: z.infer<typeof refSchema>): TensorRef {
  return { layer, call, output };
}

/** An object by Keras' names of its fields. */
function fieldsOf(value: unknown, path: string, what: string): Fields {
  if (!isFields(value)) {
    throw damagedModel(
      `Expected the fields of ${what} in ${path} but received ${Array.isArray(value) ? 'a list' : typeof value}`,
    );
  }
  const fields = new Map<string, unknown>();
  for (const [key, inner] of Object.entries(value)) {
    const name = snakeCase(key);
    if (fields.has(name)) {
      throw damagedModel(`Expected the field "${name}" once in ${path} but "${key}" is it too`);
    }
    fields.set(name, inner);
  }
  return Object.fromEntries(fields);
}

/** A chain as a functional model. */
function sequence(
  name: string,
  inner: readonly KerasLayer[],
  builtShape: unknown,
  path: string,
): KerasModel {
  const [first] = inner;
  const layers: KerasLayer[] = [];
  if (first?.className !== 'InputLayer') {
    const shape =
      first?.config.batch_input_shape ??
      first?.config.batch_shape ??
      first?.model?.layers.find(({ className }) => className === 'InputLayer')?.config
        .batch_input_shape ??
      first?.model?.layers.find(({ className }) => className === 'InputLayer')?.config
        .batch_shape ??
      plainValue(builtShape);
    layers.push({
      name: `${first?.name ?? name}_input`,
      className: 'InputLayer',
      module: undefined,
      config: { batch_input_shape: shape, dtype: 'float32' },
      calls: [],
    });
  }
  const names = new Set(layers.map((layer) => layer.name));
  for (const layer of inner) {
    if (names.has(layer.name)) {
      throw damagedModel(`Expected one layer "${layer.name}" in ${path} but received two`);
    }
    names.add(layer.name);
    const before = layers.at(-1);
    const inputs = before === undefined ? [] : [outputOf(before)];
    const calls = inputs.length === 0 ? [] : [{ inputs, constants: new Map(), kwargs: {} }];
    layers.push({ ...layer, calls });
  }
  return { name, layers, inputs: [outputOf(layers[0])], outputs: [outputOf(layers.at(-1)!)] };
}

function outputOf({ name }: KerasLayer): TensorRef {
  return { layer: name, call: 0, output: 0 };
}

/**
 * Keras 2 counts the making of a model as its call 0, Keras 3 does not: the calls of models are counted
 * from 0 here. Where the greatest call that is used is the number of calls, they are counted from 1.
 */
function renumbered(
  layers: readonly KerasLayer[],
  outputs: readonly TensorRef[],
): Pick<KerasModel, 'layers' | 'outputs'> {
  const greatest = new Map<string, number>();
  const see = ({ layer, call }: TensorRef) =>
    greatest.set(layer, Math.max(call, greatest.get(layer) ?? 0));
  outputs.forEach(see);
  for (const { calls } of layers) {
    for (const { inputs, kwargs } of calls) {
      inputs.forEach(see);
      for (const value of Object.values(kwargs)) if (isTensors(value)) value.forEach(see);
    }
  }
  const first = new Map<string, number>();
  for (const { name, model, calls } of layers) {
    if (model !== undefined && (greatest.get(name) ?? 0) >= calls.length) first.set(name, 1);
  }
  const shifted = (refs: readonly TensorRef[]) =>
    refs.map((ref) => ({ ...ref, call: ref.call - (first.get(ref.layer) ?? 0) }));
  return {
    outputs: shifted(outputs),
    layers: layers.map((layer) => ({
      ...layer,
      calls: layer.calls.map((call) => ({
        ...call,
        inputs: shifted(call.inputs),
        kwargs: Object.fromEntries(
          Object.entries(call.kwargs).map(([name, value]) => [
            name,
            isTensors(value) ? shifted(value) : value,
          ]),
        ),
      })),
    })),
  };
}

/** Whether an argument is tensors. */
export function isTensors(value: unknown): value is readonly TensorRef[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((item) => isFields(item) && typeof item.layer === 'string' && 'call' in item)
  );
}
