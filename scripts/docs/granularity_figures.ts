import { tenth } from '../../workflows/charts/format.ts';
import type { GranularityRecord } from '../../workflows/records/granularity_record.ts';
import { markdownTable } from '../../workflows/records/markdown_table.ts';

type Network = GranularityRecord['networks'][number];
type Simulated = Network['simulated'][number];
type Outcome = Pick<Simulated, 'top1Percent' | 'agreementPercent' | 'logitsDb'>;

/** Points of percent that a network may stand from its float one and still be called as good. */
const AS_GOOD = 2;

/** Every measurement of a network; of what the executor ran as well as the simulation, the executor's. */
export function outcomesOf({ integers, simulated }: Network): readonly Outcome[] {
  const isWhole = ({ weights, activations }: Simulated) =>
    weights === 'tensor' && activations === 'tensor';
  return [...integers, ...simulated.filter((one) => !isWhole(one))];
}

/** The figures of the published network by parts, and what the scatter shows. */
export function granularityFigures(record: GranularityRecord): Readonly<Record<string, string>> {
  const [network] = record.networks as [Network, ...Network[]];
  const { integers, simulated, images, floatTop1Percent } = network;
  const { calibrationImages } = integers[0]!;
  const integer = (zeroVariance: 'keep' | 'mean') =>
    integers.find(
      (one) => one.zeroVariance === zeroVariance && one.calibrationImages === calibrationImages,
    )!;
  const simulation = (
    weights: Simulated['weights'],
    activations: Simulated['activations'],
    zeroVariance: Simulated['zeroVariance'] = 'keep',
  ) =>
    simulated.find(
      (one) =>
        one.weights === weights &&
        one.activations === activations &&
        one.zeroVariance === zeroVariance &&
        one.calibrationImages === calibrationImages,
    )!;
  const channel = simulation('channel', 'tensor');
  const row = (name: string, { top1Percent, agreementPercent, logitsDb }: Outcome) => [
    name,
    tenth(top1Percent),
    tenth(agreementPercent),
    tenth(logitsDb),
  ];
  return {
    images: String(images),
    calibrated: String(calibrationImages),
    float: tenth(floatTop1Percent),
    tensor: tenth(integer('keep').top1Percent),
    channel: tenth(channel.top1Percent),
    channelAgreement: tenth(channel.agreementPercent),
    channelDb: tenth(channel.logitsDb),
    tensorDb: tenth(integer('keep').logitsDb),
    activationsDb: tenth(simulation('float', 'tensor').logitsDb),
    channelWeightsDb: tenth(simulation('channel', 'float').logitsDb),
    tensorWeightsDb: tenth(simulation('tensor', 'float').logitsDb),
    depthwise: tenth(simulation('depthwise-channel', 'tensor').top1Percent),
    linear: tenth(network.linearDepthwiseTop1Percent!), // the published one has ReLU6
    simulatedTensor: tenth(simulation('tensor', 'tensor').top1Percent),
    simulatedTensorDb: tenth(simulation('tensor', 'tensor').logitsDb),
    simulatedOption1: tenth(simulation('tensor', 'tensor', 'mean').top1Percent),
    simulatedOption1Db: tenth(simulation('tensor', 'tensor', 'mean').logitsDb),
    option1: tenth(integer('mean').top1Percent),
    option1Db: tenth(integer('mean').logitsDb),
    table: markdownTable(
      ['in 8 bits', 'top-1', 'as in float', 'SQNR of the logits, dB'],
      [
        row('all, one range a layer, as published', integer('keep')),
        row('all, one range a layer, Option 1', integer('mean')),
        row(
          'all, one range a channel in the depthwise layers alone',
          simulation('depthwise-channel', 'tensor'),
        ),
        row('all, one range a channel', channel),
        row('weights alone, one range a layer', simulation('tensor', 'float')),
        row('weights alone, one range a channel', simulation('channel', 'float')),
        row('activations alone', simulation('float', 'tensor')),
      ],
      1,
    ),
    steady: tenth(steadyDb(record.networks)),
    asGood: String(AS_GOOD),
    points: String(record.networks.flatMap(outcomesOf).length),
    networks: String(record.networks.length),
    command: record.command,
  };
}

/** From here on every network stands within `AS_GOOD` points of its float one. */
function steadyDb(networks: readonly Network[]): number {
  const outcomes = networks
    .flatMap((network) =>
      outcomesOf(network).map(({ top1Percent, logitsDb }) => ({
        logitsDb,
        isAsGood: Math.abs(network.floatTop1Percent - top1Percent) <= AS_GOOD,
      })),
    )
    .toSorted((a, b) => a.logitsDb - b.logitsDb);
  const worst = outcomes.findLastIndex(({ isAsGood }) => !isAsGood);
  return (outcomes[worst + 1] ?? outcomes.at(-1)!).logitsDb;
}
