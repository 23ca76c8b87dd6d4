import { type Chart, COLOURS, shortLayer } from '../../workflows/charts/chart.ts';
import { WIDTH } from '../../workflows/charts/style.ts';
import { fastestNative } from './ratios.ts';
import type { ExecutorRecord } from './record.ts';
import { gmacPerSecond } from './tables.ts';

/** What takes longer is none that ours is compared with. */
const SLOW = /reference|scalar/;

/** One image on one thread: everybody's latency. */
export function latencyChart({ rows, network }: ExecutorRecord): Chart {
  const single = rows
    .filter(({ name, threads, batch }) => threads * batch === 1 && !SLOW.test(name))
    .toSorted((a, b) => a.latencyMs - b.latencyMs);
  const told = single.map(({ name, latencyMs }) => `${name} ${latencyMs.toFixed(1)}`);
  return {
    name: 'executor-latencies',
    title: `${network}, one image, one thread (ms)`,
    description: `Bars, in milliseconds: ${told.join(', ')}.`,
    spec: {
      width: WIDTH - 240,
      height: { step: 18 },
      data: {
        values: single.map(({ name, latencyMs }) => ({
          name,
          ms: latencyMs,
          label: latencyMs.toFixed(1),
          whose: name.startsWith('tf8') ? 'tf8' : 'peer',
        })),
      },
      encoding: {
        y: {
          field: 'name',
          type: 'nominal',
          sort: null,
          axis: { title: null, labelLimit: 400 },
        },
        x: { field: 'ms', type: 'quantitative', title: 'ms' },
      },
      layer: [
        {
          mark: 'bar',
          encoding: {
            color: {
              field: 'whose',
              type: 'nominal',
              legend: null,
              scale: { domain: ['tf8', 'peer'], range: [COLOURS.good, COLOURS.bad] },
            },
          },
        },
        {
          mark: { type: 'text', align: 'left', dx: 3 },
          encoding: { text: { field: 'label', type: 'nominal' } },
        },
      ],
    },
  };
}

/** How near each layer of the fastest native kernels comes to the processor's peak. */
export function layersChart({ rows, profiles }: ExecutorRecord): Chart | undefined {
  const fastest = fastestNative(rows);
  const profile = profiles.find(({ name }) => name === fastest) ?? profiles[0];
  if (profile === undefined) return undefined;
  const { name, layers, peakGmacPerSecond } = profile;
  const total = layers.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const values = layers.map(({ layer, milliseconds, macs }) => ({
    layer: shortLayer(layer),
    time: (100 * milliseconds) / total,
    peak: milliseconds > 0 ? (100 * gmacPerSecond(macs, milliseconds)) / peakGmacPerSecond : 0,
  }));
  const panel = (field: 'time' | 'peak', title: string, color: string) => ({
    width: WIDTH,
    height: 140,
    data: { values },
    mark: { type: 'bar' as const, color },
    encoding: {
      x: {
        field: 'layer',
        type: 'nominal' as const,
        sort: null,
        axis: { title: null, labelAngle: -60 },
      },
      y: { field, type: 'quantitative' as const, title },
    },
  });
  const longest = values.reduce((a, b) => (b.time > a.time ? b : a));
  const nearest = values.reduce((a, b) => (b.peak > a.peak ? b : a));
  return {
    name: 'executor-layers',
    title: `${name}, by layer`,
    description: `Two rows of bars by layer. Share of the time: the longest is ${longest.layer} with ${longest.time.toFixed(1)} %. Share of the ${peakGmacPerSecond} GMAC/s that the multiplying instruction reaches in registers: the most is ${nearest.peak.toFixed(0)} %, in ${nearest.layer}.`,
    spec: {
      vconcat: [
        panel('time', 'of the time (%)', COLOURS.bad),
        panel('peak', 'of the peak (%)', COLOURS.good),
      ],
    },
  };
}
