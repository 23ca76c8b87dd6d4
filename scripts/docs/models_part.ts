import { markdownTable } from '../../workflows/records/markdown_table.ts';
import type { ModelsRecord } from '../../workflows/records/models_record.ts';

/** Public models: a row for each that opens, and for each that is refused. */
export function modelsPart(record: ModelsRecord): string {
  const { images, litertImages, opened, unmeasured, refused } = record;
  const all = opened.length + unmeasured.length;
  return [
    `${opened.length === all ? `All ${all} models` : `${opened.length} of the ${all} models`} that open are here. Measured on ${images} photographs, which calibrated too; in LiteRT and ONNX Runtime on ${litertImages}. SQNR is that of the worst and of the best output in plain 8 bits (\`as-published\`) against float, in dB. Float is how far our float graph is from what the model's own program makes of noise, of the output's range. Milliseconds are those of one image on one thread, of our executor, LiteRT and ONNX Runtime by our exports, in turns. ONNX Runtime adds in single precision: a byte of a sum near a tie differs by one, and what is computed from it.`,
    ...tiersSentence(opened),
    '',
    markdownTable(
      [
        'model',
        'operations',
        'left out',
        'MACs, millions',
        'in integers',
        'float',
        'SQNR',
        'in LiteRT',
        'in ONNX Runtime',
        'ms',
        'LiteRT',
        'ONNX Runtime',
      ],
      opened.map((row) => [
        row.name,
        String(row.operations),
        leftOut(row.unread),
        (row.macs / 1e6).toFixed(1),
        row.macs === 0 ? '–' : `${((100 * row.integerMacs) / row.macs).toFixed(1)} %`,
        row.float === undefined ? '–' : difference(row.float.relativeDifference),
        sqnr(row),
        row.litert === undefined
          ? '–'
          : `${row.litert.differing.toLocaleString('en')} of ${row.litert.bytes.toLocaleString('en')} bytes differ`,
        inOnnxRuntime(row),
        ...(['tf8', 'liteRt', 'onnxRuntime'] as const).map((whose) => milliseconds(row, whose)),
      ]),
      1,
    ),
    '',
    ...notes(opened),
    'These are refused:',
    '',
    markdownTable(
      ['model', 'why'],
      refused.map((row) => [row.name, row.refused]),
      2,
    ),
  ].join('\n');
}

/** Whether the tiers agree, in all rows. */
function tiersSentence(opened: ModelsRecord['opened']): string[] {
  const compared = opened.flatMap(({ tiers }) => tiers ?? []);
  if (compared.length === 0) return [];
  const [reference, ...others] = compared.at(-1)!.tiers.toReversed();
  const bytes = compared.reduce((sum, each) => sum + each.bytes, 0);
  const differing = compared.reduce((sum, each) => sum + each.differing, 0);
  return [
    `Of ${bytes.toLocaleString('en')} bytes of their layers that the other kernel tiers make (${others.toReversed().join(', ')}), ${differing.toLocaleString('en')} are not the ${reference}'s.`,
  ];
}

function difference(value: number): string {
  return value === 0 ? '0' : value.toExponential(0);
}

function leftOut(unread: string): string {
  if (unread === '') return '–';
  const kinds = unread.split(', ');
  const shown = kinds.slice(0, 3).join(', ');
  return kinds.length > 3 ? `${shown}, and ${kinds.length - 3} kinds` : shown;
}

function sqnr({ outputs }: ModelsRecord['opened'][number]): string {
  if (outputs === undefined) return '–';
  const values = outputs.map(({ sqnrDb }) => (sqnrDb === 'lossless' ? Infinity : sqnrDb));
  const text = (value: number) => (Number.isFinite(value) ? value.toFixed(1) : 'lossless');
  const [least, most] = [text(Math.min(...values)), text(Math.max(...values))];
  return least === most ? least : `${least} to ${most}`;
}

function inOnnxRuntime({ onnxRuntime }: ModelsRecord['opened'][number]): string {
  if (onnxRuntime === undefined) return '–';
  if ('reason' in onnxRuntime) return onnxRuntime.reason;
  const { differing, bytes, most } = onnxRuntime;
  const count = `${differing.toLocaleString('en')} of ${bytes.toLocaleString('en')} bytes differ`;
  return differing === 0 ? count : `${count}, by ${most} at most`;
}

function milliseconds(
  { milliseconds: measured }: ModelsRecord['opened'][number],
  whose: 'tf8' | 'liteRt' | 'onnxRuntime',
): string {
  return measured?.[whose]?.toFixed(1) ?? '–';
}

function notes(opened: ModelsRecord['opened']): string[] {
  const rows = opened.flatMap(({ name, reason }) => (reason === undefined ? [] : [[name, reason]]));
  if (rows.length === 0) return [];
  return ['Not measured in 8 bits:', '', markdownTable(['model', 'why'], rows, 2), ''];
}
