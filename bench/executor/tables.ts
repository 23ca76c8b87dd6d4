import { markdownTable } from '../../workflows/records/markdown_table.ts';
import { PROCESSOR_KINDS } from '../../workflows/records/processor_kind.ts';
import { settingText } from './calls.ts';
import type { ExecutorRecord, LayerProfile, Ratios } from './record.ts';

const RATIOS: Readonly<Record<keyof Ratios, string>> = {
  nativeToLiteRtUint8: 'native, to LiteRT uint8',
  nativeToOrtUint8: 'native, to ONNX Runtime u8u8 per tensor',
  nativeToLiteRtInt8: 'native, to LiteRT int8',
  wasmToTfjsWasm: 'wasm, to TensorFlow.js wasm float',
  wasmToOrtWasm: 'wasm, to ONNX Runtime Web u8u8 per tensor',
  nativeTwoThreads: 'native on 2 threads, to 1 thread',
};

/** Of logits that have something of the float network's. */
const LEAST_CORRELATION = 0.5;

/** The record for people, without its layers. */
export function executorTables(record: ExecutorRecord): string {
  const { network, kind, environment, content, images, leftOut, peers } = record;
  const versions = [...new Set(peers.map(({ name, version }) => `${ownerOf(name)} ${version}`))];
  const parts = [
    `${network}: milliseconds of a call (of all its images), medians of all calls. In each of ${record.rounds} rounds everybody had a turn of ${record.secondsPerTurn} s.`,
    latencyTable(record),
    'Times as fast, 1 image a call, 1 thread unless said otherwise:',
    ratioTable(record.ratios),
    ...(record.hasRandomWeights === undefined
      ? []
      : ["Its weights are random, from Laplace's distribution, as trained ones are distributed."]),
    ...leftOut.map(({ name, reason }) => `Left out: ${name} (${reason}).`),
    ...peers
      .filter(({ logitsCorrelation }) => logitsCorrelation < LEAST_CORRELATION)
      .map(
        ({ name, logitsCorrelation }) =>
          `${name} takes this time for logits that 8 bits ruin: their correlation with the float network's is ${logitsCorrelation.toFixed(2)}.`,
      ),
    ...peers
      .filter(({ isOurExport }) => isOurExport)
      .map(({ name }) => `${name} runs our own export, with our bytes.`),
    ...peers.flatMap(({ name, parts }) =>
      parts === undefined
        ? []
        : [`Of ${name} XNNPACK computes ${parts} parts; between them are kernels of LiteRT's own.`],
    ),
    `Before, every tier gave the reference's bytes on every layer, and every peer's logits were the float network's (in 8 bits: like them), on ${images} ${content}. ${versions.join(', ')}; ${environment.processor} (${PROCESSOR_KINDS[kind]}), ${environment.threads} threads, Node ${environment.node}, commit ${environment.commit.slice(0, 10)}, ${record.date}.`,
  ];
  return parts.join('\n\n');
}

/** Each tier's time by layer, beside what its multiply instruction could do. */
export function layerTables({ network, profiles }: ExecutorRecord): string {
  const parts = profiles.flatMap((profile) => [profileTitle(profile), layerTable(profile)]);
  return [`${network}, one image, one thread.`, ...parts].join('\n\n');
}

/** "ONNX Runtime Web" of "ONNX Runtime Web u8u8 per tensor" */
function ownerOf(name: string): string {
  return name.replace(/( wasm)? (float|u?int8|u8[su]8 .*)$/, '');
}

function latencyTable({ rows }: ExecutorRecord): string {
  const settings = [...new Set(rows.map(({ threads, batch }) => `${threads} ${batch}`))]
    .map((setting) => setting.split(' ').map(Number) as [number, number])
    .toSorted((a, b) => a[0] - b[0] || a[1] - b[1]);
  const names = [...new Set(rows.map(({ name }) => name))];
  return markdownTable(
    ['', ...settings.map(([threads, batch]) => settingText({ threads, batch }))],
    names.map((name) => [
      name,
      ...settings.map(([threads, batch]) => {
        const row = rows.find(
          (row) => row.name === name && row.threads === threads && row.batch === batch,
        );
        return row === undefined ? '–' : row.latencyMs.toFixed(2);
      }),
    ]),
    1,
  );
}

function ratioTable(ratios: Ratios): string {
  return markdownTable(
    ['', 'ratio'],
    Object.entries(RATIOS).map(([key, title]) => {
      const ratio = ratios[key as keyof Ratios];
      return [title, ratio === null ? '–' : ratio.toFixed(2)];
    }),
    1,
  );
}

function profileTitle({ name, peakGmacPerSecond, layers }: LayerProfile): string {
  const total = layers.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const macs = layers.reduce((sum, layer) => sum + layer.macs, 0);
  const limit = macs / (1e6 * peakGmacPerSecond);
  return `${name}, layer by layer: ${total.toFixed(2)} ms; ${(macs / 1e6).toFixed(0)} M multiply-accumulates at the ${peakGmacPerSecond} GMAC/s that its instruction reaches in registers would be ${limit.toFixed(2)} ms.`;
}

function layerTable({ layers, peakGmacPerSecond }: LayerProfile): string {
  return markdownTable(
    ['layer', 'ms', 'M MAC', 'GMAC/s', 'of peak'],
    layers.map(({ layer, milliseconds, macs }) => {
      const rate = gmacPerSecond(macs, milliseconds);
      return [
        layer,
        milliseconds.toFixed(3),
        (macs / 1e6).toFixed(2),
        ...(macs === 0 || milliseconds === 0
          ? ['–', '–']
          : [rate.toFixed(1), `${((100 * rate) / peakGmacPerSecond).toFixed(0)} %`]),
      ];
    }),
    1,
  );
}

export function gmacPerSecond(macs: number, milliseconds: number): number {
  return macs / (1e6 * milliseconds);
}
