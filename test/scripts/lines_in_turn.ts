/** Runs lines of the tf8 command in one process, one after the other; names each on standard error. */
import { writeSync } from 'node:fs';
import { main } from '../../scripts/main.ts';

for (const [index, args] of (JSON.parse(process.argv[2]) as string[][]).entries()) {
  writeSync(2, `line ${index}\n`);
  await main(args);
}
