import { outputNode } from '../../model/tf8_model.ts';
import { modelDescription } from '../description.ts';
import { outputLabels } from '../labels.ts';
import { outputParameters } from './header.ts';
import { readTemplate } from './kernels.ts';
import { stringLiteral } from './literals.ts';
import type { CNetwork } from './network.ts';
import { withPrefix } from './prefix.ts';

const INCLUDE = '#include "model.h"';

/**
 * The example: a program that runs the library on an image (`main.c`).
 * @param header its name, for #include
 */
export function cProgram(network: CNetwork, header: string): string {
  const { model, outputs, prefix } = network;
  const labels = outputLabels(model);
  const classes = outputNode(model).name;
  const parameters = outputParameters(network);
  const tensors = outputs.map(({ name, spec: { shape, quantization } }, index) => {
    const macro = `${prefix.toUpperCase()}_${parameters[index].toUpperCase()}`;
    const [height, width, channels] = shape;
    const own = labels !== undefined && name === classes ? 'labels' : 'NULL';
    return `  {${stringLiteral(name)}, ${parameters[index]}, ${height}, ${width}, ${channels}, ${macro}_SCALE, ${quantization.zeroPoint}, ${own}},`;
  });
  const arrays = parameters.map(
    (name) => `static uint8_t ${name}[TF8_${name.toUpperCase()}_BYTES];`,
  );
  const table =
    labels === undefined
      ? ''
      : [
          'static const char *const labels[] = {',
          ...labels.map((label) => `  ${stringLiteral(label)},`),
          '};\n',
        ].join('\n');
  // Texts of the model may look like names of ours: they come in last.
  const source = withPrefix(
    readTemplate('main.c')
      .replace(INCLUDE, () => `#include "${header}"`)
      .replace('TF8_OUTPUT_ARRAYS', () => `${arrays.join('\n')}\n`)
      .replaceAll('TF8_OUTPUT_NAMES', () => parameters.join(', ')),
    prefix,
  );
  const upper = prefix.toUpperCase();
  return source
    .replace(`${upper}_DESCRIPTION`, () => stringLiteral(modelDescription(model)))
    .replace(`${upper}_OUTPUT_TENSORS`, () => tensors.join('\n'))
    .replace(`${upper}_LABELS\n`, () => table);
}
