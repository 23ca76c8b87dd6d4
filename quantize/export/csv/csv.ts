import type { Tf8Model } from '../../model/tf8_model.ts';
import type { ExportFormat } from '../export_format.ts';
import { type LayerRow, layerTable } from '../layer_table.ts';

/** The layers as a table. */
export const CSV: ExportFormat = {
  name: 'csv',
  fileNames: (name) => [name],
  encode: ({ model, fileName }) => [
    { name: fileName, bytes: new TextEncoder().encode(csvOf(model)) },
  ],
};

/** Where a layer has several of something, they stand in one cell, ";" between them. */
const COLUMNS: Readonly<Record<string, (row: LayerRow) => string | number>> = {
  name: ({ name }) => name,
  op: ({ op }) => op,
  inputs: ({ inputs }) => inputs.map(({ name }) => name).join(';'),
  input_shape: ({ inputs }) => inputs.map(({ shape }) => sides(shape)).join(';'),
  output_shape: ({ output }) => sides(output.shape),
  weights_shape: ({ weights }) => (weights ? sides(weights.shape) : ''),
  input_scale: ({ inputs }) => inputs.map(({ quantization }) => quantization.scale).join(';'),
  input_zero_point: ({ inputs }) =>
    inputs.map(({ quantization }) => quantization.zeroPoint).join(';'),
  weights_scale: ({ weights }) => [weights?.scale ?? ''].flat().join(';'),
  weights_zero_point: ({ weights }) => weights?.zeroPoint ?? '',
  output_scale: ({ output }) => output.quantization.scale,
  output_zero_point: ({ output }) => output.quantization.zeroPoint,
  multiplier: ({ multipliers }) => multipliers.map(({ value }) => value).join(';'),
  mantissa: ({ multipliers }) => multipliers.map(({ mantissa }) => mantissa).join(';'),
  shift: ({ multipliers }) => multipliers.map(({ shift }) => shift).join(';'),
  low: ({ low }) => low,
  high: ({ high }) => high,
  macs: ({ macs }) => macs,
  weight_bytes: ({ weightBytes }) => weightBytes,
  bias_bytes: ({ biasBytes }) => biasBytes,
  output_bytes: ({ outputBytes }) => outputBytes,
};

function csvOf(model: Tf8Model): string {
  const rows = layerTable(model).map((row) =>
    Object.values(COLUMNS).map((cell) => quoted(String(cell(row)))),
  );
  return [Object.keys(COLUMNS), ...rows].map((cells) => `${cells.join(',')}\n`).join('');
}

function sides(shape: readonly number[]): string {
  return shape.join('x');
}

/** RFC 4180: a cell with a comma, a quotation mark or a line break stands in quotation marks. */
function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
